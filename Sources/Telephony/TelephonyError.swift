/// Why the telephone side could not do what it was asked to.
public struct TelephonyError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// The SIP port is taken, or the address is not this machine's.
        case cannotBind
        /// No media port is free, or the media engine failed.
        case media
        /// A target or an address that is no URI, no number, or has no host.
        case invalidTarget
        /// The trunk's host name has no address.
        case hostNotFound
        /// The user agent has been shut down.
        case shutDown
    }

    public let code: Code
    /// One sentence that says what to do.
    public let message: String
    public var isRetryable: Bool { code == .media || code == .hostNotFound }

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}

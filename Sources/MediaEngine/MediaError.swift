/// Why the media engine could not do what it was asked, in words for an operator.
public struct MediaError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable {
        /// The configuration contradicts itself; `message` says where.
        case badConfiguration
        /// The bind address is not one of this machine.
        case addressUnavailable
        /// Every even port of the range is in use, by us or by others.
        case portsExhausted
        /// The engine carries as many streams as it was configured for.
        case tooManyStreams
        /// The engine is shut down, or the stream is closed.
        case closed
        /// The recording's file could not be made or written.
        case recording
        /// The system refused a socket, thread or descriptor.
        case system
    }

    public let code: Code
    public let message: String
    /// The system's error number, where there is one.
    public let errorNumber: Int32?

    public init(_ code: Code, _ message: String, errorNumber: Int32? = nil) {
        self.code = code
        self.message = message
        self.errorNumber = errorNumber
    }

    /// Whether the same request may succeed later, when other calls have ended.
    public var isRetryable: Bool { code == .portsExhausted || code == .tooManyStreams }

    public var description: String { message }
}

public import Net

/// Why the offline model cannot serve.
public struct OfflineModelError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable {
        /// The persona file is missing, is not Lua, or does not describe a persona.
        case personaUnusable = "persona_unusable"
        /// The recogniser's or the synthesiser's data are missing.
        case speechUnavailable = "speech_unavailable"
        /// The address cannot be listened on.
        case listenFailed = "listen_failed"
    }

    public var code: Code
    /// One sentence that says what to do.
    public var message: String
    /// The fault of the socket, for `listenFailed`.
    public var underlying: NetError?

    public init(_ code: Code, _ message: String, underlying: NetError? = nil) {
        self.code = code
        self.message = message
        self.underlying = underlying
    }

    public var description: String { message }
}

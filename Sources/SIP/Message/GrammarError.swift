/// Why a text does not follow the grammar of RFC 3261 §25.
public struct GrammarError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Reason: String, Hashable, Sendable {
        case unexpectedCharacter = "unexpected character"
        case unexpectedEnd = "the text ends too early"
        case unbalancedQuote = "a quoted string is not closed"
        case badScheme = "the text does not begin with a URI scheme"
        case badEscape = "'%' without two hexadecimal digits"
        case badHost = "bad host"
        case badPort = "bad port"
        case badNumber = "a number is missing or out of range"
        case badParameter = "bad parameter"
        case badURI = "bad URI"
        case headersNeedBrackets = "a URI with headers needs angle brackets"
        case emptyList = "an empty list"
        case wildcardNotAlone = "'*' must stand alone"
    }

    /// Index of the first offending byte in the text that was to be read.
    public let offset: Int
    public let reason: Reason

    public init(offset: Int, reason: Reason) {
        self.offset = offset
        self.reason = reason
    }

    public var description: String { "\(reason.rawValue) at byte \(offset)" }
}

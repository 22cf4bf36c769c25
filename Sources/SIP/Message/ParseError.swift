/// Why a datagram is not a SIP message that can be used, and what its sender is told.
public struct ParseError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Reason: Hashable, Sendable {
        /// Nothing but line ends: a keep-alive (RFC 5626 §3.5.1).
        case empty
        /// The first line is neither a request line nor a status line.
        case notSIP
        case messageTooLarge
        case startLineTooLong
        case tooManyFields
        /// The empty line behind the header is missing.
        case incompleteHeader
        case badStartLine
        /// Not SIP/2.0.
        case unknownVersion
        case badStatusCode
        case badRequestURI(GrammarError.Reason)
        /// A line that is not `name: value`.
        case badHeaderLine
        case missingField
        /// A field that may stand only once stands again, with another value.
        case repeatedField
        case badField(GrammarError.Reason)
        /// The methods of request line and CSeq differ (RFC 3261 §8.1.1.5).
        case methodMismatch
        /// Content-Length is greater than what came (RFC 3261 §18.3).
        case incompleteBody
    }

    /// Index in the datagram of the offence, or of the start of the field that holds it. [bytes]
    public let offset: Int
    /// The field that is missing or wrong; `nil` for the start line and the message as a whole.
    public let field: HeaderName?
    public let reason: Reason
    /// The answer to send; `nil` where none may be sent: to responses, to ACK, and to what has no Via.
    public let refusal: Refusal?

    public var description: String {
        let words =
            switch reason {
            case .empty: "no message, only line ends"
            case .notSIP: "not a SIP message"
            case .messageTooLarge: "the message is longer than \(MessageLimits.message) bytes"
            case .startLineTooLong: "the first line is longer than \(MessageLimits.startLine) bytes"
            case .tooManyFields: "more than \(MessageLimits.fields) header fields"
            case .incompleteHeader: "the empty line behind the header is missing"
            case .badStartLine: "malformed first line"
            case .unknownVersion: "not SIP/2.0"
            case .badStatusCode: "bad status code"
            case .badRequestURI(let reason): "bad Request-URI: \(reason.rawValue)"
            case .badHeaderLine: "malformed header line"
            case .missingField: "a mandatory field is missing"
            case .repeatedField: "a field stands twice with different values"
            case .badField(let reason): reason.rawValue
            case .methodMismatch: "the method differs from the request line's"
            case .incompleteBody: "the body is shorter than Content-Length says"
            }
        return (field.map { "\($0): " } ?? "") + "\(words) at byte \(offset)"
    }
}

/// Upper bounds of what is read.
public enum MessageLimits {
    /// Request line or status line. [bytes]
    public static let startLine = 8 * 1024
    /// Header fields, each line of a list counted.
    public static let fields = 256
    /// The whole message. [bytes]
    public static let message = 64 * 1024
}

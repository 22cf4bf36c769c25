/// The state of a subscription in a NOTIFY (RFC 6665 §8.2.3).
public struct SubscriptionState: Hashable, Sendable, CustomStringConvertible {
    public enum Phase: Hashable, Sendable {
        case active
        case pending
        case terminated
        /// An extension, as written.
        case other(String)
    }

    public var phase: Phase
    public var parameters: Parameters

    public init(_ phase: Phase, parameters: Parameters = Parameters()) {
        self.phase = phase
        self.parameters = parameters
    }

    /// Why the subscription ended: `noresource`, `timeout`, …
    public var reason: String? {
        get { parameters["reason"] }
        set { parameters["reason"] = newValue }
    }

    /// [s]
    public var expires: UInt32? {
        get { parameters["expires"].flatMap { UInt32($0) } }
        set { parameters["expires"] = newValue.map { String($0) } }
    }

    public init(parsing text: String) throws(GrammarError) {
        var scanner = ByteScanner(text)
        scanner.skipWhitespace()
        let word = try scanner.expectToken()
        switch Grammar.lowercased(word) {
        case "active": phase = .active
        case "pending": phase = .pending
        case "terminated": phase = .terminated
        default: phase = .other(word)
        }
        parameters = try Parameters(scanning: &scanner)
        try scanner.expectEnd()
    }

    public var description: String {
        let word =
            switch phase {
            case .active: "active"
            case .pending: "pending"
            case .terminated: "terminated"
            case .other(let word): word
            }
        return word + parameters.headerText
    }
}

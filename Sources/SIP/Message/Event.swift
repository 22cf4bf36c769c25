/// The event package of a subscription (RFC 6665 §8.2.1).
public struct Event: Hashable, Sendable, CustomStringConvertible {
    public var package: String
    public var parameters: Parameters

    public init(package: String, parameters: Parameters = Parameters()) {
        self.package = package
        self.parameters = parameters
    }

    /// The package of REFER's implicit subscription (RFC 3515 §2.4.4).
    public static let refer = Event(package: "refer")

    /// Tells several subscriptions of a dialog apart.
    public var id: String? {
        get { parameters["id"] }
        set { parameters["id"] = newValue }
    }

    public init(parsing text: String) throws(GrammarError) {
        var scanner = ByteScanner(text)
        scanner.skipWhitespace()
        package = try scanner.expectToken()
        parameters = try Parameters(scanning: &scanner)
        try scanner.expectEnd()
    }

    public var description: String { package + parameters.headerText }
}

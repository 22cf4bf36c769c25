/// One hop of the path that a request took (RFC 3261 §20.42).
public struct Via: Hashable, Sendable, CustomStringConvertible {
    /// What every branch made by RFC 3261 begins with (§8.1.1.7).
    public static let magicCookie = "z9hG4bK"

    /// `SIP`.
    public var protocolName: String
    /// `2.0`.
    public var protocolVersion: String
    /// `UDP`, `TCP`, `TLS` or another token, as written.
    public var transport: String
    /// The host of `sent-by`; IPv6 addresses without brackets.
    public var host: String
    public var port: UInt16?
    public var parameters: Parameters

    public init(
        transport: String, host: String, port: UInt16? = nil, branch: String? = nil,
        parameters: Parameters = Parameters()
    ) {
        protocolName = "SIP"
        protocolVersion = "2.0"
        self.transport = transport
        self.host = host
        self.port = port
        self.parameters = parameters
        if let branch { self.parameters["branch"] = branch }
    }

    public var branch: String? {
        get { parameters["branch"] }
        set { parameters["branch"] = newValue }
    }

    /// Whether the branch alone identifies the transaction (RFC 3261 §17.2.3).
    ///
    /// A branch that is the cookie and nothing else identifies none.
    public var hasRFC3261Branch: Bool {
        guard let branch else { return false }
        return branch.utf8.count > Via.magicCookie.utf8.count
            && Grammar.equal(String(branch.prefix(Via.magicCookie.count)), Via.magicCookie)
    }

    /// Where the request came from, set by its receiver (RFC 3261 §18.2.1); without brackets.
    public var received: String? {
        get {
            guard let text = parameters["received"] else { return nil }
            return text.hasPrefix("[") && text.hasSuffix("]") && text.utf8.count > 2
                ? String(text.dropFirst().dropLast()) : text
        }
        set { parameters["received"] = newValue }
    }

    /// Whether the sender asks for the answer at the port that it sent from (RFC 3581 §3).
    public var asksForResponsePort: Bool { parameters.contains("rport") }

    /// The port that the request came from, set by its receiver (RFC 3581 §4).
    public var responsePort: UInt16? {
        get { parameters["rport"].flatMap { UInt16($0) } }
        set { parameters.set("rport", newValue.map { String($0) }) }
    }

    public var maddr: String? { parameters["maddr"] }

    /// `sent-by`, to compare hops by: the host in lower case with its port.
    public var sentBy: String {
        let bracketed = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        return Grammar.lowercased(port.map { "\(bracketed):\($0)" } ?? bracketed)
    }

    /// Reads one Via value.
    ///
    /// - Throws: ``GrammarError``.
    public init(parsing text: String) throws(GrammarError) {
        var scanner = ByteScanner(text)
        try self.init(scanning: &scanner)
        try scanner.expectEnd()
    }

    init(scanning scanner: inout ByteScanner) throws(GrammarError) {
        scanner.skipWhitespace()
        protocolName = try scanner.expectToken()
        guard scanner.takeSeparator(UInt8(ascii: "/")) else { throw scanner.failure(.unexpectedCharacter) }
        protocolVersion = try scanner.expectToken()
        guard scanner.takeSeparator(UInt8(ascii: "/")) else { throw scanner.failure(.unexpectedCharacter) }
        transport = try scanner.expectToken()
        guard let space = scanner.current, Grammar.isWhitespace(space) else {
            throw scanner.failure(.unexpectedCharacter)
        }
        scanner.skipWhitespace()
        host = try scanner.expectHost()
        port = scanner.takeSeparator(UInt8(ascii: ":")) ? try scanner.expectPort() : nil
        parameters = try Parameters(scanning: &scanner)
    }

    public var description: String {
        let bracketed = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        return "\(protocolName)/\(protocolVersion)/\(transport) \(bracketed)" + (port.map { ":\($0)" } ?? "")
            + parameters.headerText
    }

    static func list(parsing text: String) throws(GrammarError) -> [Via] {
        var scanner = ByteScanner(text)
        var list: [Via] = []
        repeat {
            list.append(try Via(scanning: &scanner))
        } while scanner.takeSeparator(UInt8(ascii: ","))
        try scanner.expectEnd()
        return list
    }
}

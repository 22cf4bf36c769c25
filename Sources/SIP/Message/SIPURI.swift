/// A `sip:` or `sips:` URI (RFC 3261 §19.1).
///
/// Parts are kept escaped, as they were read, so that writing returns what came; ``user`` and ``password`` decode and
/// encode.
public struct SIPURI: Hashable, Sendable, CustomStringConvertible {
    /// A header that a request made from this URI gets; both parts are escaped.
    public struct Header: Hashable, Sendable {
        public let name: String
        public let value: String
    }

    /// `sips:` rather than `sip:`.
    public var isSecure: Bool
    /// The user part with its escapes; `nil` when there is none.
    public internal(set) var escapedUser: String?
    public internal(set) var escapedPassword: String?
    /// A host name, an IPv4 address, or an IPv6 address without brackets.
    public var host: String
    /// `nil` when the URI names no port, which differs from the default port (RFC 3261 §19.1.4).
    public var port: UInt16?
    /// Values are kept escaped.
    public var parameters: Parameters
    public internal(set) var headers: [Header]

    public init(
        user: String? = nil, host: String, port: UInt16? = nil, isSecure: Bool = false,
        parameters: Parameters = Parameters()
    ) {
        self.isSecure = isSecure
        escapedUser = user.map { PercentEncoding.encode($0, unescaped: Grammar.isUser) }
        escapedPassword = nil
        self.host = host
        self.port = port
        self.parameters = parameters
        headers = []
    }

    /// The user part, decoded; assigning encodes.
    public var user: String? {
        get { escapedUser.map { PercentEncoding.decode($0) } }
        set { escapedUser = newValue.map { PercentEncoding.encode($0, unescaped: Grammar.isUser) } }
    }

    /// The password, decoded; assigning encodes. It has no effect without a user.
    public var password: String? {
        get { escapedPassword.map { PercentEncoding.decode($0) } }
        set { escapedPassword = newValue.map { PercentEncoding.encode($0, unescaped: Grammar.isPassword) } }
    }

    /// The `transport` parameter in lower case.
    public var transport: String? {
        get { parameters["transport"].map { Grammar.lowercased($0) } }
        set { parameters["transport"] = newValue }
    }

    /// Whether the URI names a loose router (RFC 3261 §19.1.1, `lr`).
    public var isLooseRouter: Bool { parameters.contains("lr") }

    /// The decoded value of the first header of a name, such as Replaces in a Refer-To (RFC 3891 §3).
    public func header(_ name: String) -> String? {
        headers.first { Grammar.equal(PercentEncoding.decode($0.name), name) }.map { PercentEncoding.decode($0.value) }
    }

    /// Appends a header; both parts are given decoded.
    public mutating func appendHeader(_ name: String, _ value: String) {
        headers.append(
            Header(
                name: PercentEncoding.encode(name, unescaped: Grammar.isURIHeader),
                value: PercentEncoding.encode(value, unescaped: Grammar.isURIHeader)))
    }

    public mutating func removeHeaders() {
        headers.removeAll()
    }

    public var description: String {
        var text = isSecure ? "sips:" : "sip:"
        if let escapedUser {
            text += escapedUser
            if let escapedPassword { text += ":" + escapedPassword }
            text += "@"
        }
        text += host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        if let port { text += ":\(port)" }
        text += parameters.uriText
        for (index, header) in headers.enumerated() {
            text += (index == 0 ? "?" : "&") + header.name + "=" + header.value
        }
        return text
    }
}

extension SIPURI {
    /// Reads what stands behind `sip:` or `sips:`.
    init(scanning scanner: inout ByteScanner, isSecure: Bool) throws(GrammarError) {
        self.init(host: "", isSecure: isSecure)
        // No part behind the user may hold an unescaped '@'; ';' and '?' in front of one belong to the user.
        if scanner.bytes[scanner.offset..<scanner.end].contains(UInt8(ascii: "@")) {
            let user = try scanner.takeEscapable(Grammar.isUser)
            guard !user.isEmpty else { throw scanner.failure(.unexpectedCharacter) }
            escapedUser = user
            if scanner.take(UInt8(ascii: ":")) { escapedPassword = try scanner.takeEscapable(Grammar.isPassword) }
            try scanner.expect(UInt8(ascii: "@"))
        }
        host = try scanner.expectHost()
        if scanner.take(UInt8(ascii: ":")) { port = try scanner.expectPort() }
        parameters = try Parameters(scanningURI: &scanner)
        if scanner.take(UInt8(ascii: "?")) {
            repeat {
                let name = try scanner.takeEscapable(Grammar.isURIHeader)
                guard !name.isEmpty else { throw scanner.failure(.unexpectedCharacter) }
                try scanner.expect(UInt8(ascii: "="))
                headers.append(Header(name: name, value: try scanner.takeEscapable(Grammar.isURIHeader)))
            } while scanner.take(UInt8(ascii: "&"))
        }
    }
}

extension Parameters {
    /// Reads `*( ";" uri-parameter )` of a URI; names and values stay escaped.
    init(scanningURI scanner: inout ByteScanner) throws(GrammarError) {
        while scanner.take(UInt8(ascii: ";")) {
            let name = try scanner.takeEscapable(Grammar.isURIParameter)
            guard !name.isEmpty else { throw scanner.failure(.badParameter) }
            var value: String?
            if scanner.take(UInt8(ascii: "=")) {
                let text = try scanner.takeEscapable(Grammar.isURIParameter)
                guard !text.isEmpty else { throw scanner.failure(.badParameter) }
                value = text
            }
            append(Parameter(name: name, value: value, isQuoted: false))
        }
    }
}

/// Digest credentials: the value of an Authorization or Proxy-Authorization field (RFC 7616 §3.4).
public struct DigestCredentials: Hashable, Sendable, CustomStringConvertible {
    public var username: String
    public var realm: String
    public var nonce: String
    /// The digest-uri: the Request-URI as sent.
    public var uri: String
    /// In hexadecimal.
    public var response: String
    /// As written; `nil` stands for MD5.
    public var algorithmName: String?
    public var opaque: String?
    /// As written; `nil` for the form of RFC 2069.
    public var qop: String?
    /// Eight hexadecimal digits.
    public var nonceCount: String?
    public var clientNonce: String?

    init(_ calculation: DigestCalculation, algorithmName: String?, opaque: String?) {
        username = calculation.username
        realm = calculation.realm
        nonce = calculation.nonce
        uri = calculation.uri
        response = calculation.response
        self.algorithmName = algorithmName
        self.opaque = opaque
        qop = calculation.counted?.protection.rawValue
        nonceCount = calculation.counted?.nonceCount
        clientNonce = calculation.counted?.clientNonce
    }

    /// Reads a field's value.
    ///
    /// - Returns: `nil` for another scheme than Digest, and when a mandatory parameter is missing.
    /// - Throws: ``GrammarError`` when the value is not a scheme and a list of parameters.
    public init?(parsing text: String) throws(GrammarError) {
        let parameters = try AuthenticationParameters(parsing: text)
        guard Grammar.equal(parameters.scheme, "Digest"), let username = parameters["username"],
            let realm = parameters["realm"], let nonce = parameters["nonce"], let uri = parameters["uri"],
            let response = parameters["response"]
        else { return nil }
        self.username = username
        self.realm = realm
        self.nonce = nonce
        self.uri = uri
        self.response = response
        algorithmName = parameters["algorithm"]
        opaque = parameters["opaque"]
        qop = parameters["qop"]
        nonceCount = parameters["nc"]
        clientNonce = parameters["cnonce"]
    }

    public var description: String {
        var parameters = AuthenticationParameters(scheme: "Digest")
        parameters.append("username", username, isQuoted: true)
        parameters.append("realm", realm, isQuoted: true)
        parameters.append("nonce", nonce, isQuoted: true)
        parameters.append("uri", uri, isQuoted: true)
        parameters.append("response", response, isQuoted: true)
        parameters.append("algorithm", algorithmName, isQuoted: false)
        parameters.append("opaque", opaque, isQuoted: true)
        parameters.append("qop", qop, isQuoted: false)
        parameters.append("nc", nonceCount, isQuoted: false)
        parameters.append("cnonce", clientNonce, isQuoted: true)
        return parameters.text
    }
}

extension Request {
    /// The Digest credentials of one field, in order; those of other schemes and malformed ones are left out.
    ///
    /// - Parameter name: ``HeaderName/authorization`` or ``HeaderName/proxyAuthorization``.
    public func digestCredentials(_ name: HeaderName) -> [DigestCredentials] {
        headers.all(name).compactMap { value in
            do { return try DigestCredentials(parsing: value) } catch { return nil }
        }
    }
}

/// A Digest challenge: the value of a WWW-Authenticate or Proxy-Authenticate field (RFC 7616 §3.3, RFC 8760).
public struct DigestChallenge: Hashable, Sendable, CustomStringConvertible {
    /// As between the quotes, byte for byte.
    public var realm: String
    public var nonce: String
    public var opaque: String?
    /// Whether only the nonce of the refused credentials was too old.
    public var isStale: Bool
    /// As written; `nil` stands for MD5.
    public var algorithmName: String?
    /// Offered protections, as written; empty for the form of RFC 2069.
    public var qop: [String]

    public init(
        realm: String, nonce: String, opaque: String? = nil, isStale: Bool = false, algorithm: DigestAlgorithm,
        qop: [DigestCalculation.Protection] = [.auth]
    ) {
        self.realm = realm
        self.nonce = nonce
        self.opaque = opaque
        self.isStale = isStale
        algorithmName = algorithm.rawValue
        self.qop = qop.map(\.rawValue)
    }

    /// Reads a field's value.
    ///
    /// - Returns: `nil` for another scheme than Digest, and for a challenge without realm or nonce.
    /// - Throws: ``GrammarError`` when the value is not a scheme and a list of parameters.
    public init?(parsing text: String) throws(GrammarError) {
        let parameters = try AuthenticationParameters(parsing: text)
        guard Grammar.equal(parameters.scheme, "Digest"), let realm = parameters["realm"],
            let nonce = parameters["nonce"]
        else { return nil }
        self.realm = realm
        self.nonce = nonce
        opaque = parameters["opaque"]
        isStale = parameters["stale"].map { Grammar.equal($0, "true") } ?? false
        algorithmName = parameters["algorithm"]
        qop = parameters["qop"].map { Headers.split($0) } ?? []
    }

    /// `nil` when the algorithm is not supported.
    public var algorithm: DigestAlgorithm? {
        guard let algorithmName else { return .md5 }
        return DigestAlgorithm(name: algorithmName)
    }

    /// The offered protections that are supported; `auth` first.
    var protections: [DigestCalculation.Protection] {
        [.auth, .authInt].filter { known in qop.contains { Grammar.equal($0, known.rawValue) } }
    }

    /// Whether credentials can be made for it.
    var isSupported: Bool { algorithm != nil && (qop.isEmpty || !protections.isEmpty) }

    public var description: String {
        var parameters = AuthenticationParameters(scheme: "Digest")
        parameters.append("realm", realm, isQuoted: true)
        parameters.append("nonce", nonce, isQuoted: true)
        parameters.append("opaque", opaque, isQuoted: true)
        if isStale { parameters.append("stale", "true", isQuoted: false) }
        parameters.append("algorithm", algorithmName, isQuoted: false)
        if !qop.isEmpty { parameters.append("qop", qop.joined(separator: ","), isQuoted: true) }
        return parameters.text
    }
}

extension Response {
    /// The Digest challenges of one field, in order; those of other schemes and malformed ones are left out.
    ///
    /// - Parameter name: ``HeaderName/wwwAuthenticate`` or ``HeaderName/proxyAuthenticate``.
    public func digestChallenges(_ name: HeaderName) -> [DigestChallenge] {
        headers.all(name).compactMap { value in
            do { return try DigestChallenge(parsing: value) } catch { return nil }
        }
    }
}

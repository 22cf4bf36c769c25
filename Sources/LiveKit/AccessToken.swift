import Crypto
public import SansIO

/// A LiveKit access token: a JSON Web Token signed with HMAC-SHA-256 (RFC 7519, RFC 7515; `HS256` of RFC 7518 §3.2).
///
/// The signing key is the API secret that belongs to ``issuer``. Time is handed in as Unix seconds.
public struct AccessToken: Sendable, Equatable {
    /// Clocks may differ by this much. [s]
    public static let leeway: Int64 = 60
    /// The life that LiveKit's own libraries give a token. [s]
    public static let defaultLife: Int64 = 6 * 3600

    /// The API key (`iss`).
    public var issuer: String
    /// Who the token speaks for (`sub`); empty is fine for the server API.
    public var identity = ""
    /// Not valid before (`nbf`), Unix time. [s]
    public var notBefore: Int64
    /// Not valid after (`exp`), Unix time. [s]
    public var expires: Int64
    public var name: String?
    public var metadata: String?
    /// `standard`, `agent`, `sip`, …
    public var kind: String?
    public var video: VideoGrant?
    public var sip: SIPGrant?
    public var agent: AgentGrant?

    /// - Parameters:
    ///   - issuer: The API key.
    ///   - now: Unix time. [s]
    ///   - life: How long the token is valid. [s]
    public init(issuer: String, now: Int64, life: Int64 = AccessToken.defaultLife) {
        self.issuer = issuer
        notBefore = now
        expires = now &+ life
    }

    /// The compact serialization: header, claims and signature, joined by dots (RFC 7515 §7.1).
    public func signed(secret: Secret) -> String {
        let header: JSON = ["alg": "HS256", "typ": "JWT"]
        var text = Base64.encode(header.bytes, alphabet: .urlSafe)
        text.append(UInt8(ascii: "."))
        Base64.append(claims.bytes, to: &text, alphabet: .urlSafe)
        let signature = HMAC.sha256(key: Array(secret.revealed.utf8), text)
        text.append(UInt8(ascii: "."))
        Base64.append(signature, to: &text, alphabet: .urlSafe)
        return String(decoding: text, as: UTF8.self)
    }

    private var claims: JSON {
        var object: JSONObject = [
            "iss": .string(issuer), "sub": .string(identity), "nbf": .integer(notBefore), "exp": .integer(expires),
        ]
        if let name { object["name"] = .string(name) }
        if let metadata { object["metadata"] = .string(metadata) }
        if let kind { object["kind"] = .string(kind) }
        if let video { object["video"] = video.claim }
        if let sip { object["sip"] = sip.claim }
        if let agent { object["agent"] = agent.claim }
        return .object(object)
    }

    /// Verifies a token and reads its claims.
    ///
    /// Nothing of the token but the issuer's name is used before the signature has been checked, in constant time.
    /// - Parameters:
    ///   - token: The compact serialization.
    ///   - now: Unix time. [s]
    ///   - secretOf: The secret of an API key; `nil` for a key that is not known.
    public init(
        verifying token: String, now: Int64, secretOf: (String) -> Secret?
    ) throws(AccessTokenError) {
        let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .malformed("it has not three parts") }
        let header = try AccessToken.object(parts[0], "header")
        guard header["alg"]?.string == "HS256" else {
            throw .unsupportedAlgorithm(header["alg"]?.string ?? "none")
        }
        let claims = try AccessToken.object(parts[1], "claims")
        guard let issuer = claims["iss"]?.string, let secret = secretOf(issuer) else { throw .unknownKey }
        guard let signature = Base64.decode(parts[2]) else { throw .malformed("the signature is not base64url") }
        let signedText = Array(token.utf8[..<parts[1].endIndex])
        let expected = HMAC.sha256(key: Array(secret.revealed.utf8), signedText)
        guard ConstantTime.equal(signature, expected) else { throw .badSignature }

        guard let expires = claims["exp"]?.integer else { throw .missingExpiry }
        guard now <= expires.saturatingAdd(AccessToken.leeway) else { throw .expired }
        let notBefore = claims["nbf"]?.integer ?? 0
        guard notBefore <= now.saturatingAdd(AccessToken.leeway) else { throw .notYetValid }

        self.issuer = issuer
        identity = claims["sub"]?.string ?? claims["jti"]?.string ?? ""
        self.expires = expires
        self.notBefore = notBefore
        name = claims["name"]?.string
        metadata = claims["metadata"]?.string
        kind = claims["kind"]?.string
        video = claims["video"].map(VideoGrant.init(claim:))
        sip = claims["sip"].map(SIPGrant.init(claim:))
        agent = claims["agent"].map(AgentGrant.init(claim:))
    }

    private static func object(_ part: Substring.UTF8View, _ name: String) throws(AccessTokenError) -> JSON {
        guard let bytes = Base64.decode(part) else { throw .malformed("the \(name) is not base64url") }
        let value: JSON
        do throws(JSONError) {
            value = try JSON(parsing: bytes, maximumDepth: 16)
        } catch {
            throw .malformed("the \(name) is no JSON")
        }
        guard value.object != nil else { throw .malformed("the \(name) is no JSON object") }
        return value
    }
}

extension Int64 {
    fileprivate func saturatingAdd(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }
}

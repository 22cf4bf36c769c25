import Crypto
public import SansIO

/// Challenges requests and verifies their credentials (RFC 3261 §22, RFC 7616 §3.3, RFC 8760).
///
/// A nonce is the time it was made at and a code over it, so that none has to be stored; only the greatest nonce count
/// of each nonce in use is kept, against replays.
public struct DigestServer: Sendable, CustomStringConvertible, CustomReflectable {
    public enum Verdict: Hashable, Sendable {
        /// The credentials are right.
        case accepted(username: String)
        /// The request has no credentials for this realm.
        case missing
        /// The credentials are right but for a nonce that is too old or a count that was used: challenge with `stale`.
        case stale
        /// Unknown user, wrong password, or a nonce that was never given out.
        case refused
    }

    public let realm: String
    /// The algorithms offered, the preferred first.
    public let algorithms: [DigestAlgorithm]
    public let nonceLifetime: Duration
    private let key: [UInt8]
    /// The greatest count seen of each nonce, with the time that the nonce was made at.
    private var counts: [String: (madeAt: Instant, count: UInt32)] = [:]

    /// How many nonces are remembered at most; beyond, the oldest count as used up.
    private static let maximumNonces = 4096
    private var oldestRemembered = Instant(nanoseconds: .min)

    /// - Parameters:
    ///   - realm: Without quotes and backslashes.
    ///   - key: A secret of at least 16 bytes, new with every start of the process.
    public init(
        realm: String, key: [UInt8], algorithms: [DigestAlgorithm] = [.sha256, .md5],
        nonceLifetime: Duration = .seconds(300)
    ) {
        self.realm = realm
        self.key = key
        self.algorithms = algorithms
        self.nonceLifetime = nonceLifetime
    }

    /// The realm; never the key.
    public var description: String { "DigestServer(\(realm))" }

    /// Keeps the key out of dumps.
    public var customMirror: Mirror { Mirror(self, children: ["realm": realm]) }

    /// One challenge an algorithm, the preferred first: the values of a 401's or 407's fields.
    ///
    /// - Parameter isStale: Whether the request's credentials were only out of date.
    public func challenges(at now: Instant, isStale: Bool = false) -> [DigestChallenge] {
        algorithms.map { algorithm in
            DigestChallenge(realm: realm, nonce: nonce(madeAt: now), isStale: isStale, algorithm: algorithm)
        }
    }

    /// Judges a request's credentials.
    ///
    /// The digest-uri is not compared with the Request-URI: proxies on the way may have changed the latter, and test
    /// tools fill in the server's address (RFC 3261 §22.4 leaves it open).
    /// - Parameters:
    ///   - field: ``HeaderName/authorization`` or ``HeaderName/proxyAuthorization``.
    ///   - password: Gives a user's password; `nil` for unknown users.
    public mutating func verify(
        _ request: Request, field: HeaderName = .authorization, at now: Instant, password: (String) -> String?
    ) -> Verdict {
        guard let credentials = request.digestCredentials(field).first(where: { $0.realm == realm }) else {
            return .missing
        }
        guard let madeAt = timestamp(of: credentials.nonce), let secret = password(credentials.username),
            isRight(credentials, for: request, password: secret)
        else { return .refused }
        guard now - madeAt <= nonceLifetime, now >= madeAt, countIsNew(credentials, madeAt: madeAt, now: now) else {
            return .stale
        }
        return .accepted(username: credentials.username)
    }

    private func isRight(_ credentials: DigestCredentials, for request: Request, password: String) -> Bool {
        guard let algorithm = DigestAlgorithm(name: credentials.algorithmName ?? DigestAlgorithm.md5.rawValue),
            algorithms.contains(algorithm)
        else { return false }
        var counted: DigestCalculation.Counted?
        if let qop = credentials.qop {
            guard let protection = DigestCalculation.Protection(rawValue: Grammar.lowercased(qop)),
                let nonceCount = credentials.nonceCount, let clientNonce = credentials.clientNonce
            else { return false }
            counted = DigestCalculation.Counted(
                protection: protection, nonceCount: nonceCount, clientNonce: clientNonce)
        }
        let calculation = DigestCalculation(
            algorithm: algorithm, username: credentials.username, realm: realm, password: password,
            nonce: credentials.nonce, method: request.method, uri: credentials.uri, counted: counted,
            body: request.body)
        return ConstantTime.equal(
            Array(Grammar.lowercased(credentials.response).utf8), Array(calculation.response.utf8))
    }

    /// Whether a nonce count is greater than all before; credentials without count may use a nonce once.
    private mutating func countIsNew(_ credentials: DigestCredentials, madeAt: Instant, now: Instant) -> Bool {
        guard let count = credentials.nonceCount.map({ UInt32($0, radix: 16) }) ?? 1 else { return false }
        if let seen = counts[credentials.nonce] {
            guard count > seen.count else { return false }
        } else {
            guard madeAt > oldestRemembered else { return false }
        }
        counts[credentials.nonce] = (madeAt, count)
        if counts.count > DigestServer.maximumNonces { forget(now: now) }
        return true
    }

    /// Drops expired nonces, or, where none is, the older half.
    private mutating func forget(now: Instant) {
        counts = counts.filter { now - $0.value.madeAt <= nonceLifetime }
        guard counts.count > DigestServer.maximumNonces else { return }
        let times = counts.values.map(\.madeAt).sorted()
        let median = times[times.count / 2]
        oldestRemembered = max(oldestRemembered, median)
        counts = counts.filter { $0.value.madeAt > median }
    }

    // MARK: Nonces

    /// The time in 16 hexadecimal digits, and the first half of a code over it in 32.
    private func nonce(madeAt instant: Instant) -> String {
        let time = Hex.encode(
            (0..<8).map { UInt8(truncatingIfNeeded: UInt64(bitPattern: instant.nanoseconds) >> (56 - 8 * $0)) })
        return time + code(for: time)
    }

    private func code(for time: String) -> String {
        Hex.encode(HMAC.sha256(key: key, Array("\(time):\(realm)".utf8)).prefix(16))
    }

    /// When a nonce was made; `nil` when it is not ours.
    private func timestamp(of nonce: String) -> Instant? {
        guard nonce.utf8.count == 48 else { return nil }
        let time = String(nonce.prefix(16))
        guard ConstantTime.equal(Array(nonce.utf8.dropFirst(16)), Array(code(for: time).utf8)),
            let value = UInt64(time, radix: 16)
        else { return nil }
        return Instant(nanoseconds: Int64(bitPattern: value))
    }
}

/// Answers the challenges that one account's requests meet (RFC 3261 §22, RFC 7616, RFC 8760).
///
/// Keeps the last challenge of each realm, so that later requests carry credentials from the start, with the nonce
/// count going on; of more than ``maximumRealms``, those that challenged last. One value serves all requests to one trunk
/// or registrar.
public struct DigestClient: Sendable, CustomStringConvertible, CustomReflectable {
    public enum Outcome: Hashable, Sendable {
        /// The request has new credentials: send it again, with the next CSeq number and a new branch.
        case authorized
        /// Credentials for this realm were refused: user name or password is wrong.
        case refused(realm: String)
        /// No challenge of this realm uses a supported scheme, algorithm and protection, or the response has more than
        /// ``maximumRealms``; `nil` when it has no Digest challenge at all.
        case unsupported(realm: String?)
    }

    /// How many stale nonces in a row are believed.
    public static let maximumStaleChallenges = 4
    /// How many realms are kept. A call meets one or two; a peer that makes up new ones must not fill the memory, or the
    /// requests.
    public static let maximumRealms = 8

    public let username: String
    private let password: String
    private var spaces: [ProtectionSpace] = []
    /// Responses answered so far: tells which realms challenged last.
    private var round: UInt64 = 0

    /// - Parameters:
    ///   - username: As given by the operator of the server.
    ///   - password: Kept in memory only; never part of a description or a dump.
    public init(username: String, password: String) {
        self.username = username
        self.password = password
    }

    /// The user name; never the password.
    public var description: String { "DigestClient(\(username))" }

    /// Keeps the password out of dumps.
    public var customMirror: Mirror { Mirror(self, children: ["username": username]) }

    /// Where a challenge applies: a server's (401) or a proxy's (407), and its realm.
    private struct ProtectionSpace {
        let isProxy: Bool
        var challenge: DigestChallenge
        let clientNonce: String
        /// How often the nonce was used.
        var uses: UInt32 = 0
        var staleChallenges = 0
        /// The ``round`` of its last challenge.
        var lastChallenged: UInt64 = 0

        var credentialsField: HeaderName { isProxy ? .proxyAuthorization : .authorization }
    }

    /// Adds credentials for all realms that challenged before, to spare a round trip.
    ///
    /// ACK and CANCEL, which can't be challenged, are left alone (RFC 3261 §22.1).
    public mutating func preauthorize(_ request: inout Request) {
        guard request.method != .ack, request.method != .cancel else { return }
        for index in spaces.indices { spaces[index].staleChallenges = 0 }
        write(spaces.indices, to: &request)
    }

    /// Answers a 401 or 407.
    ///
    /// Of several challenges of a realm, the first that is supported counts (RFC 8760 §2.4); every realm gets its
    /// answer, and credentials that the request had for others are renewed.
    /// - Parameters:
    ///   - request: The request as sent; gets the new credentials when the outcome is `.authorized`, and is left as it
    ///     is otherwise. Its CSeq and branch are the caller's to change.
    ///   - response: The 401 or 407 to it.
    ///   - random: Makes the cnonce.
    public mutating func authorize(
        _ request: inout Request, after response: Response, using random: inout some RandomNumberGenerator
    ) -> Outcome {
        var answered: [Int] = []
        round &+= 1
        for isProxy in [false, true] {
            let challenges = response.digestChallenges(isProxy ? .proxyAuthenticate : .wwwAuthenticate)
            var seen: Set<String> = []
            for realm in challenges.map(\.realm) where seen.insert(realm).inserted {
                guard let challenge = challenges.first(where: { $0.realm == realm && $0.isSupported }) else {
                    return .unsupported(realm: realm)
                }
                guard answered.count < DigestClient.maximumRealms else { return .unsupported(realm: realm) }
                guard let index = accept(challenge, isProxy: isProxy, refusing: request, using: &random) else {
                    return .refused(realm: realm)
                }
                spaces[index].lastChallenged = round
                answered.append(index)
            }
        }
        guard !answered.isEmpty else { return .unsupported(realm: nil) }
        for (index, space) in spaces.enumerated() where !answered.contains(index) {
            let carried = request.digestCredentials(space.credentialsField)
            if carried.contains(where: { $0.realm == space.challenge.realm }) { answered.append(index) }
        }
        write(answered.sorted(), to: &request)
        return .authorized
    }

    /// Takes up a challenge.
    ///
    /// - Returns: The index of its protection space; `nil` when the request had credentials that were refused for what
    ///   they are, and not for the age of their nonce.
    private mutating func accept(
        _ challenge: DigestChallenge, isProxy: Bool, refusing request: Request,
        using random: inout some RandomNumberGenerator
    ) -> Int? {
        let clientNonce = DigestClient.clientNonce(using: &random)
        var space = ProtectionSpace(isProxy: isProxy, challenge: challenge, clientNonce: clientNonce)
        guard let index = spaces.firstIndex(where: { $0.isProxy == isProxy && $0.challenge.realm == challenge.realm })
        else { return keep(space) }
        let old = spaces[index]
        let refused = request.digestCredentials(space.credentialsField).first { $0.realm == challenge.realm }
        if let refused {
            if challenge.isStale {
                space.staleChallenges = old.staleChallenges + 1
                guard space.staleChallenges <= DigestClient.maximumStaleChallenges else { return nil }
            } else {
                // The same nonce again, or credentials made for the challenge just before: the password is wrong. A
                // nonce used more than once may have expired at a server that doesn't say `stale`.
                if refused.nonce == challenge.nonce { return nil }
                if refused.nonce == old.challenge.nonce, old.uses <= 1 { return nil }
            }
        }
        if old.challenge.nonce == challenge.nonce, old.challenge.algorithmName == challenge.algorithmName {
            // The nonce goes on, so the count and the cnonce of its first use do too (RFC 7616 §3.4.2).
            spaces[index].challenge = challenge
            spaces[index].staleChallenges = space.staleChallenges
        } else {
            spaces[index] = space
        }
        return index
    }

    /// Keeps a realm that is new, in the place of the one that challenged longest ago when there are too many.
    ///
    /// - Returns: Its index. Realms that challenge in this round are never displaced: a response has fewer than are kept.
    private mutating func keep(_ space: ProtectionSpace) -> Int {
        let oldest = spaces.indices.min { spaces[$0].lastChallenged < spaces[$1].lastChallenged }
        guard spaces.count >= DigestClient.maximumRealms, let oldest else {
            spaces.append(space)
            return spaces.count - 1
        }
        spaces[oldest] = space
        return oldest
    }

    private static func clientNonce(using random: inout some RandomNumberGenerator) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: (0..<24).map { _ in digits[Int(random.next() >> 60)] }, as: UTF8.self)
    }

    /// Replaces the request's credentials by fresh ones of the given spaces.
    private mutating func write(_ indices: some Sequence<Int>, to request: inout Request) {
        request.headers.remove(.authorization)
        request.headers.remove(.proxyAuthorization)
        for index in indices {
            guard let credentials = credentials(at: index, for: request) else { continue }
            request.headers.append(spaces[index].credentialsField, credentials.description)
        }
    }

    private mutating func credentials(at index: Int, for request: Request) -> DigestCredentials? {
        guard let algorithm = spaces[index].challenge.algorithm else { return nil }
        spaces[index].uses &+= 1
        let space = spaces[index]
        let digits = String(space.uses, radix: 16)
        let nonceCount = String(repeating: "0", count: 8 - digits.utf8.count) + digits
        let protection = space.challenge.protections.first
        let calculation = DigestCalculation(
            algorithm: algorithm, username: DigestClient.escaped(username), realm: space.challenge.realm,
            password: password, nonce: space.challenge.nonce, method: request.method, uri: request.uri.description,
            counted: protection.map {
                DigestCalculation.Counted(protection: $0, nonceCount: nonceCount, clientNonce: space.clientNonce)
            }, body: request.body)
        return DigestCredentials(
            calculation, algorithmName: space.challenge.algorithmName, opaque: space.challenge.opaque)
    }

    /// The user name as it stands between quotes.
    private static func escaped(_ text: String) -> String {
        String(Parameters.quoted(text).dropFirst().dropLast())
    }
}

/// The request-digest of RFC 7616 §3.4.1, which for MD5 is that of RFC 2617 §3.2.2.
///
/// All texts are what stands between the quotes of the fields, backslashes included: that is how both RFCs define
/// `unq`.
public struct DigestCalculation: Sendable, CustomStringConvertible, CustomReflectable {
    public enum Protection: String, Hashable, Sendable {
        /// Method and URI are protected.
        case auth = "auth"
        /// The body too.
        case authInt = "auth-int"
    }

    /// What a challenge with `qop` adds.
    public struct Counted: Hashable, Sendable {
        public var protection: Protection
        /// Eight hexadecimal digits.
        public var nonceCount: String
        public var clientNonce: String

        public init(protection: Protection, nonceCount: String, clientNonce: String) {
            self.protection = protection
            self.nonceCount = nonceCount
            self.clientNonce = clientNonce
        }
    }

    public var algorithm: DigestAlgorithm
    public var username: String
    public var realm: String
    public var password: String
    public var nonce: String
    public var method: Method
    public var uri: String
    /// `nil` for the form without `qop` (RFC 2069).
    public var counted: Counted?
    public var body: [UInt8]

    public init(
        algorithm: DigestAlgorithm, username: String, realm: String, password: String, nonce: String, method: Method,
        uri: String, counted: Counted?, body: [UInt8] = []
    ) {
        self.algorithm = algorithm
        self.username = username
        self.realm = realm
        self.password = password
        self.nonce = nonce
        self.method = method
        self.uri = uri
        self.counted = counted
        self.body = body
    }

    /// Realm and user name; never the password.
    public var description: String { "DigestCalculation(\(algorithm.rawValue), \(realm), \(username))" }

    /// Keeps the password out of dumps.
    public var customMirror: Mirror { Mirror(self, children: ["realm": realm, "username": username]) }

    /// The value of `response`, in lower-case hexadecimal.
    public var response: String {
        var first = algorithm.hash("\(username):\(realm):\(password)")
        if algorithm.isSession { first = algorithm.hash("\(first):\(nonce):\(counted?.clientNonce ?? "")") }
        var second = "\(method):\(uri)"
        if counted?.protection == .authInt { second += ":" + algorithm.hash(body) }
        let hashed = algorithm.hash(second)
        guard let counted else { return algorithm.hash("\(first):\(nonce):\(hashed)") }
        return algorithm.hash(
            "\(first):\(nonce):\(counted.nonceCount):\(counted.clientNonce):\(counted.protection.rawValue):\(hashed)")
    }
}

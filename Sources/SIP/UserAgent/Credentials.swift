import SansIO

/// The user name and password of an account at a trunk or exchange.
///
/// Descriptions and reflections of it never hold the password.
public struct Credentials: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    public let username: String
    public let password: String

    public init(username: String, password: String) {
        self.username = username
        self.password = password
    }

    public var description: String { "credentials of \(username)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["username": username]) }
}

/// An account at one peer: what shares a digest client, and with it the nonces.
struct AuthenticationKey: Hashable, Sendable {
    let credentials: Credentials
    let peer: TransportAddress
}

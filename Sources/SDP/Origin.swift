/// The `o=` line: who made the session, and which version of its description this is (RFC 8866 §5.2).
public struct Origin: Hashable, Sendable {
    /// `-` when there is none.
    public var username: String
    /// Digits; peers may send more than 64 bits hold, so that they are kept as text.
    public var sessionID: String
    /// Digits; grows by one with each change of the description (RFC 3264 §8).
    public var sessionVersion: String
    /// `IP4` or `IP6`.
    public var addressType: String
    public var address: String

    public init(
        username: String = "-", sessionID: String, sessionVersion: String, addressType: String, address: String
    ) {
        self.username = username
        self.sessionID = sessionID
        self.sessionVersion = sessionVersion
        self.addressType = addressType
        self.address = address
    }

    /// `- 2890844526 2890844526 IN IP4 host.example`. Spaces in the user name, which are against the grammar, are kept.
    init?(parsing value: String) {
        let parts = value.split(separator: " ")
        guard parts.count >= 6, parts[parts.count - 3].uppercased() == "IN" else { return nil }
        let tail = parts.suffix(5).map { String($0) }
        guard tail[0].utf8.allSatisfy(isDigit), tail[1].utf8.allSatisfy(isDigit) else { return nil }
        self.init(
            username: parts.dropLast(5).joined(separator: " "), sessionID: tail[0], sessionVersion: tail[1],
            addressType: tail[3].uppercased(), address: tail[4])
    }

    var text: String { "\(username) \(sessionID) \(sessionVersion) IN \(addressType) \(address)" }
}

/// Whether a byte is an ASCII digit.
func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}

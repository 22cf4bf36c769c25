/// A key that came in a SIP INFO: `application/dtmf-relay` (`Signal=`, `Duration=`) or `application/dtmf`.
///
/// No RFC defines either; both are what gateways have sent since before RFC 4733.
struct DTMFInfo: Hashable {
    let digit: Character
    let durationMilliseconds: Int

    /// - Returns: `nil` for any other type, and for a body that names no key.
    init?(contentType: String, body: [UInt8]) {
        let text = String(decoding: body.prefix(256), as: UTF8.self)
        switch contentType.lowercased().prefix(while: { $0 != ";" && $0 != " " }) {
        case "application/dtmf-relay":
            var signal: Substring?
            var duration = 160
            for line in text.split(whereSeparator: \.isNewline) {
                let parts = line.split(separator: "=", maxSplits: 1)
                guard parts.count == 2 else { continue }
                let value = parts[1].drop { $0 == " " }.prefix { $0 != " " }
                switch parts[0].lowercased().filter({ $0 != " " }) {
                case "signal": signal = value
                case "duration": duration = Int(value).map { min(max($0, 0), 60_000) } ?? duration
                default: break
                }
            }
            guard let signal, let digit = DTMFInfo.key(signal) else { return nil }
            self.init(digit: digit, durationMilliseconds: duration)
        case "application/dtmf":
            guard let digit = DTMFInfo.key(text.filter { !$0.isWhitespace }[...]) else { return nil }
            self.init(digit: digit, durationMilliseconds: 160)
        default: return nil
        }
    }

    private init(digit: Character, durationMilliseconds: Int) {
        self.digit = digit
        self.durationMilliseconds = durationMilliseconds
    }

    /// The key of a character or of RFC 4733's number for it.
    private static func key(_ text: Substring) -> Character? {
        switch text.uppercased() {
        case "10": return "*"
        case "11": return "#"
        case let other:
            guard other.count == 1, let key = other.first, "0123456789*#ABCD".contains(key) else { return nil }
            return key
        }
    }
}

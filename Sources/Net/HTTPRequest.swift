public import SansIO

/// An HTTP request: sent by ``HTTPClient``, received by ``HTTPServer``.
public struct HTTPRequest: Sendable {
    /// `GET`, `POST`, …
    public var method: String
    /// For the client the absolute URL; at the server the target as received: `/path?query`.
    public var target: String
    public var headers: HTTPFields
    public var body: [UInt8]
    /// Where the request came from; `nil` at the client.
    public var remoteAddress: TransportAddress?

    public init(
        method: String = "GET", target: String, headers: HTTPFields = [:], body: [UInt8] = [],
        remoteAddress: TransportAddress? = nil
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.remoteAddress = remoteAddress
    }

    /// The target without query.
    public var path: String { String(target.prefix { $0 != "?" }) }

    /// The first query parameter of that name, percent-decoded (RFC 3986 §2.1).
    public func query(_ name: String) -> String? {
        guard let mark = target.firstIndex(of: "?") else { return nil }
        for pair in target[target.index(after: mark)...].split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if HTTPRequest.percentDecoded(parts[0]) == name {
                return parts.count == 2 ? HTTPRequest.percentDecoded(parts[1]) : ""
            }
        }
        return nil
    }

    private static func percentDecoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2, let value = UInt8(String(rest.prefix(2)) ?? "", radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

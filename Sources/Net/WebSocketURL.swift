/// The parts of a `ws` or `wss` URL (RFC 6455 §3).
struct WebSocketURL: Sendable, Equatable {
    let isSecure: Bool
    /// Without brackets.
    let host: String
    let port: UInt16
    /// Path and query: `/v1/realtime?model=x`.
    let requestTarget: String

    /// - Throws: ``NetError`` with ``NetError/Code/invalidArgument``; `http` and `https` are taken for `ws` and `wss`.
    init(_ text: String) throws(NetError) {
        func invalid(_ reason: String) -> NetError {
            // The query may hold a key: only what stands before it is repeated.
            NetError(.invalidArgument, "\"\(text.prefix { $0 != "?" })\" is no WebSocket URL: \(reason).")
        }
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else {
            throw invalid("it must begin with ws:// or wss://")
        }
        switch text[..<colon].lowercased() {
        case "ws", "http": isSecure = false
        case "wss", "https": isSecure = true
        default: throw invalid("it must begin with ws:// or wss://")
        }
        let rest = text[text.index(colon, offsetBy: 3)...]
        guard rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw invalid("it holds spaces, control characters or letters outside ASCII")
        }
        guard !rest.contains("#") else { throw invalid("a fragment is not allowed") }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard !authority.contains("@") else { throw invalid("a user name is not allowed") }
        let tail = rest[authority.endIndex...]
        requestTarget = tail.hasPrefix("/") ? String(tail) : "/" + tail

        var portText: Substring?
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { throw invalid("the bracket is not closed") }
            host = String(authority[authority.index(after: authority.startIndex)..<end])
            let behind = authority[authority.index(after: end)...]
            guard behind.isEmpty || behind.hasPrefix(":") else { throw invalid("text behind the bracket") }
            portText = behind.isEmpty ? nil : behind.dropFirst()
        } else if let separator = authority.firstIndex(of: ":") {
            host = String(authority[..<separator])
            portText = authority[authority.index(after: separator)...]
        } else {
            host = String(authority)
        }
        guard !host.isEmpty else { throw invalid("the host is missing") }
        if let portText {
            guard let number = UInt16(portText), number > 0 else {
                throw invalid("the port is no number from 1 to 65535")
            }
            port = number
        } else {
            port = isSecure ? 443 : 80
        }
    }

    private var bracketedHost: String { host.contains(":") ? "[\(host)]" : host }

    /// `wss://host:port`, for messages.
    var origin: String { "\(isSecure ? "wss" : "ws")://\(bracketedHost):\(port)" }

    /// The value of the Host field: the port stands there unless it is the scheme's own (RFC 9110 §7.2).
    var hostField: String { port == (isSecure ? 443 : 80) ? bracketedHost : "\(bracketedHost):\(port)" }

    /// The name for SNI; `nil` for a numeric address (RFC 6066 §3).
    var serverName: String? {
        let isNumeric = host.contains(":") || host.utf8.allSatisfy { $0 == 0x2E || (0x30...0x39).contains($0) }
        return isNumeric ? nil : host
    }
}

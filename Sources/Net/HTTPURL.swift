import CCurl

/// An absolute `http` or `https` URL (RFC 3986), read by libcurl's own parser and written in one way only.
///
/// What two parsers could read differently is refused: user names, hosts outside of ASCII, numbers that are not written
/// like an address.
public struct HTTPURL: Hashable, Sendable, CustomStringConvertible {
    public enum Host: Hashable, Sendable {
        /// In lower case, without a dot at the end.
        case name(String)
        case address(IPAddress)
    }

    public let isSecure: Bool
    public let host: Host
    public let port: UInt16
    /// Path and query: `/v1/items?id=7`.
    public let requestTarget: String

    /// Longest URL that is read. [byte]
    public static let maximumBytes = 8_192

    /// - Throws: ``NetError`` with ``NetError/Code/invalidArgument``. The message repeats nothing but the host.
    public init(_ text: String) throws(NetError) {
        try self.init(text, relativeTo: nil)
    }

    /// The URL that a reference means here, such as the one in a `Location` (RFC 3986 §5).
    public func resolving(_ reference: String) throws(NetError) -> HTTPURL {
        try HTTPURL(reference, relativeTo: self)
    }

    private init(_ text: String, relativeTo base: HTTPURL?) throws(NetError) {
        guard text.utf8.count <= HTTPURL.maximumBytes else {
            throw HTTPURL.invalid("it is longer than \(HTTPURL.maximumBytes) bytes")
        }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else {
            throw HTTPURL.invalid(
                "it holds spaces, control characters, backslashes or letters outside ASCII; percent-encode them")
        }
        guard HTTPURL.hasPlainStart(text) else { throw HTTPURL.invalid("it must begin with https:// or http://") }
        guard let handle = curl_url() else { throw NetError(.system, "libcurl is out of memory.") }
        defer { curl_url_cleanup(handle) }
        if let base, curl_url_set(handle, CURLUPART_URL, base.description, 0) != CURLUE_OK {
            throw HTTPURL.invalid("it cannot be resolved")
        }
        switch curl_url_set(handle, CURLUPART_URL, text, UInt32(CURLU_NO_DEFAULT_PORT)) {
        case CURLUE_OK: break
        case CURLUE_UNSUPPORTED_SCHEME: throw HTTPURL.invalid("it must begin with https:// or http://")
        case CURLUE_BAD_PORT_NUMBER: throw HTTPURL.invalid("the port is no number from 1 to 65535")
        case let code: throw HTTPURL.invalid(String(cString: curl_url_strerror(code)))
        }
        func part(_ part: CURLUPart) -> String? {
            var value: UnsafeMutablePointer<CChar>?
            guard curl_url_get(handle, part, &value, 0) == CURLUE_OK, let value else { return nil }
            defer { curl_free(value) }
            return String(cString: value)
        }
        switch part(CURLUPART_SCHEME) {
        case "https": isSecure = true
        case "http": isSecure = false
        default: throw HTTPURL.invalid("it must begin with https:// or http://")
        }
        guard part(CURLUPART_USER) == nil, part(CURLUPART_PASSWORD) == nil, part(CURLUPART_OPTIONS) == nil else {
            throw HTTPURL.invalid("a user name is not allowed; send it in a header")
        }
        guard part(CURLUPART_ZONEID) == nil, let host = part(CURLUPART_HOST) else {
            throw HTTPURL.invalid("the host is missing, or has a zone")
        }
        self.host = try HTTPURL.host(host)
        if let text = part(CURLUPART_PORT) {
            guard let number = UInt16(text), number > 0 else {
                throw HTTPURL.invalid("the port is no number from 1 to 65535")
            }
            port = number
        } else {
            port = isSecure ? 443 : 80
        }
        requestTarget = (part(CURLUPART_PATH) ?? "/") + (part(CURLUPART_QUERY).map { "?" + $0 } ?? "")
    }

    /// Whether a scheme, where there is one, is followed by two slashes, and two slashes by something else: libcurl takes
    /// fewer and more as well.
    private static func hasPlainStart(_ text: String) -> Bool {
        var rest = Substring(text)
        if let colon = text.firstIndex(of: ":"), !text[..<colon].contains(where: { "/?#".contains($0) }) {
            rest = text[text.index(after: colon)...]
            guard rest.hasPrefix("//") else { return false }
        }
        return !rest.hasPrefix("///")
    }

    private static func host(_ text: String) throws(NetError) -> Host {
        if text.hasPrefix("["), text.hasSuffix("]"), let address = IPAddress(String(text.dropFirst().dropLast())) {
            return .address(address)
        }
        if let address = IPAddress(text) { return .address(address) }
        let lowered = text.lowercased()
        let name = lowered.hasSuffix(".") ? String(lowered.dropLast()) : lowered
        guard isName(name) else {
            throw invalid(
                "its host is no name and no address; write names outside ASCII as xn--, and addresses as four numbers")
        }
        return .name(name)
    }

    /// Whether a text in lower case is a host's name (RFC 1123 §2.1, and `_`), and nothing that looks like a number.
    static func isName(_ text: String) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        guard text.utf8.count <= 253, let last = labels.last, !looksLikeNumber(last) else { return false }
        return labels.allSatisfy { label in
            (1...63).contains(label.utf8.count)
                && label.utf8.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                        UInt8(ascii: "-"), UInt8(ascii: "_"):
                        true
                    default: false
                    }
                }
        }
    }

    /// `7`, `0x7f`: the last label of no name, but of an address in an old notation.
    private static func looksLikeNumber(_ label: Substring) -> Bool {
        if label.hasPrefix("0x") { return label.dropFirst(2).utf8.allSatisfy { isHexadecimal($0) } }
        return label.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    private static func invalid(_ reason: String) -> NetError {
        NetError(.invalidArgument, "The URL cannot be used: \(reason).")
    }

    /// The host as URLs write it.
    public var hostText: String {
        switch host {
        case .name(let name): name
        case .address(let address): address.isIPv6 ? "[\(address)]" : "\(address)"
        }
    }

    /// `https://host`, with the port unless it is the scheme's own.
    public var origin: String {
        "\(isSecure ? "https" : "http")://\(hostText)" + (port == (isSecure ? 443 : 80) ? "" : ":\(port)")
    }

    public var description: String { origin + requestTarget }
}

/// The hosts to which requests that others write may go: `api.example.com,*.example.org:8443,localhost:9000`.
///
/// An entry is a name, `*.` and a name for all names below it, `*` for all names, an address, or a block of addresses
/// (`10.0.0.0/8`). In front of it may stand `https://` or `http://`, behind it a port or `:*`; without a port the
/// scheme's own counts. Nothing is allowed that no entry names.
///
/// A name allows public addresses. Where it has a private one, that address must be named too, as an address or in a
/// block, so that whoever controls a name cannot lead requests into the operator's network; only `localhost` stands for
/// the loopback addresses.
public struct HTTPAllowList: Hashable, Sendable {
    private enum Pattern: Hashable {
        case anyName
        case name(String)
        /// Names that end in it; it begins with a dot.
        case below(String)
        case addresses(IPAddress.Block)
    }

    private enum Port: Hashable {
        case ofScheme
        case any
        case number(UInt16)
    }

    private struct Entry: Hashable {
        var pattern: Pattern
        /// `nil` for both schemes.
        var isSecure: Bool?
        var port: Port

        func fits(scheme isSecure: Bool, port: UInt16) -> Bool {
            guard self.isSecure == nil || self.isSecure == isSecure else { return false }
            return switch self.port {
            case .ofScheme: port == (isSecure ? 443 : 80)
            case .any: true
            case .number(let number): port == number
            }
        }
    }

    private var entries: [Entry] = []

    /// Allows nothing.
    public init() {}

    /// - Parameter text: Entries with commas or blanks between.
    /// - Throws: ``NetError`` with ``NetError/Code/invalidArgument``, which names the entry.
    public init(parsing text: String) throws(NetError) {
        for part in text.split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
            entries.append(try HTTPAllowList.entry(String(part)))
        }
    }

    public var isEmpty: Bool { entries.isEmpty }

    /// Whether a request may be sent to a URL, as far as the URL says.
    public func allows(_ url: HTTPURL) -> Bool {
        entries.contains { entry in
            guard entry.fits(scheme: url.isSecure, port: url.port) else { return false }
            return switch (entry.pattern, url.host) {
            case (.anyName, .name): true
            case (.name(let name), .name(let host)): name == host
            case (.below(let suffix), .name(let host)): host.hasSuffix(suffix)
            case (.addresses(let block), .address(let address)): block.contains(address)
            case (.anyName, .address), (.name, .address), (.below, .address), (.addresses, .name): false
            }
        }
    }

    /// Whether a request to an allowed URL may be sent to the address that its host has.
    public func allowsConnection(to address: IPAddress, for url: HTTPURL) -> Bool {
        if address.isPublic { return true }
        return entries.contains { entry in
            guard entry.fits(scheme: url.isSecure, port: url.port) else { return false }
            return switch entry.pattern {
            case .addresses(let block): block.contains(address)
            case .name("localhost"): url.host == .name("localhost") && address.isLoopback
            case .name, .below, .anyName: false
            }
        }
    }

    private static func entry(_ text: String) throws(NetError) -> Entry {
        var rest = Substring(text.lowercased())
        var isSecure: Bool?
        for (prefix, value) in [("https://", true), ("http://", false)] where rest.hasPrefix(prefix) {
            isSecure = value
            rest = rest.dropFirst(prefix.count)
        }
        let (host, port) = try split(rest, of: text)
        let pattern: Pattern
        if let block = IPAddress.Block(host) {
            pattern = .addresses(block)
        } else if host == "*" {
            pattern = .anyName
        } else if host.hasPrefix("*."), HTTPURL.isName(String(host.dropFirst(2))) {
            pattern = .below(String(host.dropFirst()))
        } else if HTTPURL.isName(host) {
            pattern = .name(host)
        } else {
            throw invalid(text)
        }
        return Entry(pattern: pattern, isSecure: isSecure, port: port)
    }

    /// Host, without brackets, and port.
    private static func split(_ rest: Substring, of text: String) throws(NetError) -> (String, Port) {
        if IPAddress.Block(String(rest)) != nil { return (String(rest), .ofScheme) }
        var host = rest
        var port = Port.ofScheme
        if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("]") {
            host = rest[..<colon]
            let digits = rest[rest.index(after: colon)...]
            if digits == "*" {
                port = .any
            } else if digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt16(digits), number > 0 {
                port = .number(number)
            } else {
                throw invalid(text)
            }
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            guard host.contains(":") else { throw invalid(text) }
            return (String(host.dropFirst().dropLast()), port)
        }
        // IPv6 with a port needs brackets.
        guard !host.contains(":") else { throw invalid(text) }
        return (host.hasSuffix(".") && host != "*." ? String(host.dropLast()) : String(host), port)
    }

    private static func invalid(_ entry: String) -> NetError {
        NetError(
            .invalidArgument,
            "\"\(entry)\" is no host to allow. Write api.example.com, *.example.com:8443, 10.0.0.0/8 or [::1]:8080, "
                + "with commas between.")
    }
}

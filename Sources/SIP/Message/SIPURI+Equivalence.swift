extension SIPURI {
    /// Parameters that two URIs must both have, or both lack (RFC 3261 §19.1.4).
    private static let decisiveParameters = ["user", "ttl", "method", "maddr", "transport"]

    /// Whether two URIs name the same resource (RFC 3261 §19.1.4).
    ///
    /// User and password are compared with regard to case, all else without; escapes are decoded first. A missing port
    /// differs from a written default port. Parameters that only one URI has don't matter, but for `user`, `ttl`,
    /// `method`, `maddr` and `transport`; headers matter always, in any order.
    public func isEquivalent(to other: SIPURI) -> Bool {
        isSecure == other.isSecure
            && SIPURI.decoded(escapedUser) == SIPURI.decoded(other.escapedUser)
            && SIPURI.decoded(escapedPassword) == SIPURI.decoded(other.escapedPassword)
            && Grammar.equal(host, other.host)
            && port == other.port
            && hasEquivalentParameters(to: other)
            && comparableHeaders == other.comparableHeaders
    }

    private static func decoded(_ text: String?) -> [UInt8]? { text.map { PercentEncoding.decodedBytes($0) } }

    private static func folded(_ text: String) -> [UInt8] {
        PercentEncoding.decodedBytes(text).map { Grammar.lowercased($0) }
    }

    private func hasEquivalentParameters(to other: SIPURI) -> Bool {
        let left = comparableParameters
        let right = other.comparableParameters
        for name in SIPURI.decisiveParameters.map(SIPURI.folded) where (left[name] == nil) != (right[name] == nil) {
            return false
        }
        return left.allSatisfy { name, value in right[name] == nil || right[name] == value }
    }

    /// Decoded values by decoded names, both in lower case; a parameter that is only a name has an empty value, which
    /// can't be written otherwise. Of a name that stands twice, which no URI may have (§19.1.1), the first counts.
    private var comparableParameters: [[UInt8]: [UInt8]] {
        Dictionary(
            parameters.items.map { (SIPURI.folded($0.name), $0.value.map(SIPURI.folded) ?? []) },
            uniquingKeysWith: { first, _ in first })
    }

    /// Names without regard to case, values decoded, in an order of their own.
    private var comparableHeaders: [[[UInt8]]] {
        headers.map { [SIPURI.folded($0.name), PercentEncoding.decodedBytes($0.value)] }
            .sorted { $0.joined(separator: [0]).lexicographicallyPrecedes($1.joined(separator: [0])) }
    }
}

/// The values of all Contact fields of a message (RFC 3261 §20.10).
public enum ContactList: Hashable, Sendable {
    /// `*`: all of the user's bindings, in a REGISTER that removes them (RFC 3261 §10.2.2).
    case all
    case addresses([NameAddress])

    /// The addresses; empty for `*`.
    public var addresses: [NameAddress] {
        guard case .addresses(let list) = self else { return [] }
        return list
    }

    public var first: NameAddress? { addresses.first }

    init(parsing values: [String]) throws(GrammarError) {
        var list: [NameAddress] = []
        var hasWildcard = false
        for value in values {
            var scanner = ByteScanner(value)
            scanner.skipWhitespace()
            if scanner.take(UInt8(ascii: "*")) {
                try scanner.expectEnd()
                hasWildcard = true
            } else {
                list += try NameAddress.list(parsing: value)
            }
        }
        if hasWildcard {
            guard list.isEmpty, values.count == 1 else { throw GrammarError(offset: 0, reason: .wildcardNotAlone) }
            self = .all
        } else {
            self = .addresses(list)
        }
    }
}

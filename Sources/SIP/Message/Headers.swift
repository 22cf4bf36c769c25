/// The name of a header field, compared without regard to case; a compact form equals its long one
/// (RFC 3261 §7.3.1, §7.3.3).
public struct HeaderName: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// As written; the long form when the compact one was given.
    public let text: String
    private let key: String

    public init(_ text: String) {
        let long = text.utf8.count == 1 ? HeaderName.longForm(of: text) : nil
        self.text = long ?? text
        key = Grammar.lowercased(self.text)
    }

    public init(stringLiteral text: String) {
        self.init(text)
    }

    public var description: String { text }

    public static func == (left: HeaderName, right: HeaderName) -> Bool { left.key == right.key }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(key)
    }

    private static func longForm(of compact: String) -> String? {
        switch Grammar.lowercased(compact) {
        case "a": "Accept-Contact"
        case "b": "Referred-By"
        case "c": "Content-Type"
        case "d": "Request-Disposition"
        case "e": "Content-Encoding"
        case "f": "From"
        case "i": "Call-ID"
        case "j": "Reject-Contact"
        case "k": "Supported"
        case "l": "Content-Length"
        case "m": "Contact"
        case "n": "Identity-Info"
        case "o": "Event"
        case "r": "Refer-To"
        case "s": "Subject"
        case "t": "To"
        case "u": "Allow-Events"
        case "v": "Via"
        case "x": "Session-Expires"
        case "y": "Identity"
        default: nil
        }
    }
}

/// Header fields in order, with their values unparsed.
public struct Headers: Hashable, Sendable {
    public struct Field: Hashable, Sendable {
        public let name: HeaderName
        /// Unfolded, without white space at either end.
        public var value: String

        public init(_ name: HeaderName, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public private(set) var fields: [Field]

    public init(_ fields: [Field] = []) {
        self.fields = fields
    }

    public var isEmpty: Bool { fields.isEmpty }

    /// The first value under a name. Assigning replaces all fields of that name; `nil` removes them.
    public subscript(name: HeaderName) -> String? {
        get { fields.first { $0.name == name }?.value }
        set {
            if let newValue { set(name, newValue) } else { remove(name) }
        }
    }

    public func contains(_ name: HeaderName) -> Bool { fields.contains { $0.name == name } }

    /// The values of all fields of a name, in order.
    public func all(_ name: HeaderName) -> [String] {
        fields.compactMap { $0.name == name ? $0.value : nil }
    }

    public mutating func append(_ name: HeaderName, _ value: String) {
        fields.append(Field(name, value))
    }

    public mutating func prepend(_ name: HeaderName, _ value: String) {
        fields.insert(Field(name, value), at: 0)
    }

    /// Replaces all fields of a name by one, in the place of the first.
    public mutating func set(_ name: HeaderName, _ value: String) {
        if let index = fields.firstIndex(where: { $0.name == name }) {
            fields[index].value = value
            let tail = fields[(index + 1)...].filter { $0.name != name }
            fields.replaceSubrange((index + 1)..., with: tail)
        } else {
            append(name, value)
        }
    }

    public mutating func remove(_ name: HeaderName) {
        fields.removeAll { $0.name == name }
    }

    /// The elements of a comma-separated list over all fields of a name, each trimmed; empty elements are dropped.
    ///
    /// Commas in quoted strings and angle brackets don't separate. Not for dates and authentication fields, whose values
    /// hold commas (RFC 3261 §7.3.1).
    public func list(_ name: HeaderName) -> [String] {
        all(name).flatMap { Headers.split($0) }
    }

    static func split(_ value: String) -> [String] {
        let bytes = Array(value.utf8)
        var elements: [String] = []
        var start = 0
        var isQuoted = false
        var isBracketed = false
        var index = 0
        func close(_ end: Int) {
            let text = bytes[start..<end].trimmed
            if !text.isEmpty { elements.append(String(decoding: text, as: UTF8.self)) }
        }
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\\") where isQuoted: index += 1
            case UInt8(ascii: "\"") where !isBracketed: isQuoted.toggle()
            case UInt8(ascii: "<") where !isQuoted: isBracketed = true
            case UInt8(ascii: ">") where !isQuoted: isBracketed = false
            case UInt8(ascii: ",") where !isQuoted && !isBracketed:
                close(index)
                start = index + 1
            default: break
            }
            index += 1
        }
        close(bytes.count)
        return elements
    }
}

extension ArraySlice<UInt8> {
    /// Without spaces and tabs at either end.
    var trimmed: ArraySlice<UInt8> {
        var slice = self
        while let byte = slice.first, Grammar.isWhitespace(byte) { slice.removeFirst() }
        while let byte = slice.last, Grammar.isWhitespace(byte) { slice.removeLast() }
        return slice
    }
}

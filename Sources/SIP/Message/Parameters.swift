/// The `;name=value` list behind an address, a Via or a URI; names are compared without regard to case.
public struct Parameters: Hashable, Sendable {
    public struct Parameter: Hashable, Sendable {
        public let name: String
        /// Without quotes and backslashes; `nil` for a parameter that is only a name.
        public let value: String?
        /// Whether the value is written as a quoted string.
        public let isQuoted: Bool
    }

    /// In the order in which they are written.
    public private(set) var items: [Parameter] = []

    public init() {}

    public init(_ items: [(name: String, value: String?)]) {
        for item in items { set(item.name, item.value) }
    }

    public var isEmpty: Bool { items.isEmpty }

    /// The first value under a name; `nil` also for a parameter that is only a name. Assigning `nil` removes.
    public subscript(name: String) -> String? {
        get { items.first { Grammar.equal($0.name, name) }?.value }
        set {
            if let newValue { set(name, newValue) } else { remove(name) }
        }
    }

    public func contains(_ name: String) -> Bool { items.contains { Grammar.equal($0.name, name) } }

    /// Replaces the parameter of that name in its place, or appends it.
    ///
    /// - Parameters:
    ///   - name: A token.
    ///   - value: Unquoted and unescaped; it is quoted on writing when it has to be. `nil` for only a name.
    public mutating func set(_ name: String, _ value: String?) {
        let needsQuotes = value.map { $0.isEmpty || !$0.utf8.allSatisfy { Grammar.isParameterValue($0) } } ?? false
        let parameter = Parameter(name: name, value: value, isQuoted: needsQuotes)
        if let index = items.firstIndex(where: { Grammar.equal($0.name, name) }) {
            items[index] = parameter
        } else {
            items.append(parameter)
        }
    }

    public mutating func remove(_ name: String) {
        items.removeAll { Grammar.equal($0.name, name) }
    }

    mutating func append(_ parameter: Parameter) {
        items.append(parameter)
    }
}

extension Parameters {
    /// Reads `*( SEMI generic-param )` of a header field.
    init(scanning scanner: inout ByteScanner) throws(GrammarError) {
        while scanner.takeSeparator(UInt8(ascii: ";")) {
            append(try Parameters.expectParameter(&scanner))
        }
    }

    static func expectParameter(_ scanner: inout ByteScanner) throws(GrammarError) -> Parameter {
        guard let byte = scanner.current, Grammar.isToken(byte) else { throw scanner.failure(.badParameter) }
        let name = try scanner.expectToken()
        guard scanner.takeSeparator(UInt8(ascii: "=")) else {
            return Parameter(name: name, value: nil, isQuoted: false)
        }
        if scanner.current == UInt8(ascii: "\"") {
            return Parameter(name: name, value: try scanner.expectQuotedString(), isQuoted: true)
        }
        let range = scanner.takeWhile(Grammar.isParameterValue)
        guard !range.isEmpty else { throw scanner.failure(.badParameter) }
        return Parameter(name: name, value: scanner.text(range), isQuoted: false)
    }

    /// As in a header field, with quotes; empty when there are no parameters.
    var headerText: String {
        var text = ""
        for item in items {
            text += ";" + item.name
            guard let value = item.value else { continue }
            text += "=" + (item.isQuoted ? Parameters.quoted(value) : value)
        }
        return text
    }

    /// As in a URI, where values are kept escaped.
    var uriText: String {
        var text = ""
        for item in items {
            text += ";" + item.name
            if let value = item.value { text += "=" + value }
        }
        return text
    }

    /// `text` as a `quoted-string`; line breaks, which none can hold, become spaces.
    static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = [UInt8(ascii: "\"")]
        for byte in text.utf8 {
            if byte == 0x0D || byte == 0x0A {
                bytes.append(0x20)
                continue
            }
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 || byte == 0x7F {
                bytes.append(UInt8(ascii: "\\"))
            }
            bytes.append(byte)
        }
        bytes.append(UInt8(ascii: "\""))
        return String(decoding: bytes, as: UTF8.self)
    }
}

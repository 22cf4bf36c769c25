/// The header fields of an HTTP message (RFC 9110 §5), in order; names compare without case.
public struct HTTPFields: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    public struct Field: Sendable, Equatable {
        public var name: String
        public var value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    public private(set) var fields: [Field] = []

    public init() {}

    public init(dictionaryLiteral elements: (String, String)...) {
        fields = elements.map { Field(name: $0.0, value: $0.1) }
    }

    /// The value of the first field of that name; assigning replaces all of them, `nil` removes them.
    public subscript(name: String) -> String? {
        get { fields.first { HTTPFields.equal($0.name, name) }?.value }
        set {
            fields.removeAll { HTTPFields.equal($0.name, name) }
            if let newValue { fields.append(Field(name: name, value: newValue)) }
        }
    }

    /// The values of all fields of that name.
    public func values(_ name: String) -> [String] {
        fields.filter { HTTPFields.equal($0.name, name) }.map(\.value)
    }

    public mutating func append(name: String, value: String) {
        fields.append(Field(name: name, value: value))
    }

    /// Refuses what would end a field or a head early: control characters, and names that are no token
    /// (RFC 9110 §5.1, §5.5).
    func validate() throws(NetError) {
        for field in fields {
            guard !field.name.isEmpty, field.name.utf8.allSatisfy(HTTPFields.isTokenCharacter) else {
                throw NetError(.invalidArgument, "\"\(field.name)\" is no name of an HTTP header.")
            }
            guard field.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
                throw NetError(
                    .invalidArgument, "The HTTP header \(field.name) holds a control character, such as a line end.")
            }
        }
    }

    static func equal(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count && zip(left.utf8, right.utf8).allSatisfy { lowercase($0) == lowercase($1) }
    }

    private static func lowercase(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    /// `tchar` of RFC 9110 §5.6.2.
    static func isTokenCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}

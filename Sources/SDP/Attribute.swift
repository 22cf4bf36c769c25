/// An `a=` line: a property (`a=sendrecv`) or a name with a value (`a=ptime:20`), RFC 8866 §5.13.
public struct Attribute: Hashable, Sendable {
    /// Case-sensitive, as registered.
    public var name: String
    /// What follows the colon; `nil` for a property.
    public var value: String?

    public init(_ name: String, _ value: String? = nil) {
        self.name = name
        self.value = value
    }
}

extension Sequence<Attribute> {
    /// The value of the first attribute of this name that has one.
    func value(_ name: String) -> String? {
        first { $0.name == name && $0.value != nil }?.value
    }

    /// The values of all attributes of this name, in order.
    func values(_ name: String) -> [String] {
        compactMap { $0.name == name ? $0.value : nil }
    }

    func hasProperty(_ name: String) -> Bool {
        contains { $0.name == name }
    }

    /// The direction that these attributes state; `nil` if they state none.
    var direction: MediaDirection? {
        compactMap { MediaDirection(rawValue: $0.name) }.first
    }
}

/// A JSON value (RFC 8259).
///
/// Objects keep the order of their members, so that what is written is the same on every run.
public enum JSON: Hashable, Sendable {
    case null
    case bool(Bool)
    /// A number without fraction or exponent that fits in 64 bits.
    case integer(Int64)
    /// Any other finite number.
    case number(Double)
    case string(String)
    case array([JSON])
    case object(JSONObject)
}

/// The members of a JSON object, in order; a key stands at most once.
public struct JSONObject: Hashable, Sendable {
    public struct Member: Hashable, Sendable {
        public let key: String
        public var value: JSON
    }

    public private(set) var members: [Member] = []

    public init() {}

    public subscript(key: String) -> JSON? {
        get { members.first { $0.key == key }?.value }
        set {
            let index = members.firstIndex { $0.key == key }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(Member(key: key, value: value))
            case (nil, nil): break
            }
        }
    }

    public var isEmpty: Bool { members.isEmpty }
    public var count: Int { members.count }
    public var keys: [String] { members.map(\.key) }

    /// The object with each value changed.
    public func mapValues<Failure: Error>(_ change: (JSON) throws(Failure) -> JSON) throws(Failure) -> JSONObject {
        var changed = self
        for index in changed.members.indices { changed.members[index].value = try change(members[index].value) }
        return changed
    }

    /// Appends without looking for an equal key. The caller knows that there is none.
    ///
    /// - Returns: The index of the member.
    @discardableResult mutating func appendNew(key: String, value: JSON) -> Int {
        members.append(Member(key: key, value: value))
        return members.count - 1
    }

    /// Replaces the value of a member whose index the caller knows.
    mutating func replace(at index: Int, by value: JSON) {
        members[index].value = value
    }
}

extension JSON {
    /// The member of an object; `nil` for a missing member and for every other kind of value.
    public subscript(key: String) -> JSON? {
        get {
            guard case .object(let object) = self else { return nil }
            return object[key]
        }
        set {
            guard case .object(var object) = self else { return }
            object[key] = newValue
            self = .object(object)
        }
    }

    /// The element of an array; `nil` when out of bounds and for every other kind of value.
    public subscript(index: Int) -> JSON? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    public var string: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    public var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    /// The value as a whole number; a number with a zero fraction counts.
    public var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .number(let value): Int64(exactly: value)
        default: nil
        }
    }

    /// The value as a floating-point number.
    public var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    public var array: [JSON]? {
        guard case .array(let value) = self else { return nil }
        return value
    }

    public var object: JSONObject? {
        guard case .object(let value) = self else { return nil }
        return value
    }

    public var isNull: Bool { self == .null }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(nilLiteral: ()) { self = .null }

    public init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(JSONObject(members: elements))
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self.init(members: elements)
    }

    /// An object of the given members; the last of several equal keys wins.
    ///
    /// - Complexity: O(n).
    public init(members: some Sequence<(String, JSON)>) {
        var indices: [String: Int] = [:]
        for (key, value) in members {
            if let index = indices[key] {
                replace(at: index, by: value)
            } else {
                indices[key] = appendNew(key: key, value: value)
            }
        }
    }
}

/// A name in the text, where it is not a variable: a field, a label, an attribute.
public struct Name: Hashable, Sendable {
    public let text: String
    public let range: SourceRange
}

/// An expression (§3.4), with where it stands.
public struct Expression: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case `nil`
        case boolean(Bool)
        case integer(Int64)
        case float(Double)
        /// Its bytes, escapes resolved.
        case string([UInt8])
        /// `...`
        case vararg
        case function(FunctionID)
        case local(VariableID)
        /// A field of the chunk's `_ENV`.
        case global(String)
        /// The chunk's `_ENV` by name.
        case environment
        /// `base.name`
        case member(ExpressionID, Name)
        /// `base[key]`
        case index(ExpressionID, ExpressionID)
        case call(ExpressionID, [ExpressionID])
        /// `receiver:name(…)`
        case methodCall(ExpressionID, Name, [ExpressionID])
        case unary(UnaryOperator, ExpressionID)
        case binary(BinaryOperator, ExpressionID, ExpressionID)
        /// Parentheses, which cut many values to one.
        case parenthesized(ExpressionID)
        case table([TableField])
    }

    public internal(set) var kind: Kind
    public let range: SourceRange

    /// Whether it may have any number of values.
    public var isOpen: Bool {
        switch kind {
        case .call, .methodCall, .vararg: true
        default: false
        }
    }
}

/// A field in a table constructor (§3.4.9).
public enum TableField: Hashable, Sendable {
    case positional(ExpressionID)
    case named(Name, ExpressionID)
    case keyed(ExpressionID, ExpressionID)
}

/// A function's parameters and body; the chunk is one too.
public struct Function: Hashable, Sendable {
    /// As messages call it: `greet`, `CallActions:end_call`; `nil` for one without a name.
    public internal(set) var name: String?
    /// What it was declared inside of; `nil` for the chunk.
    public let parent: FunctionID?
    /// Without `self` of a method.
    public internal(set) var parameters: [VariableID] = []
    /// `self` of a function that was declared with a colon.
    public internal(set) var selfVariable: VariableID?
    public internal(set) var isVararg: Bool
    public internal(set) var body: BlockID?
    /// From `function` to its `end`.
    public internal(set) var range: SourceRange
}

/// A statement (§3.3), with where it stands.
public struct Statement: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case local([VariableID], [ExpressionID])
        case localFunction(VariableID, FunctionID)
        case assignment([ExpressionID], [ExpressionID])
        /// `function a.b:c() … end`; a method's target is the field `c`.
        case function(ExpressionID, FunctionID)
        case call(ExpressionID)
        case `do`(BlockID)
        case `while`(ExpressionID, BlockID)
        case `repeat`(BlockID, ExpressionID)
        case `if`([ConditionalBlock], otherwise: BlockID?)
        case numericFor(VariableID, [ExpressionID], BlockID)
        case genericFor([VariableID], [ExpressionID], BlockID)
        case `return`([ExpressionID])
        case `break`
        case goto(Name)
        case label(Name)
        /// `;`
        case empty
    }

    public let kind: Kind
    public let range: SourceRange
}

/// `if` or `elseif` with its condition.
public struct ConditionalBlock: Hashable, Sendable {
    public let condition: ExpressionID
    public let block: BlockID
}

/// Statements that share a scope.
public struct Block: Hashable, Sendable {
    public let statements: [StatementID]
}

/// A label, and whether a `goto` leads to it.
public struct Label: Hashable, Sendable {
    public let name: Name
    public internal(set) var isUsed: Bool
}

/// A local variable or parameter, and how the chunk uses it.
public struct Variable: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case local
        case localFunction
        case parameter
        /// The `self` that a colon declares.
        case receiver
        case loop
    }

    public enum Attribute: String, Hashable, Sendable {
        /// `<const>`
        case constant = "const"
        /// `<close>`
        case toBeClosed = "close"
    }

    public let name: String
    /// Where it is declared; for `self`, the function's name.
    public let range: SourceRange
    public let kind: Kind
    public internal(set) var attribute: Attribute?
    public let function: FunctionID
    /// The bytes of the text in which the name means this variable, but for those that shadow it.
    public internal(set) var scope: Range<Int>
    public internal(set) var reads = 0
    /// Assignments after its declaration.
    public internal(set) var writes = 0
    /// What it begins with, where that is one expression's first value.
    public internal(set) var initializer: ExpressionID?
    /// The function of a `local function`.
    public internal(set) var declaredFunction: FunctionID?
    /// The statement's other variables get their values from the same call: from the position of the first such
    /// variable, to the last.
    public internal(set) var sharedWith: Range<Int>?

    /// Whether it keeps what it begins with.
    public var isNeverReassigned: Bool { writes == 0 }
}

/// A Lua text as a tree, with every name resolved to its variable.
///
/// Expressions, statements, functions and variables are stored flat and refer to each other by position; what an
/// expression consists of stands before it. So no depth of nesting in the text becomes depth of recursion in what
/// reads the tree.
public struct LuaChunk: Sendable {
    public internal(set) var source: [UInt8]
    public internal(set) var expressions: [Expression] = []
    public internal(set) var statements: [Statement] = []
    /// The first is the chunk itself, a function with `...`.
    public internal(set) var functions: [Function] = []
    /// In the order of their declarations.
    public internal(set) var variables: [Variable] = []
    public internal(set) var labels: [Label] = []
    /// Every block, so also each function's body.
    public internal(set) var blocks: [Block] = []
    public internal(set) var comments: [Comment] = []
    /// Errors of syntax, in the order of the text.
    public internal(set) var problems: [LuaDiagnostic] = []
    /// Whether the text was read to its end. When not, the last problem says where reading stopped, and the tree has
    /// what stands before.
    public internal(set) var isComplete = false

    /// Reads a text as Lua 5.4 does (reference manual §3 and §9).
    ///
    /// It takes what Lua's own compiler takes, but for two limits of that compiler's code generator: registers in a
    /// function (255), and lengths of jumps.
    ///
    /// - Parameters:
    ///   - skipsShebang: Whether a first line that begins with `#` is passed over, as Lua does for files and not for
    ///     texts in memory; so too for a byte order mark.
    ///   - maximumDepth: How deep blocks and expressions may nest. Lua has 200 less what its caller uses.
    /// - Complexity: Linear in the length of the text.
    public init(parsing source: [UInt8], skipsShebang: Bool = true, maximumDepth: Int = 195) {
        self.source = source
        var parser = Parser(chunk: self, skipsShebang: skipsShebang, maximumDepth: maximumDepth)
        parser.parseChunk()
        self = parser.finished
    }

    public subscript(id: ExpressionID) -> Expression { expressions[id.index] }
    public subscript(id: StatementID) -> Statement { statements[id.index] }
    public subscript(id: FunctionID) -> Function { functions[id.index] }
    public subscript(id: BlockID) -> Block { blocks[id.index] }
    public internal(set) subscript(id: VariableID) -> Variable {
        get { variables[id.index] }
        set { variables[id.index] = newValue }
    }

    /// The bytes of a range as text.
    public func text(_ range: SourceRange) -> String {
        String(decoding: source[range.start.offset..<range.end.offset], as: UTF8.self)
    }
}

/// The place of an expression in its chunk.
public struct ExpressionID: Hashable, Sendable {
    public let index: Int
}

/// The place of a statement in its chunk.
public struct StatementID: Hashable, Sendable {
    public let index: Int
}

/// The place of a function in its chunk.
public struct FunctionID: Hashable, Sendable {
    public let index: Int
    /// The chunk itself.
    public static let main = FunctionID(index: 0)
}

/// The place of a variable in its chunk.
public struct VariableID: Hashable, Sendable {
    public let index: Int
}

/// The place of a block in its chunk.
public struct BlockID: Hashable, Sendable {
    public let index: Int
}

/// A comment, with its dashes and brackets.
public struct Comment: Hashable, Sendable {
    public let range: SourceRange
    /// Whether nothing but space stands before it in its line.
    public let beginsLine: Bool
}

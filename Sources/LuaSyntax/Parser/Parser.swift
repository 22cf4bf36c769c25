/// Reading cannot go on; why is among the problems.
struct Abandoned: Error {}

/// Where a construct was opened that a later word closes.
struct Opening {
    let word: String
    let position: SourcePosition
    /// Columns of space before the first word of that line.
    let indentation: Int
    /// `else if`, which opens an `if` of its own.
    var elseIf: SourceRange?
}

/// Reads a chunk by recursive descent (§9), resolving names as it goes.
struct Parser {
    var lexer: Lexer
    private(set) var token: Token
    private(set) var ahead: Token?
    /// The token before ``token``.
    private(set) var previous: Token
    var chunk: LuaChunk
    var scopes = ScopeStack()
    var problems: [LuaDiagnostic] = []
    /// The first `end` that is not indented like what it closes.
    var misfit: (opening: Opening, end: SourcePosition)?
    private let maximumDepth: Int
    private var depth = 0
    /// Table constructors around here whose brace stands behind a parenthesis, as a block's does in other languages.
    var bracesBehindParentheses = 0

    init(chunk: LuaChunk, skipsShebang: Bool, maximumDepth: Int) {
        self.chunk = chunk
        self.maximumDepth = maximumDepth
        lexer = Lexer(chunk.source, skipsShebang: skipsShebang)
        previous = Token(kind: .symbol(.semicolon), range: .start)
        token = lexer.next()
    }

    var finished: LuaChunk {
        var chunk = chunk
        chunk.comments = lexer.comments
        chunk.problems = (problems + lexer.problems).sorted { $0.range.start < $1.range.start }
        return chunk
    }

    mutating func parseChunk() {
        chunk.functions.append(Function(name: nil, parent: nil, isVararg: true, range: .start))
        scopes.enterFunction(.main)
        do throws(Abandoned) {
            let body = try block()
            guard token.kind == .endOfFile else { throw unexpectedEnd() }
            chunk.functions[0].body = body
            chunk.isComplete = true
        } catch {
            chunk.isComplete = false
        }
        chunk.functions[0].range = SourceRange(.start, token.range.end)
        problems += scopes.leaveFunction(at: chunk.source.count, in: &chunk).filter { _ in chunk.isComplete }
    }

    // MARK: Tokens

    mutating func advance() {
        previous = token
        token = ahead ?? lexer.next()
        ahead = nil
    }

    mutating func peek() -> Token {
        if let ahead { return ahead }
        let next = lexer.next()
        ahead = next
        return next
    }

    func at(_ symbol: Symbol) -> Bool { token.kind == .symbol(symbol) }
    func at(_ keyword: Keyword) -> Bool { token.kind == .keyword(keyword) }

    mutating func take(_ symbol: Symbol) -> Bool {
        guard at(symbol) else { return false }
        advance()
        return true
    }

    mutating func take(_ keyword: Keyword) -> Bool {
        guard at(keyword) else { return false }
        advance()
        return true
    }

    /// The text from a position to the last token that was read.
    func range(from start: SourcePosition) -> SourceRange { SourceRange(start, previous.range.end) }

    // MARK: Problems

    mutating func report(
        _ range: SourceRange, _ message: String, hint: String? = nil, notes: [LuaDiagnostic.Note] = []
    ) {
        guard problems.count < Lexer.maximumProblems else { return }
        problems.append(LuaDiagnostic(.error, .syntax, range, message, hint: hint, notes: notes))
    }

    /// Reports what ends the reading, unless the text was misread before and the report would be of its aftermath.
    ///
    /// - Parameter range: The current token when not given.
    mutating func failure(
        at range: SourceRange? = nil, _ message: String, hint: String? = nil, notes: [LuaDiagnostic.Note] = []
    ) -> Abandoned {
        let isKnown = lexer.isDerailed || lexer.problems.last?.range == token.range
        // A file ends where its last word does, for who looks for the place.
        let place = token.kind == .endOfFile ? SourceRange(previous.range.end, previous.range.end) : token.range
        if !isKnown { report(range ?? place, message, hint: hint ?? slipHint(), notes: notes) }
        return Abandoned()
    }

    mutating func enter() throws(Abandoned) {
        depth += 1
        guard depth <= maximumDepth else {
            throw failure("blocks or expressions are nested too deeply", hint: "Lua's limit is about 200 levels")
        }
    }

    mutating func leave() { depth -= 1 }

    /// Whether that many more levels are left.
    func hasDepth(_ levels: Int) -> Bool { depth + levels <= maximumDepth }

    // MARK: Names and punctuation

    mutating func name(_ what: String) throws(Abandoned) -> Name {
        guard case .name(let text) = token.kind else {
            var hint: String?
            if case .keyword(let keyword) = token.kind {
                hint = "'\(keyword.rawValue)' is a word of the language and cannot be a name"
            }
            throw failure("\(what) expected, found \(token.description)", hint: hint)
        }
        let name = Name(text: text, range: token.range)
        advance()
        return name
    }

    /// The word that follows in every program, such as `then` behind a condition.
    mutating func expect(_ keyword: Keyword, _ reason: String) throws(Abandoned) {
        if take(keyword) { return }
        let mistaken: [Keyword: Keyword] = [.then: .do, .do: .then]
        if let other = mistaken[keyword], at(other) {
            report(token.range, "'\(keyword.rawValue)' expected \(reason), found '\(other.rawValue)'")
            advance()
            return
        }
        let found = "'\(keyword.rawValue)' expected \(reason), found \(token.description)"
        // A statement in the next line shows that only the word is missing.
        if token.range.start.line > previous.range.end.line, beginsStatement, !lexer.isDerailed {
            let gap = SourceRange(previous.range.end, previous.range.end)
            report(gap, "'\(keyword.rawValue)' expected \(reason)", hint: "add '\(keyword.rawValue)' here")
            return
        }
        throw failure(found)
    }

    private var beginsStatement: Bool {
        switch token.kind {
        case .name: true
        case .keyword(let keyword):
            [.break, .do, .for, .function, .goto, .if, .local, .repeat, .return, .while, .end].contains(keyword)
        default: false
        }
    }

    mutating func expect(_ symbol: Symbol, _ reason: String) throws(Abandoned) {
        guard take(symbol) else {
            throw failure("'\(symbol.rawValue)' expected \(reason), found \(token.description)")
        }
    }

    /// The symbol that closes what was opened at `opening`.
    mutating func close(_ symbol: Symbol, _ opening: Token) throws(Abandoned) {
        guard take(symbol) else {
            let line = opening.range.start.line
            let place = line == token.range.start.line ? "" : " at line \(line)"
            throw failure(
                "'\(symbol.rawValue)' expected to close \(opening.description)\(place), found \(token.description)",
                notes: line == token.range.start.line
                    ? [] : [.init(range: opening.range, message: "\(opening.description) is opened here")])
        }
    }

    // MARK: The tree

    mutating func add(_ kind: Expression.Kind, from start: SourcePosition) -> ExpressionID {
        chunk.expressions.append(Expression(kind: kind, range: range(from: start)))
        return ExpressionID(index: chunk.expressions.count - 1)
    }

    mutating func add(_ kind: Statement.Kind, from start: SourcePosition) -> StatementID {
        chunk.statements.append(Statement(kind: kind, range: range(from: start)))
        return StatementID(index: chunk.statements.count - 1)
    }

    mutating func declare(
        _ name: Name, _ kind: Variable.Kind, attribute: Variable.Attribute? = nil
    ) -> VariableID {
        chunk.variables.append(
            Variable(
                name: name.text, range: name.range, kind: kind, attribute: attribute, function: scopes.function,
                scope: name.range.end.offset..<name.range.end.offset))
        return VariableID(index: chunk.variables.count - 1)
    }

    /// Makes variables usable, from here on.
    mutating func activate(_ variables: [VariableID]) {
        for variable in variables { scopes.activate(variable, at: token.range.start.offset, in: &chunk) }
    }

    mutating func checkRoom(for count: Int, at range: SourceRange) throws(Abandoned) {
        guard scopes.hasRoom(for: count) else {
            throw failure(
                at: range, "too many local variables in one function",
                hint: "Lua allows \(ScopeStack.maximumLocals); put some into a table, or into `do … end` blocks")
        }
    }
}

extension Parser {
    /// Statements up to a word that ends their block.
    mutating func block() throws(Abandoned) -> BlockID {
        var statements: [StatementID] = []
        while !atBlockEnd(withUntil: true) {
            let isReturn = at(.return)
            if let statement = try statement() { statements.append(statement) }
            if isReturn { break }
        }
        chunk.blocks.append(Block(statements: statements))
        return BlockID(index: chunk.blocks.count - 1)
    }

    private func atBlockEnd(withUntil: Bool) -> Bool {
        switch token.kind {
        case .endOfFile, .keyword(.end), .keyword(.else), .keyword(.elseif): true
        case .keyword(.until): withUntil
        default: false
        }
    }

    /// A block with names of its own.
    private mutating func scopedBlock(isLoop: Bool = false) throws(Abandoned) -> BlockID {
        scopes.enterBlock(isLoop: isLoop)
        let block = try block()
        scopes.leaveBlock(at: token.range.start.offset, in: &chunk)
        return block
    }

    /// - Returns: `nil` for a label that stands before another, and what was only noted as a slip.
    private mutating func statement() throws(Abandoned) -> StatementID? {
        try enter()
        defer { leave() }
        let start = token.range.start
        guard let kind = try statementKind() else { return nil }
        return add(kind, from: start)
    }

    private mutating func statementKind() throws(Abandoned) -> Statement.Kind? {
        guard case .keyword(let keyword) = token.kind else {
            if take(.semicolon) { return .empty }
            if at(.doubleColon) { return try label() }
            return try expressionStatement()
        }
        let opening = opening(keyword.rawValue)
        switch keyword {
        case .if: return try ifStatement(opening)
        case .while:
            advance()
            let condition = try condition()
            try expect(.do, "behind the condition of 'while'")
            let body = try scopedBlock(isLoop: true)
            try closeEnd(opening)
            return .while(condition, body)
        case .do:
            advance()
            let body = try scopedBlock()
            try closeEnd(opening)
            return .do(body)
        case .for: return try forStatement(opening)
        case .repeat: return try repeatStatement(opening)
        case .function: return try functionStatement(opening)
        case .local: return try localStatement()
        case .return: return try returnStatement()
        case .break:
            if !scopes.isInLoop { report(token.range, "'break' stands outside a loop") }
            advance()
            return .break
        case .goto:
            advance()
            let name = try name("the name of a label")
            scopes.goto(name, in: &chunk)
            return .goto(name)
        default:
            return try expressionStatement()
        }
    }

    private mutating func label() throws(Abandoned) -> Statement.Kind {
        advance()
        let name = try name("the name of a label")
        try expect(.doubleColon, "behind the label's name")
        while at(.semicolon) || at(.doubleColon) { _ = try statement() }
        problems += scopes.label(name, isLast: atBlockEnd(withUntil: false), in: &chunk)
        return .label(name)
    }

    /// A condition; `=` in it is taken for `==`.
    private mutating func condition() throws(Abandoned) -> ExpressionID {
        let start = token.range.start
        let left = try expression()
        guard at(.assign) else { return left }
        report(token.range, "'=' assigns, and stands in no condition", hint: "write '==' to compare")
        advance()
        let right = try expression()
        return add(.binary(.equal, left, right), from: start)
    }

    private mutating func ifStatement(_ opened: Opening) throws(Abandoned) -> Statement.Kind {
        var opening = opened
        var clauses: [ConditionalBlock] = []
        repeat {
            let word = at(.elseif) ? "elseif" : "if"
            advance()
            let condition = try condition()
            try expect(.then, "behind the condition of '\(word)'")
            clauses.append(ConditionalBlock(condition: condition, block: try scopedBlock()))
        } while at(.elseif)
        var otherwise: BlockID?
        if take(.else) {
            if at(.if), token.range.start.line == previous.range.end.line {
                opening.elseIf = SourceRange(previous.range.start, token.range.end)
            }
            otherwise = try scopedBlock()
            if at(.else) || at(.elseif) {
                throw failure(
                    "\(token.description) stands behind the 'else' of the same 'if'",
                    hint: "'else' comes last, and once")
            }
        }
        try closeEnd(opening)
        return .if(clauses, otherwise: otherwise)
    }

    private mutating func repeatStatement(_ opening: Opening) throws(Abandoned) -> Statement.Kind {
        advance()
        scopes.enterBlock(isLoop: true)
        scopes.enterBlock(isLoop: false)
        let body = try block()
        guard take(.until) else {
            throw unclosed(opening, by: "until", hint: at(.end) ? "'repeat' ends with `until CONDITION`" : nil)
        }
        let condition = try condition()
        scopes.leaveBlock(at: token.range.start.offset, in: &chunk)
        scopes.leaveBlock(at: token.range.start.offset, in: &chunk)
        return .repeat(body, condition)
    }

    private mutating func forStatement(_ opening: Opening) throws(Abandoned) -> Statement.Kind {
        advance()
        scopes.enterBlock(isLoop: true)
        var names = [try name("the name of the loop's variable")]
        let isNumeric = at(.assign)
        if !isNumeric {
            while take(.comma) { names.append(try name("the name of the loop's variable")) }
            guard at(.in) else {
                throw failure("'=' or 'in' expected behind the loop's variable, found \(token.description)")
            }
        }
        advance()
        let values = try expressions()
        if isNumeric, values.count < 2 || values.count > 3 {
            throw failure(
                "a numeric 'for' takes a first and a last value, and maybe a step",
                hint: values.count < 2 ? "write `for i = 1, 10 do`, or `for _, value in ipairs(list) do`" : nil)
        }
        try expect(.do, "behind the head of 'for'")
        let hidden = isNumeric ? 3 : 4
        try checkRoom(for: hidden + names.count, at: names[0].range)
        scopes.activateHidden(hidden)
        scopes.enterBlock(isLoop: false)
        let variables = names.map { declare($0, .loop) }
        activate(variables)
        let body = try block()
        let end = token.range.start.offset
        scopes.leaveBlock(at: end, in: &chunk)
        try closeEnd(opening)
        scopes.leaveBlock(at: end, in: &chunk)
        return isNumeric ? .numericFor(variables[0], values, body) : .genericFor(variables, values, body)
    }

    private mutating func functionStatement(_ opening: Opening) throws(Abandoned) -> Statement.Kind {
        advance()
        let start = token.range.start
        let first = try name("the function's name")
        var target = try reference(to: first)
        var last = first
        var text = first.text
        var isMethod = false
        while !isMethod, at(.dot) || at(.colon) {
            isMethod = at(.colon)
            advance()
            last = try name("the name of a field")
            text += (isMethod ? ":" : ".") + last.text
            target = add(.member(target, last), from: start)
        }
        if text == first.text { checkAssignable(target) }
        let function = try functionBody(
            opening, name: Name(text: text, range: last.range), isMethod: isMethod)
        return .function(target, function)
    }

    private mutating func localStatement() throws(Abandoned) -> Statement.Kind {
        let opening = opening("function")
        advance()
        if take(.function) {
            let name = try name("the function's name")
            try checkRoom(for: 1, at: name.range)
            let variable = declare(name, .localFunction)
            activate([variable])
            let function = try functionBody(opening, name: name, isMethod: false)
            chunk[variable].declaredFunction = function
            return .localFunction(variable, function)
        }
        var variables: [VariableID] = []
        var hasClose = false
        repeat {
            let name = try name("the name of a variable")
            try checkRoom(for: variables.count + 1, at: name.range)
            let attribute = try attribute()
            if attribute == .toBeClosed {
                if hasClose { report(name.range, "one 'local' has several variables with <close>") }
                hasClose = true
            }
            variables.append(declare(name, .local, attribute: attribute))
        } while take(.comma)
        var values: [ExpressionID] = []
        if take(.assign) { values = try expressions() }
        initialize(variables, with: values)
        activate(variables)
        return .local(variables, values)
    }

    private mutating func attribute() throws(Abandoned) -> Variable.Attribute? {
        guard take(.less) else { return nil }
        let name = try name("'const' or 'close'")
        let attribute = Variable.Attribute(rawValue: name.text)
        if attribute == nil { report(name.range, "unknown attribute '\(name.text)'", hint: "write <const> or <close>") }
        try expect(.greater, "behind the attribute")
        return attribute
    }

    private mutating func initialize(_ variables: [VariableID], with values: [ExpressionID]) {
        for (variable, value) in zip(variables, values) {
            chunk[variable].initializer = value
            if case .function(let function) = chunk[value].kind, chunk.functions[function.index].name == nil {
                chunk.functions[function.index].name = chunk[variable].name
            }
        }
        guard let last = values.last, chunk[last].isOpen, variables.count > values.count else { return }
        let shared = variables[values.count - 1].index..<(variables[variables.count - 1].index + 1)
        for variable in variables[(values.count - 1)...] { chunk[variable].sharedWith = shared }
    }

    private mutating func returnStatement() throws(Abandoned) -> Statement.Kind {
        let word = token
        advance()
        var values: [ExpressionID] = []
        if !atBlockEnd(withUntil: true), !at(.semicolon) { values = try expressions() }
        _ = take(.semicolon)
        guard atBlockEnd(withUntil: true) else {
            throw failure(
                "'return' must be the last statement of its block, and \(token.description) follows",
                hint: slipHint() ?? "to return in the middle of a block, write `do return end`",
                notes: word.range.start.line == token.range.start.line
                    ? [] : [.init(range: word.range, message: "the 'return' is here")])
        }
        return .return(values)
    }

    // MARK: Assignments and calls

    private mutating func expressionStatement() throws(Abandoned) -> Statement.Kind? {
        let start = token.range.start
        let first = try suffixedExpression()
        if at(.assign) || at(.comma) {
            var targets = [first]
            checkAssignable(first)
            while take(.comma) {
                guard hasDepth(targets.count) else {
                    throw failure("too many variables are assigned at once")
                }
                let target = try suffixedExpression()
                checkAssignable(target)
                targets.append(target)
            }
            try expect(.assign, "behind what is assigned to")
            let values = try expressions()
            if let value = values.first, case .function(let function) = chunk[value].kind {
                chunk.functions[function.index].name = chunk.text(chunk[first].range)
            }
            return .assignment(targets, values)
        }
        if case .foreign(let foreign) = token.kind, let slip = try compoundAssignment(first, foreign) { return slip }
        switch chunk[first].kind {
        case .call, .methodCall: return .call(first)
        default: break
        }
        guard token.range.start.line > previous.range.end.line || atBlockEnd(withUntil: true) else {
            if let hint = wordHint() {
                throw failure(at: previous.range, "\(previous.description) is not a word of Lua", hint: hint)
            }
            throw failure(
                "'=' or a call's arguments expected behind '\(chunk.text(range(from: start)))', "
                    + "found \(token.description)")
        }
        let text = chunk.text(range(from: start))
        report(
            range(from: start), "'\(text.prefix(60))' alone is not a statement",
            hint: loneWordHint(text) ?? "assign it to something, or call it: `\(text.prefix(60))()`")
        return nil
    }

    /// Marks the target of an assignment as written, not read.
    private mutating func checkAssignable(_ target: ExpressionID) {
        switch chunk[target].kind {
        case .local(let id):
            chunk[id].reads -= 1
            chunk[id].writes += 1
            guard let attribute = chunk[id].attribute else { return }
            let name = chunk[id].name
            report(
                chunk[target].range, "'\(name)' is <\(attribute.rawValue)> and cannot be assigned to",
                notes: [.init(range: chunk[id].range, message: "'\(name)' is declared here")])
        case .global, .environment, .member, .index: return
        default: report(chunk[target].range, "this cannot be assigned to", hint: "assign to a variable or a field")
        }
    }

    /// `a += b` and `a++`, as if Lua had them.
    private mutating func compoundAssignment(
        _ target: ExpressionID, _ foreign: Foreign
    ) throws(Abandoned) -> Statement.Kind? {
        let text = chunk.text(chunk[target].range)
        if foreign == .increment {
            report(token.range, "'++' is not an operator of Lua", hint: "write `\(text) = \(text) + 1`")
            advance()
            return .empty
        }
        guard let binary = foreign.compoundOperator else { return nil }
        report(
            token.range, "'\(foreign.rawValue)' is not an operator of Lua",
            hint: "write `\(text) = \(text) \(binary.rawValue) …`")
        checkAssignable(target)
        advance()
        return .assignment([target], [try expression()])
    }
}

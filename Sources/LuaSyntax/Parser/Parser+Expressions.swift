extension Parser {
    /// An expression whose binary operators hold stronger than `limit` (§3.4.8).
    mutating func expression(above limit: Int = 0) throws(Abandoned) -> ExpressionID {
        try enter()
        let start = token.range.start
        var left: ExpressionID
        if let unary = UnaryOperator(token.kind) {
            if case .foreign = token.kind { report(token.range, "'!' is not an operator of Lua", hint: "write 'not'") }
            advance()
            let operand = try expression(above: UnaryOperator.priority)
            left = add(.unary(unary, operand), from: start)
        } else {
            left = try simpleExpression()
        }
        while let binary = BinaryOperator(token.kind), binary.priority.left > limit {
            if case .foreign(let foreign) = token.kind {
                report(
                    token.range, "'\(foreign.rawValue)' is not an operator of Lua",
                    hint: "write '\(binary.rawValue)'")
            }
            advance()
            let right = try expression(above: binary.priority.right)
            left = add(.binary(binary, left, right), from: start)
        }
        leave()
        return left
    }

    /// One or several expressions behind each other.
    mutating func expressions() throws(Abandoned) -> [ExpressionID] {
        var list = [try expression()]
        while take(.comma) { list.append(try expression()) }
        return list
    }

    private mutating func simpleExpression() throws(Abandoned) -> ExpressionID {
        let start = token.range.start
        let kind: Expression.Kind
        switch token.kind {
        case .integer(let value): kind = .integer(value)
        case .float(let value): kind = .float(value)
        case .string(let bytes): kind = .string(bytes)
        case .keyword(.nil): kind = .nil
        case .keyword(.true): kind = .boolean(true)
        case .keyword(.false): kind = .boolean(false)
        case .symbol(.ellipsis):
            if !chunk[scopes.function].isVararg {
                report(
                    token.range, "'...' stands in a function that does not take it",
                    hint: "declare it as the function's last parameter, or pack it outside: local arguments = { ... }")
            }
            kind = .vararg
        case .symbol(.leftBrace): return try tableConstructor()
        case .keyword(.function):
            let opening = opening("function")
            advance()
            let function = try functionBody(opening, name: nil, isMethod: false)
            return add(.function(function), from: start)
        default: return try suffixedExpression()
        }
        advance()
        return add(kind, from: start)
    }

    /// A name, a field, a call (`prefixexp` of §9).
    mutating func suffixedExpression() throws(Abandoned) -> ExpressionID {
        let start = token.range.start
        var expression = try primaryExpression()
        while true {
            switch token.kind {
            case .symbol(.dot):
                advance()
                expression = add(.member(expression, try name("the name of a field")), from: start)
            case .symbol(.leftBracket):
                let opening = token
                advance()
                let key = try self.expression()
                try close(.rightBracket, opening)
                expression = add(.index(expression, key), from: start)
            case .symbol(.colon):
                advance()
                let method = try name("the name of a method")
                guard let arguments = try arguments() else {
                    throw failure(
                        "arguments expected for the method '\(method.text)', found \(token.description)",
                        hint: "a method is called, `a:\(method.text)()`; a field is read with a dot, `a.\(method.text)`"
                    )
                }
                expression = add(.methodCall(expression, method, arguments), from: start)
            default:
                guard let arguments = try arguments() else { return expression }
                expression = add(.call(expression, arguments), from: start)
            }
        }
    }

    private mutating func primaryExpression() throws(Abandoned) -> ExpressionID {
        let start = token.range.start
        switch token.kind {
        case .name(let text):
            let name = Name(text: text, range: token.range)
            advance()
            return try reference(to: name)
        case .symbol(.leftParenthesis):
            let opening = token
            advance()
            let inner = try expression()
            try close(.rightParenthesis, opening)
            return add(.parenthesized(inner), from: start)
        default:
            throw failure("expression expected, found \(token.description)")
        }
    }

    /// A use of a variable; without one, of a field of `_ENV`.
    mutating func reference(to name: Name) throws(Abandoned) -> ExpressionID {
        if let id = try variable(name.text, name.range) {
            chunk[id].reads += 1
            return add(.local(id), from: name.range.start)
        }
        if name.text == "_ENV" { return add(.environment, from: name.range.start) }
        if let environment = scopes.variable("_ENV") {
            chunk[environment].reads += 1
            let base = add(.local(environment), from: name.range.start)
            return add(.member(base, name), from: name.range.start)
        }
        return add(.global(name.text), from: name.range.start)
    }

    private mutating func variable(_ name: String, _ range: SourceRange) throws(Abandoned) -> VariableID? {
        let id = scopes.variable(name)
        let used = id ?? scopes.variable("_ENV")
        guard scopes.capture(used, declaredIn: used.map { chunk[$0].function } ?? .main) else {
            throw failure(
                at: range, "the function uses too many variables of those around it",
                hint: "Lua allows \(ScopeStack.maximumUpvalues); put some into a table")
        }
        return id
    }

    /// - Returns: `nil` when no arguments stand here.
    private mutating func arguments() throws(Abandoned) -> [ExpressionID]? {
        let start = token.range.start
        switch token.kind {
        case .string(let bytes):
            advance()
            return [add(.string(bytes), from: start)]
        case .symbol(.leftBrace):
            return [try tableConstructor()]
        case .symbol(.leftParenthesis):
            let opening = token
            advance()
            if take(.rightParenthesis) { return [] }
            let list = try expressions()
            try close(.rightParenthesis, opening)
            return list
        default: return nil
        }
    }

    // MARK: Tables and functions

    private mutating func tableConstructor() throws(Abandoned) -> ExpressionID {
        let opening = token
        let isBehindParenthesis = previous.kind == .symbol(.rightParenthesis)
        if isBehindParenthesis { bracesBehindParentheses += 1 }
        advance()
        var fields: [TableField] = []
        while !at(.rightBrace) {
            fields.append(try tableField())
            if !take(.comma), !take(.semicolon) { break }
        }
        guard take(.rightBrace) else { throw unfinishedTable(opening) }
        if isBehindParenthesis { bracesBehindParentheses -= 1 }
        return add(.table(fields), from: opening.range.start)
    }

    private mutating func tableField() throws(Abandoned) -> TableField {
        if at(.leftBracket) {
            let bracket = token
            advance()
            let key = try expression()
            try close(.rightBracket, bracket)
            try expect(.assign, "behind the key")
            return .keyed(key, try expression())
        }
        if case .name(let text) = token.kind, peek().kind == .symbol(.assign) {
            let name = Name(text: text, range: token.range)
            advance()
            advance()
            let value = try expression()
            if case .function(let function) = chunk[value].kind { chunk.functions[function.index].name = text }
            return .named(name, value)
        }
        return .positional(try expression())
    }

    /// Parameters, body and `end`, behind the word `function` and the name.
    mutating func functionBody(
        _ opening: Opening, name functionName: Name?, isMethod: Bool
    ) throws(Abandoned) -> FunctionID {
        let id = FunctionID(index: chunk.functions.count)
        let start = opening.position
        chunk.functions.append(
            Function(
                name: functionName?.text, parent: scopes.function, isVararg: false, range: range(from: start)))
        scopes.enterFunction(id)
        if isMethod, let functionName {
            let receiver = declare(Name(text: "self", range: functionName.range), .receiver)
            chunk.functions[id.index].selfVariable = receiver
            activate([receiver])
        }
        try parameters(of: id)
        let body = try block()
        chunk.functions[id.index].body = body
        let end = token.range.start.offset
        try closeEnd(opening, name: functionName?.text)
        chunk.functions[id.index].range = range(from: start)
        problems += scopes.leaveFunction(at: end, in: &chunk)
        return id
    }

    private mutating func parameters(of id: FunctionID) throws(Abandoned) {
        let parenthesis = token
        try expect(.leftParenthesis, "before the function's parameters")
        var parameters: [VariableID] = []
        if !at(.rightParenthesis) {
            repeat {
                if take(.ellipsis) {
                    chunk.functions[id.index].isVararg = true
                    break
                }
                let name = try name("the name of a parameter")
                try checkRoom(for: parameters.count + 1, at: name.range)
                parameters.append(declare(name, .parameter))
            } while take(.comma)
        }
        try close(.rightParenthesis, parenthesis)
        chunk.functions[id.index].parameters = parameters
        activate(parameters)
    }
}

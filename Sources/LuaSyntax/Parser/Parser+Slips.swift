extension Parser {
    /// A construct that the current token opens and a later word closes.
    func opening(_ word: String) -> Opening {
        Opening(word: word, position: token.range.start, indentation: indentation(of: token))
    }

    /// Columns of space before the first word in a token's line.
    private func indentation(of token: Token) -> Int {
        let lineStart = token.range.start.offset - (token.range.start.column - 1)
        return chunk.source[lineStart..<token.range.start.offset].prefix { $0 == 0x20 || $0 == 0x09 }.count
    }

    private func isFirstInLine(_ token: Token) -> Bool { indentation(of: token) == token.range.start.column - 1 }

    // MARK: Missing and superfluous 'end'

    mutating func closeEnd(_ opening: Opening, name: String? = nil) throws(Abandoned) {
        guard at(.end) else { throw unclosed(opening, by: "end", name: name) }
        let end = token
        advance()
        guard misfit == nil, end.range.start.line > opening.position.line, isFirstInLine(end),
            indentation(of: end) != opening.indentation
        else { return }
        misfit = (opening, end.range.start)
    }

    mutating func unclosed(
        _ opening: Opening, by closing: String, name: String? = nil, hint: String? = nil
    ) -> Abandoned {
        let line = opening.position.line
        let place = line == token.range.start.line ? "" : " at line \(line)"
        let what = name.map { "'\(opening.word) \($0)'" } ?? "'\(opening.word)'"
        var hint = hint
        var notes: [LuaDiagnostic.Note] = []
        if token.kind == .endOfFile {
            let culprit = misfit.map { $0.opening.indentation > 0 || $0.opening.elseIf != nil ? $0.opening : opening }
            if let elseIf = opening.elseIf ?? culprit?.elseIf {
                hint = "`else if` opens an 'if' that needs an 'end' of its own: write `elseif`"
                notes.append(.init(range: elseIf, message: "`else if` is here"))
            } else if let misfit, misfit.end.column - 1 < misfit.opening.indentation {
                hint =
                    "the 'end' of line \(misfit.end.line) closes '\(misfit.opening.word)' of line "
                    + "\(misfit.opening.position.line), which is indented deeper: one seems to be missing before it"
                notes.append(
                    .init(range: word(of: misfit.opening), message: "this '\(misfit.opening.word)' is closed too late"))
            }
        }
        if notes.isEmpty, !place.isEmpty {
            notes.append(.init(range: word(of: opening), message: "'\(opening.word)' is opened here"))
        }
        return failure(
            "'\(closing)' expected to close \(what)\(place), found \(token.description)", hint: hint, notes: notes)
    }

    private func word(of opening: Opening) -> SourceRange {
        var end = opening.position
        end.offset += opening.word.utf8.count
        end.column += opening.word.utf8.count
        return SourceRange(opening.position, end)
    }

    /// A word that ends a block, where none is open.
    mutating func unexpectedEnd() -> Abandoned {
        guard at(.end) else {
            return failure(
                "\(token.description) belongs to no 'if' or 'repeat'",
                hint: misfit.map { "see the 'end' of line \($0.end.line), which closes more than its indentation says" }
            )
        }
        var hint: String?
        var notes: [LuaDiagnostic.Note] = []
        if let misfit, misfit.end.column - 1 > misfit.opening.indentation {
            hint =
                "the 'end' of line \(misfit.end.line) closes '\(misfit.opening.word)' of line "
                + "\(misfit.opening.position.line), though it is indented deeper: is it one too many?"
            var end = misfit.end
            end.offset += 3
            end.column += 3
            notes.append(.init(range: SourceRange(misfit.end, end), message: "this 'end' may be the one too many"))
        }
        return failure("this 'end' closes nothing", hint: hint, notes: notes)
    }

    // MARK: Tables

    mutating func unfinishedTable(_ opening: Token) -> Abandoned {
        let line = opening.range.start.line
        let place = line == token.range.start.line ? "" : " at line \(line)"
        let notes: [LuaDiagnostic.Note] =
            place.isEmpty ? [] : [.init(range: opening.range, message: "the table begins here")]
        switch token.kind {
        case .symbol(.colon):
            return failure(
                "'=' expected between a field and its value, found ':'",
                hint: "write `name = value`, or `[\"name\"] = value`", notes: notes)
        case .symbol(.assign):
            return failure(
                "this cannot be the name of a field", hint: "write `name = value`, or `[\"name\"] = value`",
                notes: notes)
        case .name, .string, .integer, .float, .keyword(.function), .keyword(.true), .keyword(.false), .keyword(.nil),
            .symbol(.leftBrace), .symbol(.leftBracket):
            let gap = SourceRange(previous.range.end, previous.range.end)
            return failure(
                at: slipHint() == nil ? gap : nil,
                "',' or '}' expected in the table that begins\(place.isEmpty ? " here" : place), "
                    + "found \(token.description)",
                hint: slipHint() ?? "a comma is missing between two fields", notes: notes)
        default:
            return failure(
                "'}' expected to close '{'\(place), found \(token.description)", notes: notes)
        }
    }

    // MARK: Other languages

    /// What to write instead of what other languages write, where the parser stands; `nil` when nothing fits.
    func slipHint() -> String? {
        switch token.kind {
        case .foreign(let foreign): return hint(for: foreign)
        case .symbol(.floorDivide), .symbol(.length):
            return isFirstInLine(token) ? "a comment begins with --" : nil
        case .symbol(.leftBrace) where previous.kind == .symbol(.rightParenthesis) || previous.kind == .keyword(.else):
            return Self.bracesHint
        case .symbol(.rightBrace):
            return previous.kind == .symbol(.semicolon) ? "blocks end with 'end' in Lua, not with '}'" : nil
        case .symbol(.colon):
            if previous.kind == .symbol(.rightParenthesis) || previous.kind == .keyword(.else) {
                return "blocks begin with 'then' or 'do', and end with 'end'"
            }
            return "types stand in comments: `---@param name string`, `---@type string`"
        case .symbol(.assign): return "'==' compares; default values are set in the body: `a = a or 1`"
        case .symbol(.rightParenthesis) where previous.kind == .symbol(.comma): return "remove the ',' before it"
        case .keyword(.return), .keyword(.local), .keyword(.if), .keyword(.for), .keyword(.while):
            return bracesBehindParentheses > 0 ? Self.bracesHint : nil
        case .name(let name): return hint(for: name)
        default: break
        }
        return wordHint()
    }

    private static let bracesHint = "blocks have no braces in Lua: `if … then … end`, `function … end`"

    private func hint(for name: String) -> String? {
        if case .string = previous.kind, previous.range.end.offset == token.range.start.offset {
            return "the string ends before '\(name)': write \\' for an apostrophe in it, or put it between \""
        }
        return wordHint()
    }

    /// For a word of another language before the token.
    func wordHint() -> String? {
        guard case .name(let word) = previous.kind else { return nil }
        switch word {
        case "let", "var", "const", "int", "string", "auto": return "declare a variable with `local`"
        case "def", "func", "fn", "fun", "sub": return "declare a function with `function name() … end`"
        case "elif", "elsif", "elsei": return "write `elseif … then`"
        case "switch", "match", "case": return "Lua has no '\(word)': use `if … elseif … end`, or a table"
        case "try", "catch", "throw", "except", "raise":
            return "Lua has no '\(word)': use `local ok, err = pcall(f)` and `error(message)`"
        case "foreach": return "write `for key, value in pairs(t) do`"
        case "import", "from", "include", "using": return "write `local name = require \"name\"`"
        case "class", "struct": return "a class is a table: `local Name = {}`, `function Name:method() … end`"
        case "async", "await": return "Lua has no '\(word)': functions of the host wait by themselves"
        case "new": return "Lua has no 'new': make a table, `{ … }`"
        case "unless": return "write `if not … then`"
        case "is": return "compare with '=='"
        default: return nil
        }
    }

    private func hint(for foreign: Foreign) -> String? {
        if let same = foreign.binaryOperator { return "write '\(same.rawValue)'" }
        switch foreign {
        case .bang: return "write 'not'"
        case .question: return "write `condition and a or b`"
        case .fatArrow, .thinArrow: return "write `function(…) return … end`"
        case .blockComment: return "a comment of several lines is --[[ … ]]"
        case .increment: return "write `a = a + 1`"
        default:
            return foreign.compoundOperator.map { "an assignment is a statement: `a = a \($0.rawValue) b`" }
        }
    }

    /// For a word that stands alone where a statement should.
    func loneWordHint(_ word: String) -> String? {
        switch word {
        case "continue": "Lua has no 'continue': `goto continue`, with `::continue::` before the loop's 'end'"
        case "pass": "an empty block needs no statement"
        case "try": "Lua has no 'try': use `local ok, err = pcall(f)`"
        case "exit", "quit": "write `return`"
        default: nil
        }
    }
}

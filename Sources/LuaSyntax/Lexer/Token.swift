/// One word of a Lua text.
struct Token: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case endOfFile
        case name(String)
        case string([UInt8])
        case integer(Int64)
        case float(Double)
        case keyword(Keyword)
        case symbol(Symbol)
        /// What other languages write and Lua never does.
        case foreign(Foreign)
    }

    var kind: Kind
    var range: SourceRange

    /// As a message calls it.
    var description: String {
        switch kind {
        case .endOfFile: "the end of the file"
        case .name(let name): "'\(name)'"
        case .string: "a string"
        case .integer, .float: "a number"
        case .keyword(let keyword): "'\(keyword.rawValue)'"
        case .symbol(let symbol): "'\(symbol.rawValue)'"
        case .foreign(let foreign): "'\(foreign.rawValue)'"
        }
    }
}

/// The reserved words (§3.1).
enum Keyword: String, Hashable, Sendable, CaseIterable {
    case and, `break`, `do`, `else`, elseif, end, `false`, `for`, function, goto, `if`, `in`, local, `nil`, not, or
    case `repeat`, `return`, then, `true`, until, `while`

    static let byName = Dictionary(uniqueKeysWithValues: allCases.map { ($0.rawValue, $0) })
}

/// The other tokens (§3.1).
enum Symbol: String, Hashable, Sendable {
    case plus = "+"
    case minus = "-"
    case times = "*"
    case divide = "/"
    case floorDivide = "//"
    case modulo = "%"
    case power = "^"
    case length = "#"
    case ampersand = "&"
    case tilde = "~"
    case bar = "|"
    case shiftLeft = "<<"
    case shiftRight = ">>"
    case equal = "=="
    case notEqual = "~="
    case lessOrEqual = "<="
    case greaterOrEqual = ">="
    case less = "<"
    case greater = ">"
    case assign = "="
    case leftParenthesis = "("
    case rightParenthesis = ")"
    case leftBrace = "{"
    case rightBrace = "}"
    case leftBracket = "["
    case rightBracket = "]"
    case doubleColon = "::"
    case semicolon = ";"
    case colon = ":"
    case comma = ","
    case dot = "."
    case concatenate = ".."
    case ellipsis = "..."
}

/// Sequences of symbols of other languages, none of which can stand in a Lua program.
enum Foreign: String, Hashable, Sendable {
    case notEqual = "!="
    case identityNotEqual = "!=="
    case identityEqual = "==="
    case bang = "!"
    case and = "&&"
    case or = "||"
    case increment = "++"
    case plusAssign = "+="
    case minusAssign = "-="
    case timesAssign = "*="
    case divideAssign = "/="
    case moduloAssign = "%="
    case powerAssign = "^="
    case concatenateAssign = "..="
    case barAssign = "|="
    case ampersandAssign = "&="
    case question = "?"
    case coalesce = "??"
    case fatArrow = "=>"
    case thinArrow = "->"
    case blockComment = "/*"

    /// The operator with which `a op= b` is `a = a op b`.
    var compoundOperator: BinaryOperator? {
        switch self {
        case .plusAssign: .add
        case .minusAssign: .subtract
        case .timesAssign: .multiply
        case .divideAssign: .divide
        case .moduloAssign: .modulo
        case .powerAssign: .power
        case .concatenateAssign: .concatenate
        case .barAssign: .bitOr
        case .ampersandAssign: .bitAnd
        default: nil
        }
    }

    /// The operator of Lua that means the same between two operands.
    var binaryOperator: BinaryOperator? {
        switch self {
        case .notEqual, .identityNotEqual: .notEqual
        case .identityEqual: .equal
        case .and: .and
        case .or, .coalesce: .or
        default: nil
        }
    }
}

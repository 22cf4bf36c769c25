/// The operators with two operands (§3.4).
public enum BinaryOperator: String, Hashable, Sendable, CaseIterable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case floorDivide = "//"
    case modulo = "%"
    case power = "^"
    case concatenate = ".."
    case bitAnd = "&"
    case bitOr = "|"
    case bitXor = "~"
    case shiftLeft = "<<"
    case shiftRight = ">>"
    case equal = "=="
    case notEqual = "~="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case and
    case or

    /// How strongly it holds its operands (§3.4.8); the right is less than the left when it is right associative.
    var priority: (left: Int, right: Int) {
        switch self {
        case .or: (1, 1)
        case .and: (2, 2)
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: (3, 3)
        case .bitOr: (4, 4)
        case .bitXor: (5, 5)
        case .bitAnd: (6, 6)
        case .shiftLeft, .shiftRight: (7, 7)
        case .concatenate: (9, 8)
        case .add, .subtract: (10, 10)
        case .multiply, .divide, .floorDivide, .modulo: (11, 11)
        case .power: (14, 13)
        }
    }

    init?(_ token: Token.Kind) {
        switch token {
        case .keyword(.and): self = .and
        case .keyword(.or): self = .or
        case .symbol(let symbol): self.init(symbol)
        case .foreign(let foreign):
            guard let same = foreign.binaryOperator else { return nil }
            self = same
        default: return nil
        }
    }

    private init?(_ symbol: Symbol) {
        switch symbol {
        case .plus: self = .add
        case .minus: self = .subtract
        case .times: self = .multiply
        case .divide: self = .divide
        case .floorDivide: self = .floorDivide
        case .modulo: self = .modulo
        case .power: self = .power
        case .concatenate: self = .concatenate
        case .ampersand: self = .bitAnd
        case .bar: self = .bitOr
        case .tilde: self = .bitXor
        case .shiftLeft: self = .shiftLeft
        case .shiftRight: self = .shiftRight
        case .equal: self = .equal
        case .notEqual: self = .notEqual
        case .less: self = .less
        case .lessOrEqual: self = .lessOrEqual
        case .greater: self = .greater
        case .greaterOrEqual: self = .greaterOrEqual
        default: return nil
        }
    }
}

/// The operators with one operand (§3.4).
public enum UnaryOperator: String, Hashable, Sendable, CaseIterable {
    case negate = "-"
    case not
    case length = "#"
    case bitNot = "~"

    /// Stronger than every binary operator but the left side of `^`.
    static let priority = 12

    init?(_ token: Token.Kind) {
        switch token {
        case .keyword(.not), .foreign(.bang): self = .not
        case .symbol(.minus): self = .negate
        case .symbol(.length): self = .length
        case .symbol(.tilde): self = .bitNot
        default: return nil
        }
    }
}

/// How a chunk uses its globals as a whole, and where it only asks whether something is there.
struct GlobalUse {
    private(set) var assigned: Set<String> = []
    /// Whether globals may come and go in ways that nobody can follow.
    private(set) var isOpen = false
    /// By expression: whether `nil` would do, because it is only tested.
    private(set) var isTested: [Bool]
    /// Names that are tested somewhere, and may be used behind the test.
    private(set) var testedNames: Set<String> = []
    /// By expression: whether it is assigned to.
    private(set) var isTarget: [Bool]

    init(_ chunk: LuaChunk) {
        isTested = Array(repeating: false, count: chunk.expressions.count)
        isTarget = isTested
        var isBase = isTested
        for expression in chunk.expressions {
            switch expression.kind {
            case .member(let base, _): isBase[base.index] = true
            case .index(let base, let key):
                if case .string = chunk[key].kind { isBase[base.index] = true }
            default: noteTests(expression, in: chunk)
            }
        }
        for statement in chunk.statements {
            switch statement.kind {
            case .assignment(let targets, _): for target in targets { assign(target, in: chunk) }
            case .function(let target, _): assign(target, in: chunk)
            case .while(let condition, _), .repeat(_, let condition): isTested[condition.index] = true
            case .if(let clauses, _): for clause in clauses { isTested[clause.condition.index] = true }
            default: break
            }
        }
        for (index, expression) in chunk.expressions.enumerated() where !isBase[index] {
            if Self.isGlobalTable(expression.kind) { isOpen = true }
        }
        for (index, expression) in chunk.expressions.enumerated().reversed() where isTested[index] {
            switch expression.kind {
            case .parenthesized(let inner): isTested[inner.index] = true
            case .global(let name): testedNames.insert(name)
            default: break
            }
        }
    }

    private static func isGlobalTable(_ kind: Expression.Kind) -> Bool {
        kind == .environment || kind == .global("_G")
    }

    private mutating func noteTests(_ expression: Expression, in chunk: LuaChunk) {
        switch expression.kind {
        case .unary(.not, let operand): isTested[operand.index] = true
        case .binary(.and, let left, _): isTested[left.index] = true
        case .binary(.or, let left, let right):
            isTested[left.index] = true
            // `table.unpack or unpack`: what this Lua has not, another has.
            switch chunk[left].kind {
            case .global, .member: isTested[right.index] = true
            default: break
            }
        case .binary(.equal, let left, let right), .binary(.notEqual, let left, let right):
            if chunk[right].kind == .nil { isTested[left.index] = true }
            if chunk[left].kind == .nil { isTested[right.index] = true }
        case .call(let callee, let arguments):
            if chunk[callee].kind == .global("type"), let first = arguments.first { isTested[first.index] = true }
        default: break
        }
    }

    private mutating func assign(_ target: ExpressionID, in chunk: LuaChunk) {
        isTarget[target.index] = true
        switch chunk[target].kind {
        case .global(let name): assigned.insert(name)
        case .environment: isOpen = true
        case .member(let base, let name):
            if Self.isGlobalTable(chunk[base].kind) { assigned.insert(name.text) }
        case .index(let base, let key):
            guard Self.isGlobalTable(chunk[base].kind) else { return }
            if case .string(let bytes) = chunk[key].kind {
                assigned.insert(String(decoding: bytes, as: UTF8.self))
            } else {
                isOpen = true
            }
        default: break
        }
    }
}

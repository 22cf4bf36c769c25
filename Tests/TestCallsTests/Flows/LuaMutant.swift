import SansIO

@testable import LuaSyntax

/// A text of Lua with one thing in it that is wrong.
struct LuaMutant {
    enum Kind: String, CaseIterable {
        /// A call or an assignment that is missing.
        case drop
        /// A condition that holds when it should not, or an operator in place of its opposite.
        case branch
        /// Another word in what is said or returned.
        case sentence
        /// Another number, or another key.
        case number
    }

    let kind: Kind
    /// What stands in the text where the mutant has ``replacement``.
    let range: SourceRange
    let replacement: String
    /// The statement that it changes, and the name of the function around it: what tests of it may mention.
    let surroundings: String
    private let original: String

    var description: String {
        "line \(range.start.line): \(Self.shown(original)) → \(replacement.isEmpty ? "nothing" : Self.shown(replacement))"
    }

    private static func shown(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return "`\(line.count > 60 ? line.prefix(57) + "…" : line[...])`"
    }

    /// The text with the fault in it.
    func text(of source: [UInt8]) -> [UInt8] {
        Array(source[..<range.start.offset]) + Array(replacement.utf8) + Array(source[range.end.offset...])
    }

    init(_ kind: Kind, _ range: SourceRange, _ replacement: String, in chunk: LuaChunk) {
        self.kind = kind
        self.range = range
        self.replacement = replacement
        original = chunk.text(range)
        let around = chunk.functions.last { $0.parent != nil && $0.range.contains(range) }
        let statement = chunk.statements.last { $0.range.contains(range) && $0.range.end.line - $0.range.start.line < 6 }
        surroundings = (around?.name ?? "") + " " + (statement.map { chunk.text($0.range) } ?? original)
    }
}

/// All mutants of a flow's text.
///
/// What nobody hears is left alone: log lines, and conditions that only decide about them; instructions for the model
/// and what else is written to it alone; the agent's name and voice.
struct LuaMutation {
    private let chunk: LuaChunk
    /// Parts of the text that are left alone.
    private var silent: [SourceRange] = []
    private(set) var mutants: [LuaMutant] = []

    private static let unheardMethods: Set = ["log", "send_text", "set_instructions"]
    private static let unheardFields: Set = ["instructions", "name", "mode", "voice"]
    private static let opposites: [BinaryOperator: BinaryOperator] = [
        .and: .or, .or: .and, .equal: .notEqual, .notEqual: .equal, .less: .greaterOrEqual, .greaterOrEqual: .less,
        .greater: .lessOrEqual, .lessOrEqual: .greater,
    ]

    init(of source: [UInt8]) {
        chunk = LuaChunk(parsing: source)
        findSilence()
        for statement in chunk.statements { mutate(statement) }
        for index in chunk.expressions.indices { mutate(chunk.expressions[index]) }
    }

    // MARK: What is left alone

    private mutating func findSilence() {
        for expression in chunk.expressions {
            switch expression.kind {
            case .methodCall(_, let name, _) where Self.unheardMethods.contains(name.text):
                silent.append(expression.range)
            case .call(let function, _) where chunk.text(chunk[function].range) == "require":
                silent.append(expression.range)
            case .table(let fields):
                for case .named(let name, let value) in fields where Self.unheardFields.contains(name.text) {
                    if case .string = chunk[value].kind { silent.append(chunk[value].range) }
                }
            case .string where chunk.text(expression.range).hasPrefix("["): silent.append(expression.range)
            default: break
            }
        }
        for statement in chunk.statements {
            guard case .if(let branches, let otherwise) = statement.kind else { continue }
            let blocks = branches.map(\.block) + (otherwise.map { [$0] } ?? [])
            if blocks.allSatisfy({ block in chunk[block].statements.allSatisfy { isSilent(chunk[$0].range) } }) {
                silent.append(statement.range)
            }
        }
    }

    private func isSilent(_ range: SourceRange) -> Bool { silent.contains { $0.contains(range) } }

    private mutating func add(_ kind: LuaMutant.Kind, _ range: SourceRange, _ replacement: String) {
        guard !isSilent(range) else { return }
        mutants.append(LuaMutant(kind, range, replacement, in: chunk))
    }

    // MARK: What is changed

    private mutating func mutate(_ statement: Statement) {
        switch statement.kind {
        case .call, .assignment: add(.drop, statement.range, "")
        case .if(let branches, _): for branch in branches { negate(branch.condition) }
        case .while(let condition, _), .repeat(_, let condition): negate(condition)
        default: break
        }
    }

    private mutating func negate(_ condition: ExpressionID) {
        let range = chunk[condition].range
        add(.branch, range, "not (\(chunk.text(range)))")
    }

    private mutating func mutate(_ expression: Expression) {
        switch expression.kind {
        case .binary(let written, let left, let right):
            let between = SourceRange(chunk[left].range.end, chunk[right].range.start)
            guard let opposite = Self.opposites[written] else { return }
            guard !isSilent(expression.range) else { return }
            let text = chunk.text(between).replacing(written.rawValue, with: opposite.rawValue, maxReplacements: 1)
            add(.branch, between, text)
        case .integer(let number): add(.number, expression.range, "\(number + 1)")
        case .float(let number): add(.number, expression.range, "\(number * 2)")
        case .string: mutateText(expression.range)
        default: break
        }
    }

    /// Changes the longest word of a text, or the key that it names.
    private mutating func mutateText(_ range: SourceRange) {
        let text = chunk.text(range)
        let inside = String(text.dropFirst().dropLast())
        if inside.count == 1, let key = inside.first, key.isNumber || "*#".contains(key) {
            add(.number, range, text.replacing(inside, with: key == "*" ? "#" : key == "#" ? "*" : next(key)))
            return
        }
        let words = inside.split { !$0.isLetter && $0 != "_" }.map { String($0) }
        guard let word = words.max(by: { $0.count < $1.count }), word.count > 2 else { return }
        add(.sentence, range, text.replacing(word, with: word == "other" ? "another" : "other", maxReplacements: 1))
    }

    /// The digit behind a digit.
    private func next(_ key: Character) -> String { "\(((key.wholeNumberValue ?? 0) + 1) % 10)" }
}

extension SourceRange {
    fileprivate func contains(_ other: SourceRange) -> Bool { start <= other.start && other.end <= end }
}

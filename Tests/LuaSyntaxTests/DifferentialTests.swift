import LuaRuntime
import LuaSyntax
import Testing

@Suite("Agreement with Lua's own compiler") struct DifferentialTests {
    private struct Comparison {
        let state: LuaState
        var compared = 0
        var accepted = 0
        var sameLine = 0

        init() throws {
            state = try LuaState(limits: LuaLimits(), randomSeed: 1)
        }

        /// What Lua says of a text; `nil` when it compiles.
        func verdict(_ text: [UInt8]) throws -> LuaFault? {
            do throws(LuaFault) {
                _ = try state.load(text, chunkName: "t")
                return nil
            } catch {
                return error
            }
        }

        mutating func compare(_ text: [UInt8]) throws {
            let fault = try verdict(text)
            let chunk = LuaChunk(parsing: text, skipsShebang: false)
            compared += 1
            if fault == nil { accepted += 1 }
            let program = String(decoding: text, as: UTF8.self)
            #expect(
                (fault == nil) == chunk.problems.isEmpty,
                "Lua: \(fault?.message ?? "accepted"); here: \(chunk.problems.first?.message ?? "accepted")\n\(program)"
            )
            #expect(chunk.problems.isEmpty ? chunk.isComplete : true)
            if let line = fault?.line, line == chunk.problems.first?.range.start.line { sameLine += 1 }
        }
    }

    @Test("the shipped files and the grammar's corners are accepted by both")
    func programs() throws {
        var comparison = try Comparison()
        let programs = try Programs.shipped() + Programs.grammar.map { Array($0.utf8) }
        for program in programs { try comparison.compare(program) }
        #expect(comparison.accepted == programs.count)
    }

    @Test("of mutated programs, both accept the same ones", arguments: 0..<8 as Range<UInt64>)
    func mutated(seed: UInt64) throws {
        var comparison = try Comparison()
        var mutator = Mutator(seed: seed)
        let grammar = Programs.grammar.map { Array($0.utf8) }
        let programs = grammar + grammar + (try Programs.shipped())
        for _ in 0..<500 {
            let program = programs[mutator.below(programs.count)]
            let other = programs[mutator.below(programs.count)]
            let mutated =
                mutator.below(2) == 0
                ? mutator.bytes(program, other: other) : mutator.tokens(program, other: other)
            try comparison.compare(mutated)
        }
        #expect(comparison.accepted > 10)
    }
}

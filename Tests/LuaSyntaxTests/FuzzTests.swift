import LuaSyntax
import SansIO
import Testing

@Suite("Mutated and random texts") struct FuzzTests {
    @Test(
        "nothing that a file can hold stops the check, and every place it names is in the file",
        arguments: 0..<6 as Range<UInt64>)
    func mutated(seed: UInt64) throws {
        var mutator = Mutator(seed: 1_000 + seed)
        let programs = try Programs.shipped() + Programs.grammar.map { Array($0.utf8) }
        let renderer = DiagnosticRenderer(usesColour: false, width: 60)
        for _ in 0..<400 {
            var text = programs[mutator.below(programs.count)]
            for _ in 0...mutator.below(4) { text = mutator.bytes(text, other: programs[mutator.below(programs.count)]) }
            check(text, renderer)
        }
        for _ in 0..<400 {
            var text: [UInt8] = []
            for _ in 0..<mutator.below(60) { text += mutator.words[mutator.below(mutator.words.count)] + [0x20] }
            check(text, renderer)
        }
    }

    private func check(_ text: [UInt8], _ renderer: DiagnosticRenderer) {
        let lines = text.split(omittingEmptySubsequences: false) { $0 == 0x0A || $0 == 0x0D }.count
        for diagnostic in LuaAnalysis.check(text, api: .host) {
            let range = diagnostic.range
            #expect(range.start.offset <= range.end.offset && range.end.offset <= text.count)
            #expect((1...lines).contains(range.start.line) && range.start.column >= 1)
            #expect(range.start.column <= range.start.offset + 1)
            let output = renderer.render(diagnostic, file: "t.lua", source: text)
            #expect(!output.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
        }
    }
}

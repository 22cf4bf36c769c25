import LuaSyntax
import Testing

@Suite("Parser") struct ParserTests {
    @Test("an empty text is a program") func empty() {
        #expect(LuaChunk(parsing: []).problems.isEmpty)
    }
}

import LuaSyntax
import SansIO
import Testing

@Suite("Rendered diagnostics") struct RendererTests {
    private func rendered(_ text: String, colour: Bool = false, width: Int = 120) -> [String] {
        let source = Array(text.utf8)
        let renderer = DiagnosticRenderer(usesColour: colour, width: width)
        return LuaAnalysis.check(source, api: .host).flatMap { diagnostic in
            renderer.render(diagnostic, file: "flows/x.lua", source: source)
                .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        }
    }

    @Test("place, message, line, mark and hint")
    func plain() {
        #expect(
            rendered("---@param call moonline.Call\nlocal function f(call)\n  call.sya(\"é\", 1)\nend\nf()\n") == [
                "flows/x.lua:3:8: error: 'call' has no member 'sya' (did you mean 'say'?) [undefined-field]",
                "    3 |   call.sya(\"é\", 1)",
                "      |        ^~~",
            ])
        #expect(
            rendered("prin(1)\nlocal t = {\n  1\n  2\n}") == [
                "flows/x.lua:3:4: error: ',' or '}' expected in the table that begins at line 2, found a number",
                "    3 |   1",
                "      |    ^",
                "   hint: a comma is missing between two fields",
                "flows/x.lua:2:11: note: the table begins here",
                "    2 | local t = {",
                "      |           ^",
            ])
    }

    @Test("tabs, wide and combining characters keep the mark below its word")
    func columns() {
        #expect(
            rendered("\tprint(\"日本e\u{301}🙂\", foo1)") == [
                "flows/x.lua:1:25: error: undefined global 'foo1' [undefined-global]",
                "    1 |     print(\"日本e\u{301}🙂\", foo1)",
                "      |                      ^~~~",
            ])
    }

    @Test("a long line is cut around the mark")
    func longLines() {
        let filler = String(repeating: "x", count: 300)
        let lines = rendered("local a = \"\(filler)\" .. foo1 .. \"\(filler)\" return a", width: 60)
        #expect(lines.count == 3)
        #expect(lines[1].count <= 62)
        #expect(lines[1].contains("…") && lines[1].contains(" .. foo1 .. "))
        let mark = lines[2].firstIndex(of: "^").map { lines[2].distance(from: lines[2].startIndex, to: $0) } ?? 0
        #expect(lines[1].dropFirst(mark).hasPrefix("foo1"))
        #expect(rendered("return \"\(filler)", width: 60)[1].count <= 62)
    }

    @Test("colour only when asked; control characters never")
    func colour() {
        #expect(rendered("foo1()").allSatisfy { !$0.contains("\u{1B}") })
        let coloured = rendered("foo1()", colour: true)
        #expect(coloured.first?.contains("\u{1B}[1;31merror:\u{1B}[0m") == true)
        let hostile = rendered("local a = \"\u{1B}[2J\u{202E}\" .. foo1 return a['\\\u{1B}']")
        #expect(hostile.allSatisfy { !$0.contains("\u{1B}") && !$0.contains("\u{202E}") })
        #expect(hostile.contains { $0.contains("\u{FFFD}") })
    }

    @Test("a place that is known by line and column takes in the word that stands there")
    func places() {
        let source = Array("a = 1\r\n  name = x".utf8)
        let range = SourceRange(line: 2, column: 3, in: source)
        #expect(range.start == SourcePosition(offset: 9, line: 2, column: 3))
        #expect(range.end == SourcePosition(offset: 13, line: 2, column: 7))
        #expect(SourceRange(line: 1, column: 3, in: source).end.column == 4)
        #expect(SourceRange(line: 99, column: 99, in: source).start == SourcePosition(offset: 17, line: 2, column: 11))
        #expect(SourceRange(line: 1, in: []) == .start)
    }

    @Test("as JSON, for editors")
    func json() throws {
        let diagnostic = try #require(LuaAnalysis.check(Array("print(\n  nul)".utf8), api: .host).first)
        let json = diagnostic.json(file: "flows/x.lua")
        #expect(
            json.text
                == #"{"file":"flows/x.lua","line":2,"column":3,"end_line":2,"end_column":6,"severity":"error","#
                + #""code":"undefined-global","message":"undefined global 'nul'","hint":null,"notes":[]}"#)
    }
}

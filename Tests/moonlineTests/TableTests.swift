import Testing

@testable import moonline

@Suite("Tables")
struct TableTests {
    @Test("columns are as wide as their widest cell, and no line ends in spaces")
    func columns() {
        var table = Table(header: ["ID", "NAME", ""])
        table.rows = [["1", "a long one", "x"], ["a long id", "b", ""]]
        #expect(table.lines == ["ID         NAME", "1          a long one  x", "a long id  b"])
    }

    @Test("rows may be shorter or longer than the header")
    func raggedRows() {
        var table = Table(header: ["A", "B"])
        table.rows = [[], ["1"], ["1", "2", "3"]]
        #expect(table.lines == ["A  B", "", "1", "1  2"])
    }

    @Test("width is counted in characters, not in bytes")
    func characters() {
        var table = Table(header: ["A", "B"])
        table.rows = [["äöü", "x"], ["abc", "y"]]
        #expect(table.lines == ["A    B", "äöü  x", "abc  y"])
    }
}

/// A place in a text.
public struct SourcePosition: Hashable, Sendable, Comparable {
    /// In bytes, from 0.
    public var offset: Int
    /// From 1. Lines end as Lua counts them: at `\n`, `\r`, `\r\n` or `\n\r`.
    public var line: Int
    /// In bytes, from 1.
    public var column: Int

    public init(offset: Int, line: Int, column: Int) {
        self.offset = offset
        self.line = line
        self.column = column
    }

    /// Before the first byte.
    public static let start = SourcePosition(offset: 0, line: 1, column: 1)

    public static func < (left: SourcePosition, right: SourcePosition) -> Bool { left.offset < right.offset }
}

/// A half-open part of a text.
public struct SourceRange: Hashable, Sendable {
    public var start: SourcePosition
    /// Behind the last byte.
    public var end: SourcePosition

    public init(_ start: SourcePosition, _ end: SourcePosition) {
        self.start = start
        self.end = max(start, end)
    }

    /// The name that stands at a place, or the one byte; for places that come from elsewhere.
    ///
    /// - Parameters:
    ///   - line: From 1; one that the text does not have counts as its last.
    ///   - column: In bytes, from 1; one that the line does not have counts as its end.
    public init(line: Int, column: Int = 1, in source: [UInt8]) {
        var lexer = Lexer(source, skipsShebang: false)
        while lexer.line < line, !lexer.isAtEnd {
            if lexer.byte(0).isLineEnd { lexer.skipLineEnd() } else { lexer.offset += 1 }
        }
        lexer.offset = lexer.lineStart
        while lexer.position.column < column, !lexer.isAtEnd, !lexer.byte(0).isLineEnd { lexer.offset += 1 }
        start = lexer.position
        while !lexer.isAtEnd, lexer.byte(0).isNamePart { lexer.offset += 1 }
        if lexer.offset == start.offset, !lexer.isAtEnd, !lexer.byte(0).isLineEnd { lexer.offset += 1 }
        end = lexer.position
    }

    /// Before the first byte, empty.
    public static let start = SourceRange(.start, .start)
}

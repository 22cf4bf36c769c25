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

    /// Before the first byte, empty.
    public static let start = SourceRange(.start, .start)
}

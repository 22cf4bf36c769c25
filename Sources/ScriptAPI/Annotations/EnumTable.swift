import SansIO

/// Reads the table below `---@enum`: names and values that are written out.
struct EnumTable {
    /// In the order of the text.
    private(set) var members: [(name: String?, value: JSON)] = []
    private let source: AnnotatedSource
    private var line: Int
    private var scanner: AnnotationScanner

    private static let hint = "write `local Name = { A = \"a\", B = \"b\" }` right below, or ---@alias Name \"a\"|\"b\""

    /// - Parameter line: Where the table begins, from 1.
    /// - Throws: what is wrong, with its line.
    init(in source: AnnotatedSource, from line: Int) throws(AnnotationProblem) {
        self.source = source
        self.line = line
        scanner = AnnotationScanner(line <= source.lines.count ? source.lines[line - 1] : "")
        do throws(AnnotationProblem) {
            try read()
        } catch {
            throw error.placed(line: min(self.line, max(1, source.lines.count)))
        }
    }

    private mutating func read() throws(AnnotationProblem) {
        scanner.skipSpaces()
        _ = scanner.take(word: "local")
        scanner.skipSpaces()
        guard scanner.name() != nil else { throw problem("there is no table below ---@enum") }
        scanner.skipSpaces()
        if scanner.take("<const>") { scanner.skipSpaces() }
        guard scanner.take("=") else { throw problem("there is no table below ---@enum") }
        skip()
        guard scanner.take("{") else { throw problem("there is no table below ---@enum") }
        while true {
            skip()
            if scanner.take("}") { return }
            let name = try key()
            guard let value = try literal() else { throw problem("the value is not written out") }
            members.append((name, value))
            skip()
            if !scanner.take(","), !scanner.take(";"), !scanner.has("}") { throw problem("expected ',' or '}'") }
        }
    }

    /// `name =` or `["name"] =`; `nil` before a value without a name.
    private mutating func key() throws(AnnotationProblem) -> String? {
        var name: String?
        if scanner.take("[") {
            skip()
            guard let key = try literal() else { throw problem("the key is not written out") }
            name = key.string ?? key.text
            skip()
            guard scanner.take("]") else { throw problem("expected ']'") }
        } else {
            var ahead = scanner
            guard let word = ahead.name(), word.utf8.first.map({ !(0x30...0x39).contains($0) }) ?? false else {
                return nil
            }
            ahead.skipSpaces()
            guard ahead.has("=") else { return nil }
            name = word
            scanner = ahead
        }
        skip()
        guard scanner.take("=") else { throw problem("expected '='") }
        skip()
        return name
    }

    private mutating func literal() throws(AnnotationProblem) -> JSON? {
        if let byte = scanner.current, byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
            return .string(try scanner.quoted(by: byte))
        }
        if let number = try scanner.number() { return number }
        if scanner.take(word: "true") { return true }
        if scanner.take(word: "false") { return false }
        return nil
    }

    /// Goes on to the next sign, over comments and ends of lines.
    private mutating func skip() {
        while true {
            scanner.skipSpaces()
            guard scanner.isAtEnd || scanner.has("--"), line < source.lines.count else { return }
            line += 1
            scanner = AnnotationScanner(source.lines[line - 1])
        }
    }

    private func problem(_ message: String) -> AnnotationProblem {
        AnnotationProblem(column: scanner.column, message: message, hint: Self.hint)
    }
}

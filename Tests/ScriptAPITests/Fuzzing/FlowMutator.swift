import SansIO

/// Changes the texts of flows at random, in the same way for the same seed.
struct FlowMutator {
    var random: SeededRandom
    let corpus: [[UInt8]]

    /// What a text grows to at most. [byte]
    private static let longestText = 150_000

    mutating func mutant() -> [UInt8] {
        var text = corpus[below(corpus.count)]
        for _ in 0...below(below(4) + 1) {
            text = changed(text)
            if text.count > Self.longestText { text.removeSubrange(Self.longestText...) }
        }
        return text
    }

    mutating func changed(_ text: [UInt8]) -> [UInt8] {
        guard !text.isEmpty else { return corpus[below(corpus.count)] }
        return switch below(14) {
        case 0: flipped(text)
        case 1: spliced(text)
        case 2: withoutPart(text)
        case 3: withPartTwice(text)
        case 4, 5: withLinesChanged(text)
        case 6, 7: withTokensSwapped(text)
        case 8: withTokenOfAnother(text)
        case 9: withTokensReplaced(text, .number, by: Self.numbers)
        case 10: withTokensReplaced(text, .string, by: Self.strings + [longString()])
        case 11: withTokensReplaced(text, .word, by: Self.words)
        default: withStatement(text)
        }
    }

    private mutating func below(_ count: Int) -> Int { Int.random(in: 0..<max(1, count), using: &random) }

    /// A part of a text that is likelier short than long.
    private mutating func part(of count: Int) -> Range<Int> {
        let start = below(count)
        return start..<min(count, start + 1 + below(below(8) == 0 ? 400 : 12))
    }

    // Bytes

    private mutating func flipped(_ text: [UInt8]) -> [UInt8] {
        var text = text
        for _ in 0...below(4) {
            let index = below(text.count)
            if random.chance(0.5) {
                text[index] ^= 1 << UInt8(below(8))
            } else {
                text[index] = UInt8.random(in: 0...255, using: &random)
            }
        }
        return text
    }

    private mutating func withoutPart(_ text: [UInt8]) -> [UInt8] {
        var text = text
        text.removeSubrange(part(of: text.count))
        return text
    }

    private mutating func withPartTwice(_ text: [UInt8]) -> [UInt8] {
        var text = text
        let part = part(of: text.count)
        text.insert(contentsOf: Array(text[part]), at: random.chance(0.5) ? part.upperBound : below(text.count))
        return text
    }

    private mutating func spliced(_ text: [UInt8]) -> [UInt8] {
        let other = corpus[below(corpus.count)]
        return Array(text[..<below(text.count)] + other[below(other.count)...])
    }

    // Lines

    private mutating func withLinesChanged(_ text: [UInt8]) -> [UInt8] {
        var lines = lines(of: text)
        let index = below(lines.count)
        switch below(4) {
        case 0: lines.remove(at: index)
        case 1: lines.insert(lines[index], at: below(lines.count))
        case 2: lines.swapAt(index, below(lines.count))
        default:
            let others = self.lines(of: corpus[below(corpus.count)])
            let from = below(others.count)
            lines.insert(contentsOf: others[from..<min(others.count, from + 1 + below(6))], at: index)
        }
        return Array(lines.joined(separator: [UInt8(ascii: "\n")]))
    }

    /// A statement that is at odds with the sandbox, at the beginning of a function.
    private mutating func withStatement(_ text: [UInt8]) -> [UInt8] {
        var lines = lines(of: text)
        let heads = lines.indices.filter { index in
            let line = String(decoding: lines[index], as: UTF8.self)
            return line.contains("function") && line.hasSuffix(")")
        }
        guard !heads.isEmpty else { return text }
        lines.insert(Array(Self.statements[below(Self.statements.count)].utf8), at: heads[below(heads.count)] + 1)
        return Array(lines.joined(separator: [UInt8(ascii: "\n")]))
    }

    private func lines(of text: [UInt8]) -> [[UInt8]] {
        text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
    }

    // Tokens

    private mutating func withTokensSwapped(_ text: [UInt8]) -> [UInt8] {
        let tokens = FlowToken.all(in: text)
        guard let first = tokens.indices.randomElement(using: &random) else { return text }
        let alike = tokens.filter { $0.kind == tokens[first].kind }
        let second = alike[below(alike.count)]
        let (low, high) =
            tokens[first].range.lowerBound < second.range.lowerBound
            ? (tokens[first].range, second.range) : (second.range, tokens[first].range)
        guard low != high else { return text }
        return Array(
            text[..<low.lowerBound] + text[high] + text[low.upperBound..<high.lowerBound] + text[low]
                + text[high.upperBound...])
    }

    private mutating func withTokenOfAnother(_ text: [UInt8]) -> [UInt8] {
        let other = corpus[below(corpus.count)]
        guard let token = FlowToken.all(in: text).randomElement(using: &random),
            let given = FlowToken.all(in: other).filter({ $0.kind == token.kind }).randomElement(using: &random)
        else { return text }
        return Array(text[..<token.range.lowerBound] + other[given.range] + text[token.range.upperBound...])
    }

    private mutating func withTokensReplaced(_ text: [UInt8], _ kind: FlowToken.Kind, by others: [String]) -> [UInt8] {
        var text = text
        for _ in 0...below(3) {
            guard let token = FlowToken.all(in: text).filter({ $0.kind == kind }).randomElement(using: &random) else {
                break
            }
            text.replaceSubrange(token.range, with: others[below(others.count)].utf8)
        }
        return text
    }

    private mutating func longString() -> String {
        let pieces = ["x", "%", "(", "a?", "\\0", "\\xff", "é", "[", ".*", "\\u{10FFFF}"]
        return "\"" + String(repeating: pieces[below(pieces.count)], count: 1 << below(15)) + "\""
    }
}

extension FlowMutator {
    fileprivate static let numbers = [
        "0", "-1", "1e308", "-1e308", "1e999", "(0/0)", "math.huge", "-math.huge", "5e-324", "0x7fffffffffffffff",
        "math.mininteger", "9223372036854775808", "2^53", "2147483648", "-2147483649", "65536", "0.1", "1e9", "1e15",
        "0x.8p1",
    ]

    fileprivate static let strings = [
        "\"\"", "\"\\0\"", "\"%\"", "\"%f[%a]%b()\"", "\"[%a-z]*\"", "\"(.-)-(.-)-(.-)%1%2\"", "\"\\xff\\xfe\"",
        "'null'",
        "[[\n]]", "\"%99d\"", "\"%s%s%s%s\"", "\"__gc\"", "\"__index\"", "\"..\"", "\"../flow\"", "\"flow\"",
        "\"1e400\"",
        "\"+15105550199\"", "\"9999-12-31T23:59:59Z\"", "\"\\27[2J\"", "'{\"a\":[[[[[[1]]]]]]}'", "{}", "nil",
    ]

    fileprivate static let words = [
        "nil", "true", "false", "call", "self", "moonline", "string", "table", "coroutine", "error", "pcall", "pairs",
        "setmetatable", "getmetatable", "rawset", "rawget", "load", "require", "print", "tostring", "json", "store",
        "and", "or", "not", "end", "return", "break", "local", "function", "_ENV", "_G", "state", "sleep", "agent",
    ]

    /// Each is a statement wherever statements can stand.
    fileprivate static let statements = [
        "while true do end",
        "do local t = {} while true do t[#t + 1] = {} end end",
        "do local s = 'x' while true do s = s .. s end end",
        "do local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(i) end end",
        "do local f f = function() return f() + 1 end f() end",
        "do local f f = function(...) return pcall(f, f, ...) end f() end",
        "do local s = ('a'):rep(3e4) s:find(('a?'):rep(2e4) .. 'b') end",
        "do local s = ('a'):rep(200) for _ = 1, 1e6 do s:match('.-.-.-.-b') end end",
        "do local s = ('x'):rep(1e5) for _ = 1, 1e6 do s:gsub('x', '%0%0') end end",
        "do local t = {} t[1] = t error(t) end",
        "do error(setmetatable({}, { __tostring = function() error({}) end })) end",
        "do local c <close> = setmetatable({}, { __close = function() while true do end end }) error('x') end",
        "do local c <close> = setmetatable({}, { __close = function(_, e) error(e) end }) moonline.sleep(1) end",
        "do local c <close> = setmetatable({}, { __close = function() moonline.sleep(1) end }) end",
        "while true do pcall(error) end",
        "while true do moonline.sleep(0) end",
        "do for _ = 1, 1e6 do coroutine.wrap(function() coroutine.yield() end)() end end",
        "do local c = coroutine.wrap(function() moonline.sleep(1) error('in it') end) pcall(c) c() end",
        "do local c c = coroutine.create(function() return coroutine.close(c) end) coroutine.resume(c) end",
        "do local t = {} for i = 1, 3e3 do t[i] = 3e3 - i end table.sort(t, function(a, b) return true end) end",
        "do table.sort({ 3, 1, 2 }, function() moonline.sleep(1) end) end",
        "do string.gsub('abc', '%w', function() moonline.sleep(1) end) end",
        "do setmetatable(_G, { __index = function(_, k) return k end, __newindex = error }) end",
        "do string.rep = print moonline.sleep = print end",
        "do local m = getmetatable('') m.__index = nil end",
        "do load(('('):rep(1e4))() end",
        "do load('return ' .. ('{'):rep(150) .. ('}'):rep(150))() end",
        "do load('\\27Lua')() end",
        "do local t = {} for i = 1, 100 do t = { t } end return t end",
        "do local t = {} for i = 1, 7e4 do t[i] = i end return t end",
        "do return setmetatable({}, { __index = error, __pairs = error, __len = error }) end",
        "do return ('\\xff'):rep(2e3) end",
        "do return { [1] = 1, [3] = 3 }, { a = print }, 0/0 end",
        "do for i = 1, 1e6 do print(('x'):rep(1e3)) end end",
        "do collectgarbage() collectgarbage('count') math.randomseed(1) return math.random(0) end",
        "do local t = setmetatable({}, { __len = function() return 1e15 end }) return table.unpack(t) end",
        "do return table.unpack({}, 1, 1e6) end",
        "do return table.unpack({}, math.mininteger, math.maxinteger) end",
        "do return table.concat({}, 'x', 1, math.maxinteger) end",
        "do return table.move({ 1 }, 1, math.maxinteger - 1, 2) end",
        "do local json = require 'json' local t = { ('\\0'):rep(1e5) } while true do json.encode(t) end end",
        "do local json = require 'json' local s = ('['):rep(60) .. (']'):rep(60) while true do json.decode(s) end end",
        "do local time = require 'time' while true do time.format(0, ('%c'):rep(2), 'UTC') time.parse('1970-01-01') end end",
        "do local time = require 'time' for y = 1, 9999 do time.date(time.from { year = y, month = 2, day = 29 }) end end",
        "do local log = require 'log' while true do log.info(('x'):rep(1e4), { ('y'):rep(1e4) }) end end",
        "do local store = require 'store' while true do store.set('a', { 1, { 2 } }) end end",
        "do local _ENV = {} x = y end",
        "do goto continue ::continue:: end",
    ]
}

/// A part of a text that mostly is one token of Lua.
struct FlowToken {
    enum Kind { case word, number, string, symbol }

    let kind: Kind
    let range: Range<Int>

    static func all(in text: [UInt8]) -> [FlowToken] {
        var tokens: [FlowToken] = []
        var index = 0
        func end(from start: Int, while matches: (UInt8) -> Bool) -> Int {
            var end = start
            while end < text.count, matches(text[end]) { end += 1 }
            return end
        }
        while index < text.count {
            let start = index
            let byte = text[index]
            let next = index + 1 < text.count ? text[index + 1] : 0
            switch byte {
            case UInt8(ascii: "\t")...UInt8(ascii: "\r"), UInt8(ascii: " "): index += 1
            case UInt8(ascii: "-") where next == byte: index = end(from: index) { $0 != UInt8(ascii: "\n") }
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                index = end(from: index) { $0.isNamePart || $0 == UInt8(ascii: ".") }
                tokens.append(FlowToken(kind: .number, range: start..<index))
            case _ where byte.isNamePart:
                index = end(from: index) { $0.isNamePart }
                tokens.append(FlowToken(kind: .word, range: start..<index))
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                index = min(text.count, end(from: index + 1) { $0 != byte && $0 != UInt8(ascii: "\n") } + 1)
                tokens.append(FlowToken(kind: .string, range: start..<index))
            default:
                index += 1
                tokens.append(FlowToken(kind: .symbol, range: start..<index))
            }
        }
        return tokens
    }
}

extension UInt8 {
    fileprivate var isNamePart: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}

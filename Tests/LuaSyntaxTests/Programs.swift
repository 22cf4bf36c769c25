import Glibc
import SansIO
import Testing

@testable import LuaSyntax

/// The repository's own Lua files, and programs that use every corner of the grammar.
enum Programs {
    static var repository: String {
        #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
    }

    /// The texts of scripts/flows and scripts/personas.
    static func shipped() throws -> [[UInt8]] {
        var texts: [[UInt8]] = []
        for folder in ["scripts/flows", "scripts/personas"] {
            let path = repository + "/" + folder
            let directory = try #require(opendir(path))
            defer { closedir(directory) }
            var names: [String] = []
            while let entry = readdir(directory) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name.hasSuffix(".lua") { names.append(name) }
            }
            for name in names.sorted() { texts.append(try read(path + "/" + name)) }
        }
        return texts
    }

    static func read(_ path: String) throws -> [UInt8] {
        let file = try #require(fopen(path, "rb"))
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
        }
    }

    /// Each is accepted by Lua 5.4.
    static let grammar = [
        #"""
        local a <const>, b <close> = 1, nil
        local s = "a\a\b\f\n\r\t\v\\\"\'\x41\065\u{20AC}\u{7FFFFFFF}\z
           end\
        next" .. 'x' .. [[
        long]] .. [==[ ]] ]=] ]==]
        --[[ a
        comment ]] --[==[ another ]] ]==] --[==x
        return a, b, s, ...
        """#,
        """
        local n = { 3, 345, 0xff, 0xBEBADA, 3.0, 3.1416, 314.16e-2, 0.31416E1, 34e1, .5, 5., 0x0.1E, 0xA23p-4,
          0X1.921FB54442D18P+1, 0x.8, 0xA., 9223372036854775808, 0xffffffffffffffffff; 1e308, 1e999 }
        return n[1] // 2 % 3 ^ -4 << 5 >> 6 & 7 | 8 ~ ~9, #n, not n, -n[1] .. "" == "" and 1 < 2 or 2 >= 1, a ~= b
        """,
        """
        for i = 1, 10, 2 do
          if i == 3 then goto continue elseif i > 8 then break else print(i) end
          do local x = i end
          ::continue::
        end
        for k, v in pairs { 1, [2] = 3, x = 4; ["y z"] = 5, } do print(k, v) end
        while true do repeat local done = f() until done if done then break end end
        do goto finish; local skipped ::finish:: ; ::last:: end
        """,
        """
        local M = {}
        function M.a.b.c:d(e, ...) return self, e, select("#", ...) end
        function M:e() M.x, M["y"] = M["y"], M.x; (M or {}).z = 1 ("f")() end
        local function f(...) return f(...), (f(...)) end
        f"x" :y {} [[z]] ('w').v[1](2):u()
        local g = function() end
        M.f, g = g return M;
        """,
        """
        local _ENV = { print = print }
        print(x)
        x = 1
        local function nested() return function() return function() return x, _ENV end end end
        ;;; return nested()
        """,
        "goto a; do ::a:: end ::a:: do goto a end while a do goto b; local c ::b:: end",
        "local a <const> = 1 local function f() return a end f = nil",
    ]
}

/// Changes programs by chance, so that most are wrong in some small way.
struct Mutator {
    var random: SeededRandom
    let words: [[UInt8]]

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        let texts =
            Keyword.allCases.map(\.rawValue) + [
                "+", "-", "*", "/", "//", "%", "^", "#", "&", "~", "|", "<<", ">>", "==", "~=", "<=", ">=", "<", ">",
                "=", "(", ")", "{", "}", "[", "]", "::", ";", ":", ",", ".", "..", "...", "a", "b", "x", "_ENV",
                "self", "1", "0x1p4", "3.", "\"s\"", "'\\", "[[", "]]", "--", "--[[", "[==[", "::a::", "goto a",
                "<const>", "<close>", "\n", "!=", "!", "+=", "++", "&&", "||", "?", "\\", "\0", "\r", "é", "0x", "1e",
                "break", "return", "local x <const> = 1 ", "function f(...) ", "\"\\x4", "\"\\u{110", "'\\400'",
            ]
        words = texts.map { Array($0.utf8) }
    }

    mutating func below(_ count: Int) -> Int { count <= 0 ? 0 : Int.random(in: 0..<count, using: &random) }

    /// Bytes: flipped, removed, repeated, moved, or taken from another program.
    mutating func bytes(_ program: [UInt8], other: [UInt8]) -> [UInt8] {
        var result = program
        for _ in 0...below(4) {
            guard !result.isEmpty else { break }
            let place = below(result.count)
            let length = min(result.count - place, 1 + below(40))
            switch below(5) {
            case 0: result[place] ^= UInt8(1 << below(8))
            case 1: result[place] = UInt8(below(256))
            case 2: result.removeSubrange(place..<(place + length))
            case 3: result.insert(contentsOf: result[place..<(place + length)], at: below(result.count))
            default:
                let from = below(other.count)
                result.insert(contentsOf: other[from..<min(other.count, from + 1 + below(200))], at: place)
            }
        }
        return result
    }

    /// Tokens: removed, doubled, swapped, replaced or added.
    mutating func tokens(_ program: [UInt8], other: [UInt8]) -> [UInt8] {
        var pieces = Self.pieces(of: program)
        let others = Self.pieces(of: other)
        for _ in 0...below(3) {
            guard !pieces.isEmpty else { break }
            let place = below(pieces.count)
            switch below(6) {
            case 0: pieces.remove(at: place)
            case 1: pieces.insert(pieces[place], at: place)
            case 2: pieces.swapAt(place, below(pieces.count))
            case 3: pieces[place] = words[below(words.count)]
            case 4: pieces.insert(words[below(words.count)], at: place)
            default:
                let from = below(others.count)
                pieces.insert(contentsOf: others[from..<min(others.count, from + 1 + below(12))], at: place)
            }
        }
        return Array(pieces.joined(separator: [0x20]))
    }

    private static func pieces(of program: [UInt8]) -> [[UInt8]] {
        var lexer = Lexer(program, skipsShebang: false)
        var pieces: [[UInt8]] = []
        while true {
            let token = lexer.next()
            guard token.kind != .endOfFile else { return pieces }
            pieces.append(Array(program[token.range.start.offset..<token.range.end.offset]))
        }
    }
}

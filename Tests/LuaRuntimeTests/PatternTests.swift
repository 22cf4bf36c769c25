import LuaRuntime
import SansIO
import Testing

@Suite("Pattern matching") struct PatternTests {
    /// Calls each of the four functions in each of its forms, and writes down results and errors.
    private static let driver = """
        local subject, pattern, replacement, init, limit = ...
        init, limit = tonumber(init), tonumber(limit)
        local lines = {}
        local function note(name, ...)
          local values = table.pack(...)
          for i = 1, values.n do values[i] = type(values[i]) .. ':' .. tostring(values[i]) end
          lines[#lines + 1] = name .. ' ' .. table.concat(values, ' | ')
        end
        note('find', pcall(string.find, subject, pattern, init))
        note('plain', pcall(string.find, subject, pattern, init, true))
        note('match', pcall(string.match, subject, pattern, init))
        note('method', pcall(function() return subject:match(pattern) end))
        note('gsub', pcall(string.gsub, subject, pattern, replacement))
        note('limited', pcall(string.gsub, subject, pattern, replacement, limit))
        note('table', pcall(string.gsub, subject, pattern, { a = 'A', b = 7, c = false, [1] = 'one', [''] = '-' }))
        local seen = {}
        note('function', pcall(string.gsub, subject, pattern, function(...)
          seen[#seen + 1] = table.concat({ tostring((...)), select('#', ...) }, '/')
          if #seen % 3 == 0 then return nil elseif #seen % 7 == 0 then return {} end
          return (...)
        end))
        note('seen', table.unpack(seen, 1, math.min(#seen, 20)))
        local ok, iterator = pcall(string.gmatch, subject, pattern, init)
        note('gmatch', ok, type(iterator) == 'function' or iterator)
        for round = 1, ok and 12 or 0 do
          local values = table.pack(pcall(iterator))
          note('next', table.unpack(values, 1, values.n))
          if not values[1] or values.n == 1 or values[2] == nil then break end
        end
        return table.concat(lines, '\\n')
        """

    private static func random(_ pieces: [String], _ count: ClosedRange<Int>, _ random: inout SeededRandom) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: count, using: &random) {
            bytes += Array((pieces.randomElement(using: &random) ?? "").utf8)
        }
        return bytes
    }

    private static let items = [
        "a", "b", "c", ".", "%a", "%d", "%s", "%w", "%W", "%.", "%%", "[abc]", "[^a]", "[a-c]", "[%a-]", "[]]", "[^]b]",
        "[a-]", "[%w_]", "(", ")", "()", "(a)", "(.-)", "(b*)", "*", "+", "-", "?", "*", "+", "-", "?", "^", "$",
        "%b()",
        "%bab", "%f[%a]", "%f[^b]", "%1", "%2", "\0", "%z", "é", "1", " ", "x",
    ]
    private static let malformed = [
        "[", "]", "%", "%b", "%f", "%ba", "%9", "%0", "[a", "[^", "[%", "(", ")", "[a-%", "%fa",
    ]
    private static let texts = [
        "a", "b", "c", "aa", "ab", "(", ")", "(a)", " ", "1", "_", "\0", "é", "x", "-", "]", "%",
    ]
    private static let replacements = ["%0", "%1", "%2", "%%", "x", "<", ">", "%1", "%0", "", "%", "%9", "%a"]

    @Test(
        "every result and every error is that of Lua's own library, on thousands of random patterns", arguments: 0..<8)
    func likeLua(seed: Int) throws {
        let plain = try #require(PlainLua())
        let fixture = try Fixture()
        let ours = try fixture.state.load(Array(Self.driver.utf8), chunkName: "test.lua")
        var random = SeededRandom(seed: UInt64(seed))
        for _ in 0..<500 {
            var pattern = Self.random(Self.items, 0...7, &random)
            if Int.random(in: 0..<8, using: &random) == 0 { pattern += Self.random(Self.malformed, 1...2, &random) }
            if Int.random(in: 0..<5, using: &random) == 0 { pattern.insert(UInt8(ascii: "^"), at: 0) }
            let arguments = [
                Self.random(Self.texts, 0...14, &random), pattern, Self.random(Self.replacements, 0...3, &random),
                Array(String(Int.random(in: -9...9, using: &random)).utf8),
                Array(String(Int.random(in: -1...4, using: &random)).utf8),
            ]
            let expected = plain.results(Self.driver, arguments: arguments)
            let outcome = fixture.state.start(ours, arguments: arguments.map { .string($0) })
            guard case .returned(let values) = outcome else {
                Issue.record("\(outcome) on \(arguments.map { String(decoding: $0, as: UTF8.self) })")
                return
            }
            let isSame = values.map(describe) == expected
            #expect(
                isSame,
                """
                \(arguments.map { String(decoding: $0, as: UTF8.self) })
                expected \(expected)
                got      \(values.map(describe))
                """)
            if !isSame { return }
        }
    }

    @Test(
        "bounds are those of Lua's own library",
        arguments: [
            "string.find(('a'):rep(500), ('a?'):rep(199))", "string.find(('a'):rep(500), ('a?'):rep(200))",
            "string.find(('a'):rep(500), ('(a)'):rep(32))", "string.find(('a'):rep(500), ('(a)'):rep(33))",
            "string.find(('a'):rep(500), ('a'):rep(400))", "string.find('x', ('['):rep(300))",
            "string.find('abc', 'b', 10)", "string.find('abc', '', 4)", "string.find('abc', '', 5)",
            "string.find('abc', '', -10)", "string.find('abc', 'c', math.mininteger)",
            "string.match('2024-05', '(%d+)-(%d+)')",
            "string.gsub('abc', 'b', true)", "string.gsub('abc', 'b')", "string.gsub('abc', 'b', 'x', 'y')",
            "string.gsub('abc', 'b', 'x', 1.5)", "string.gmatch('abc', 'a', {})", "string.find(nil, 'x')",
            "('x'):find()", "('x'):find({})", "string.gsub(12345, 3, 9)", "string.find(1.5, '.', 1, true)",
            "string.gsub('hello world', '%w+', '%0 %0', 1)", "string.gsub('abc', '%w', '%%%0')",
            "string.gsub('hello', '', '-')",
            "string.gsub('abc', 'b', setmetatable({}, { __index = function(_, k) return k .. k end }))",
            "string.gsub('abc', 'b', function() error('in it') end)", "string.gsub('abc', '(b', 'x')",
            "string.gsub('abc', '()', '%1')", "string.gsub('THE (quick) fox', '%((%a+)%)', '<%1>')",
        ])
    func bounds(call: String) throws {
        let plain = try #require(PlainLua())
        let script = "local function call() return \(call) end return pcall(call)"
        #expect(try Fixture().results(script) == plain.results(script))
    }

    @Test(
        "a pattern that would search for hours ends with a budget fault, wherever it is used",
        arguments: [
            "('a'):rep(30):find(('a?'):rep(30) .. ('a'):rep(31))", "('x'):rep(100000):find('.-.-.-.-b')",
            "('x'):rep(100000):match('.*.*.*b')", "('x'):rep(100000):gsub('.-.-.-b', '')",
            "for _ in ('x'):rep(100000):gmatch('.-.-.-b') do end", "pcall(string.find, ('x'):rep(100000), '.-.-.-.-b')",
            "while true do pcall(string.find, ('x'):rep(100000), '.-.-.-b') end",
            "('('):rep(100000):find('%b().-%b()')",
            "('('):rep(200000):gsub('%b()', '')", "('a'):rep(200000):find('(a*)(a*)%1%2b')",
            "('a'):rep(100000):find('[' .. ('b'):rep(100000) .. 'a]*$b')",
            "('a'):rep(200000):find('a-[' .. ('b'):rep(200000) .. ']')",
            "while true do ('a'):rep(100000):gsub('', 'yy') end",
            "while true do ('a'):rep(1000000):find('ab', 1, true) end",
            "while true do ('a'):rep(1000000):find('b') end",
            "table.sort({ 1, 2, 3 }, function() ('x'):rep(100000):find('.-.-.-b') end)",
            "coroutine.wrap(function() ('x'):rep(100000):find('.-.-.-b') end)()",
            "local t <close> = setmetatable({}, { __close = function() ('x'):rep(100000):find('.-.-.-b') end })",
        ])
    func hostile(source: String) throws {
        let fixture = try Fixture(limits: BudgetTests.tight)
        let started = ContinuousClock.now
        let fault = try fixture.fault(source)
        #expect(
            fault.kind == .budget || fault.traceback.contains("while closing: test.lua:1: the script used more than"))
        // Generous: the machine may be busy. Without a budget these take from minutes to years.
        #expect(ContinuousClock.now - started < .seconds(5))
        #expect(try fixture.results("return ('ok'):match('%w+')") == ["ok"])
    }

    @Test("work is charged by what the matcher does, not by how often it is called")
    func charges() throws {
        let fixture = try Fixture()
        _ = try fixture.results("return ('x'):rep(100000):find('[y]')")
        #expect((25_000...400_000).contains(fixture.state.instructionsUsed))
        _ = try fixture.results("local n = 0 for word in ('word '):rep(10000):gmatch('%a+') do n = n + 1 end return n")
        #expect((50_000...500_000).contains(fixture.state.instructionsUsed))
    }

    @Test("the callback of gsub may raise, call back into gsub, and not wait")
    func callbacks() throws {
        let fixture = try Fixture()
        #expect(
            try fixture.results("return (('a b'):gsub('%a', function(c) return (c:gsub('a', 'x')) end))") == ["x b"])
        #expect(try fixture.fault("('a'):gsub('a', function() error('no') end)").message == "test.lua:1: no")
        #expect(
            try fixture.fault("('a'):gsub('a', function() wait() end)").message.contains(
                "wait where that is impossible"))
    }
}

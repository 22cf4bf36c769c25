import LuaSyntax
import Testing

/// What is wrong with a text, as `line: severity code: message`.
func findings(_ text: String, exists: Set<String> = [], known: Set<String> = []) -> [String] {
    LuaAnalysis.check(Array(text.utf8), api: .host, knownGlobals: known, requireExists: { exists.contains($0) }).map {
        "\($0.range.start.line): \($0.severity.rawValue) \($0.code.rawValue): \($0.message)"
    }
}

@Suite("Analysis of globals, modules and unused names") struct AnalysisTests {
    @Test("the shipped flow has nothing wrong with it")
    func shipped() throws {
        let flow = try Programs.read(Programs.repository + "/scripts/flows/outbound_caller.lua")
        var api = APIDescription.host
        api.call.methods["wait_for_playout"] = .init()
        #expect(LuaAnalysis.check(flow, api: api).isEmpty)
        let persona = try Programs.read(Programs.repository + "/scripts/personas/dental_practice.lua")
        let found = LuaAnalysis.check(persona, api: api, knownGlobals: ["say", "call", "date", "persona"])
        #expect(found.isEmpty, "\(found.map(\.message))")
    }

    @Test("an undefined global is an error, with what was probably meant")
    func undefined() {
        #expect(
            findings("local greeting = 'x'\nprint(greting)\nprnt(String.rep('a', 2))\nreturn completely_unknown") == [
                "2: error undefined-global: undefined global 'greting' (did you mean 'greeting'?)",
                "3: error undefined-global: undefined global 'prnt' (did you mean 'print'?)",
                "3: error undefined-global: undefined global 'String' (did you mean 'string'?)",
                "4: error undefined-global: undefined global 'completely_unknown'",
            ])
        let hints = LuaAnalysis.check(Array("f = null os.exit() sleep(1) say('x') return json".utf8), api: .host)
        #expect(
            hints.compactMap(\.hint) == [
                "write `local f`", "Lua's word is nil", "scripts have no operating system",
                "write moonline.sleep, with `local moonline = require \"moonline\"`",
                "'say' is a method of the call: `call:say(…)`", "add `local json = require \"json\"`",
            ])
    }

    @Test("a local that is declared elsewhere is pointed at")
    func declaredElsewhere() throws {
        let below = try #require(
            LuaAnalysis.check(Array("later()\nlocal function later() end\nlater()".utf8), api: .host).first)
        #expect(below.hint == "a local is known from its declaration on: declare 'later' before this line")
        #expect(below.notes.map(\.range.start.line) == [2])
        let above = try #require(
            LuaAnalysis.check(Array("do\n local inner = 1 print(inner)\nend\nprint(inner)".utf8), api: .host).first)
        #expect(above.hint == "the local 'inner' of line 2 ends with its block: declare it outside")
    }

    @Test(
        "what cannot be known is accepted",
        arguments: [
            "_G.x = 1 return x", "_G['x'] = 1 return x", "setmetatable(_G, {}) return y", "_ENV = {} return y",
            "local _ENV = {} return y", "local unpack = table.unpack or unpack return unpack",
            "if jit then print(jit.version) end", "return type(foreign) == 'nil' and foreign ~= nil",
            "local t = setmetatable({}, {}) t.x.y:z(1, 2) return t.unknown",
            "local M = {} function M:a() return self.b end return M",
            "local text = tostring(1) return text:unknown(), ('%d'):format(1)", "return moonline_later == nil",
            "local m = pcall(require, 'x') return m", "return require('known').anything(1)",
            "local say = require('moonline')[tostring(1)] return say",
            "print(select('#', ...), (string.gsub('a', 'b', 'c')))",
            "local ok, why = pcall(error) return why", "local _unused = 1", "local x <close> = setmetatable({}, {})",
            "for index, value in ipairs {} do print(value) end", "local function f(a, b) return f end return f",
        ])
    func accepted(text: String) {
        #expect(findings(text, exists: ["known"]) == [])
    }

    @Test("making a global is a warning, once; replacing a library an error")
    func assignment() {
        #expect(
            findings(
                "total = 1\ntotal = total + 1\nfunction helper() end\nstring = {}\nstring.trim = helper\nprint = helper"
            ) == [
                "1: warning lowercase-global: 'total' is global", "3: warning lowercase-global: 'helper' is global",
                "4: error read-only: 'string' is a library of Lua, and scripts share it",
                "6: warning lowercase-global: this replaces Lua's function 'print'",
            ])
        #expect(
            findings("string.trim = 1\nlocal m = require 'moonline'\nfunction m.extra() end") == [
                "1: error read-only: library 'string' is read-only",
                "3: error read-only: module 'moonline' is read-only",
            ])
        #expect(findings("shared = 1", known: ["shared"]) == [])
    }

    @Test("members of libraries and modules are known, and how they are called")
    func members() {
        #expect(
            findings(
                """
                local moonline = require "moonline"
                moonline.slep(1)
                moonline.sleep()
                moonline.sleep(1, 2)
                moonline:sleep(1)
                string.spilt("a", ",")
                string.rep("a")
                print(("x"):rep(2, ",", 4), ("x"):trim(), math.pi, math.floor())
                moonline.sleep(table.unpack { 1 })
                tostring(1, 2)
                return moonline.now, moonline["nwo"]
                """) == [
                    "2: error undefined-field: module 'moonline' has no member 'slep' (did you mean 'sleep'?)",
                    "3: error missing-parameter: 'moonline.sleep' needs 'seconds'",
                    "4: error redundant-parameter: 'moonline.sleep' takes one argument, and gets 2",
                    "5: error redundant-colon: 'moonline.sleep' is not a method",
                    "6: error undefined-field: library 'string' has no member 'spilt'",
                    "7: error missing-parameter: 'string.rep' needs 'n'",
                    "8: warning redundant-parameter: 'string.rep' takes 3 arguments, and gets 4",
                    "8: error undefined-field: a string has no member 'trim'",
                    "8: error missing-parameter: 'math.floor' needs 'x'",
                    "10: warning redundant-parameter: 'tostring' takes one argument, and gets 2",
                    "11: error undefined-field: module 'moonline' has no member 'nwo' (did you mean 'now'?)",
                ])
    }

    @Test("require of what is not there is an error; of what cannot be seen, a warning")
    func require() {
        #expect(
            findings(
                "require 'moonlin'\nlocal name = 'helpers.dates'\nrequire(name)\nrequire(name .. 'x')\nrequire 'jsn'",
                exists: ["helpers.dates"]) == [
                    "1: error unknown-module: there is no module 'moonlin' (did you mean 'moonline'?)",
                    "4: warning dynamic-require: which file is required here can only be seen when it runs",
                    "5: error unknown-module: there is no module 'jsn' (did you mean 'json'?)",
                ])
        let chunk = LuaChunk(parsing: Array("require 'a' require 'b.c' require 'a'".utf8))
        #expect(LuaAnalysis(of: chunk, api: .host, requireExists: { _ in true }).requiredModules == ["a", "b.c"])
    }

    @Test("a local function of fixed parameters warns of further arguments")
    func ownFunctions() {
        #expect(
            findings(
                "local function f(a) return a end\nlocal g = function() end\nlocal h = print\nf(1, 2) g(f()) g(1) h(1, 2)\nf()"
            ) == [
                "4: warning redundant-parameter: 'f' takes one argument, and gets 2",
                "4: warning redundant-parameter: 'g' takes no argument, and gets 1",
            ])
        #expect(findings("local function f() end f = print f(1)") == [])
    }

    @Test("unused locals, functions and labels, and unreachable statements, are warnings")
    func unused() {
        #expect(
            findings(
                """
                local a, b = 1, 2
                local function c() end
                local d; d = b
                local e, f = next({})
                ::g::
                while true do break; print(1) end
                goto h
                print(2)
                ::h::
                """) == [
                    "1: warning unused-local: local 'a' is never used",
                    "2: warning unused-function: local function 'c' is never used",
                    "3: warning unused-local: local 'd' is assigned to, and never read",
                    "4: warning unused-local: local 'e' is never used",
                    "4: warning unused-local: local 'f' is never used",
                    "5: warning unused-label: no goto leads to the label 'g'",
                    "8: warning unreachable-code: this is never reached, because 'goto' stands before it",
                ])
        #expect(
            findings("while true do break print(1) end") == [
                "1: warning code-after-break: this is never reached, because 'break' stands before it"
            ])
    }

    @Test("LuaLS's comments turn diagnostics off")
    func suppression() {
        #expect(
            findings(
                """
                ---@diagnostic disable-next-line: undefined-global, unused-local
                local a = foo1
                foo2() ---@diagnostic disable-line
                ---@diagnostic disable: undefined-global
                foo3()
                local b = foo4
                ---@diagnostic enable: undefined-global
                foo5()
                ---@diagnostic disable
                foo6()
                """) == [
                    "6: warning unused-local: local 'b' is never used",
                    "8: error undefined-global: undefined global 'foo5'",
                ])
    }
}

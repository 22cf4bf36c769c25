import LuaRuntime
import SansIO
import ScriptAPI

/// Functions of `require "moonline.test"`.
enum ModuleFunctions {
    static let all: [TestFunctionSpec] = declarations + matchers + checks

    // MARK: - What a file declares

    private static let options = FunctionSpec.Parameter(
        name: "options", type: "moonline.test.Options|moonline.test.Network|moonline.test.Model", isOptional: true,
        prose: "Options, `t.network` and `t.model`, any number of them, in any order.")
    private static let testName = FunctionSpec.Parameter(
        name: "name", type: "string", isOptional: false, prose: "What it shows, in a few words; once in a file.")

    private static let declarations: [TestFunctionSpec] = [
        TestFunctionSpec(
            .module, "test",
            "Declares a test: one call. The function tells what the callee does and what the agent is expected to do, "
                + "line by line; each line waits until it has happened. Each test runs in a state of its own.",
            [
                testName, options,
                FunctionSpec.Parameter(
                    name: "body", type: "async fun(callee: moonline.test.Callee, agent: moonline.test.Agent)",
                    isOptional: false, prose: "The test."),
            ],
            permission: .whileLoading
        ) { test, given throws(ScriptMismatch) in
            let name = try Self.name(given, of: "test")
            let (options, function) = try Self.rest(given, from: 2, of: "test", test)
            test.declare(
                TestDeclaration(
                    name: name, line: given.caller?.line ?? 0, options: options, function: function, parameter: nil))
            return .none
        },
        TestFunctionSpec(
            .module, "each",
            "Declares a test for each case of a table, named `name [key]`. A case that is a table with a field `name` is "
                + "named by that.",
            [
                testName,
                FunctionSpec.Parameter(
                    name: "cases", type: "table", isOptional: false, prose: "The cases: a list, or a table with names."),
                options,
                FunctionSpec.Parameter(
                    name: "body",
                    type: "async fun(callee: moonline.test.Callee, agent: moonline.test.Agent, case: any)",
                    isOptional: false, prose: "The test."),
            ],
            permission: .whileLoading
        ) { test, given throws(ScriptMismatch) in
            let name = try Self.name(given, of: "each")
            guard case .table = given[2] else {
                throw ScriptMismatch(reason: "bad argument #2 to 'each' (table expected, got \(given[2].typeName))")
            }
            let (options, function) = try Self.rest(given, from: 3, of: "each", test)
            let cases: [(key: String, value: JSON)]
            do throws(LuaConversionError) {
                cases = Self.cases(try test.state.data(given[2]))
            } catch {
                throw ScriptMismatch(reason: "bad argument #2 to 'each' (plain data expected: \(error))")
            }
            guard !cases.isEmpty else {
                throw ScriptMismatch(reason: "bad argument #2 to 'each' (at least one case expected)")
            }
            for (key, value) in cases {
                test.declare(
                    TestDeclaration(
                        name: "\(name) [\(key)]", line: given.caller?.line ?? 0, options: options, function: function,
                        parameter: .json(value)))
            }
            return .none
        },
        TestFunctionSpec(
            .module, "options", "Sets options of all tests that the file declares behind it.",
            [
                FunctionSpec.Parameter(
                    name: "options", type: "moonline.test.Options", isOptional: false, prose: "The options.")
            ],
            permission: .whileLoading
        ) { test, given throws(ScriptMismatch) in
            var options = test.defaults
            try Self.apply(given[1], position: 1, of: "options", to: &options, test)
            test.setDefaults(options)
            return .none
        },
        TestFunctionSpec(
            .module, "network", "The line between agent and callee, as an option of a test.",
            Argument("conditions", NetworkValue.self, "How bad it is."),
            result: "moonline.test.Network", permission: .whileLoading
        ) { test, value throws(ScriptMismatch) in .values([value.table]) },
        TestFunctionSpec(
            .module, "model",
            "What the model does, as an option of a test whose subject it is not. Whenever the model is asked, the first "
                + "entry that fits and was not used yet is used. What no entry fits is left without an answer, and "
                + "noted in the report, unless there are no entries at all: `t.model {}` has nothing to say. What "
                + "`call:say` asks for is said without an entry.",
            Argument("entries", ModelValue.self, "When it does what."),
            result: "moonline.test.Model", permission: .whileLoading
        ) { _, value throws(ScriptMismatch) in .values([TestMark.model.table([("entries", value.json)])]) },
    ]

    private static func name(_ given: LuaArguments, of function: String) throws(ScriptMismatch) -> String {
        guard let name = given[1].text else {
            let got = given.count == 0 ? "no value" : given[1].typeName
            throw ScriptMismatch(reason: "bad argument #1 to '\(function)' (string expected, got \(got))")
        }
        guard !name.trimmed.isEmpty else {
            throw ScriptMismatch(reason: "bad argument #1 to '\(function)' (a name expected, got an empty text)")
        }
        return name
    }

    /// The options and the function behind the other arguments.
    private static func rest(
        _ given: LuaArguments, from first: Int, of function: String, _ test: TestState
    ) throws(ScriptMismatch) -> (TestOptions, LuaReference) {
        guard given.count >= first, case .function(let body) = given[given.count] else {
            let got = given.count >= first ? given[given.count].typeName : "no value"
            let position = max(first, given.count)
            throw ScriptMismatch(reason: "bad argument #\(position) to '\(function)' (function expected, got \(got))")
        }
        var options = test.defaults
        for position in first..<given.count {
            try apply(given[position], position: position, of: function, to: &options, test)
        }
        return (options, body)
    }

    private static func apply(
        _ value: LuaValue, position: Int, of function: String, to options: inout TestOptions, _ test: TestState
    ) throws(ScriptMismatch) {
        do throws(ScriptMismatch) {
            guard case .table(let table) = value else { throw ScriptMismatch(expected: "options", got: value) }
            switch test.state.field(TestMark.key, of: table).text.flatMap(TestMark.init(rawValue:)) {
            case .network: options.network = try NetworkValue.read(value, in: test.state).conditions
            case .model: options.model = try ModelValue.read(value, in: test.state).script
            case nil: try TestOptionFields.read(value, in: test.state).apply(to: &options)
            case .like, .exact, .pattern, .any, .soundsLike:
                throw ScriptMismatch(reason: "options expected, got a matcher")
            }
        } catch {
            throw ScriptMismatch(reason: "bad argument #\(position) to '\(function)' (\(error.reason))")
        }
    }

    private static func cases(_ table: JSON) -> [(key: String, value: JSON)] {
        if let list = table.array {
            return list.enumerated().map { index, value in
                (value["name"]?.string ?? label(value) ?? "\(index + 1)", value)
            }
        }
        return (table.object?.members ?? []).map { ($0.value["name"]?.string ?? $0.key, $0.value) }
    }

    /// A case that is a short text or a number names itself.
    private static func label(_ value: JSON) -> String? {
        switch value {
        case .string(let text) where !text.isEmpty && text.count <= 40: text
        case .integer, .number, .bool: value.text
        default: nil
        }
    }

    // MARK: - What is expected of a text

    private static let matchers: [TestFunctionSpec] = [
        TestFunctionSpec(
            .module, "like",
            "The words, in order, anywhere in what is said. Case and punctuation do not matter, and numbers are read as "
                + "they are spoken: `3pm` is `Three p.m.`, and `3` is in both. The last word may have an ending: `price` "
                + "is in `prices`. A plain text stands for this where speech is expected.",
            Argument("text", String.self, "The words."), result: "moonline.test.Matcher", permission: .always
        ) { _, text throws(ScriptMismatch) in try matcher(.like, "like", text) },
        TestFunctionSpec(
            .module, "exact", "The whole of one utterance, letter by letter, but for white space around it.",
            Argument("text", String.self, "The text."), result: "moonline.test.Matcher", permission: .always
        ) { _, text throws(ScriptMismatch) in try matcher(.exact, "exact", text) },
        TestFunctionSpec(
            .module, "pattern", "A pattern of Lua that is found in one utterance.",
            Argument("pattern", String.self, "As `string.find` takes it."), result: "moonline.test.Matcher",
            permission: .always
        ) { _, text throws(ScriptMismatch) in try matcher(.pattern, "pattern", text) },
        TestFunctionSpec(
            .module, "sounds_like",
            "What was said as a person hears it: the words that the callee's recogniser understood, compared by their "
                + "sound. Slower than the others, and the only one that notices what the line did to a sentence.",
            Argument("text", String.self, "The words."), Argument("options", SoundOptions?.self, "How near."),
            result: "moonline.test.Matcher", permission: .always
        ) { _, text, options throws(ScriptMismatch) in
            try matcher(
                .soundsLike, "sounds_like", text,
                [("at_least", .number(options?.atLeast ?? Matcher.soundThreshold))])
        },
        TestFunctionSpec(
            .module, "any", "One of several: texts, or `t.like` and the others; in arguments of actions, values too.",
            Argument("alternatives", ValueExpectation.self, "A list.", type: "any[]"),
            result: "moonline.test.Matcher", permission: .always
        ) { _, alternatives throws(ScriptMismatch) in
            guard let list = alternatives.json.array, !list.isEmpty else {
                throw ScriptMismatch(reason: "bad argument #1 to 'any' (a list such as { \"one\", \"1pm\" } expected)")
            }
            return .values([TestMark.any.table([("of", .array(list))])])
        },
    ]

    private static func matcher(
        _ mark: TestMark, _ function: String, _ text: String, _ fields: [(String, JSON)] = []
    ) throws(ScriptMismatch) -> TestStep {
        let table = JSON.object(JSONObject(members: [(TestMark.key, .string(mark.rawValue)), ("text", .string(text))]))
        if let reason = Matcher(table).reasonAgainstText {
            throw ScriptMismatch(reason: "bad argument #1 to '\(function)' (\(reason))")
        }
        return .values([mark.table([("text", .string(text))] + fields)])
    }

    // MARK: - What holds of the whole call

    private static let checks: [TestFunctionSpec] = [
        TestFunctionSpec(
            .module, "never",
            "Something that must not happen in the whole call, before this line or behind it: "
                + "`t.never(agent.says, \"price\")`, `t.never(agent.hears, …)`, `t.never(agent.calls, \"name\", { … })`, "
                + "`t.never(agent.transfers_to, \"+1…\")`, `t.never(agent.is_interrupted)`.",
            [
                FunctionSpec.Parameter(
                    name: "expectation", type: "function", isOptional: false, prose: "The function, without calling it."
                ),
                FunctionSpec.Parameter(
                    name: "what", type: "string|moonline.test.Matcher", isOptional: true,
                    prose: "What the agent must not say, hear, call; nothing for anything."),
                FunctionSpec.Parameter(
                    name: "arguments", type: "table", isOptional: true,
                    prose: "Of an action: only calls with these arguments."),
            ]
        ) { test, given throws(ScriptMismatch) in
            let check = DeferredCheck(
                kind: try forbidden(test, given), place: given.caller.map { SourcePlace(file: $0.file, line: $0.line) })
            test.checks.append(check)
            return .none
        },
        TestFunctionSpec(
            .module, "latency",
            "How long the callee may wait for answers, in the whole call. A call in which nothing was measured fails.",
            [
                FunctionSpec.Parameter(
                    name: "limits", type: LatencyLimits.luaType, isOptional: false, prose: "The limits.",
                    options: LatencyLimits.options)
            ]
        ) { test, given throws(ScriptMismatch) in
            do throws(ScriptMismatch) {
                let limits = try LatencyLimits.read(given[1], in: test.state)
                let place = given.caller.map { SourcePlace(file: $0.file, line: $0.line) }
                test.checks.append(DeferredCheck(kind: .latency(limits), place: place))
                return .none
            } catch {
                throw ScriptMismatch(reason: "bad argument #1 to 'latency' (\(error.reason))")
            }
        },
        TestFunctionSpec(
            .module, "wait", "Nothing is done for a while; what happens meanwhile counts.",
            Argument("seconds", TestSeconds.self, "0 to 86400; the end of the call ends it too.")
        ) { _, seconds throws(ScriptMismatch) in .wait(.pass(seconds.duration)) },
    ]

    private static func forbidden(
        _ test: TestState, _ given: LuaArguments
    ) throws(ScriptMismatch) -> DeferredCheck.Kind {
        let known = ["says", "hears", "calls", "transfers_to", "is_interrupted"]
        guard case .function(let function) = given[1], let name = test.name(of: function, of: .agent),
            known.contains(name)
        else {
            let list = known.map { "agent.\($0)" }.joined(separator: ", ")
            throw ScriptMismatch(reason: "bad argument #1 to 'never' (one of \(list) expected)")
        }
        func read<Value: ScriptArgument>(_ position: Int, _ type: Value.Type) throws(ScriptMismatch) -> Value {
            do throws(ScriptMismatch) {
                return try Value.read(given[position], in: test.state)
            } catch {
                throw ScriptMismatch(reason: "bad argument #\(position) to 'never' (\(error.reason))")
            }
        }
        switch name {
        case "says": return .neverSays(try read(2, TextExpectation?.self)?.matcher)
        case "hears": return .neverHears(try read(2, TextExpectation?.self)?.matcher)
        case "calls":
            return .neverCalls(
                name: try read(2, String?.self), arguments: try read(3, ValueExpectation?.self)?.matcher)
        case "transfers_to": return .neverTransfers(to: try read(2, TextExpectation?.self)?.matcher)
        default: return .neverInterrupted
        }
    }
}

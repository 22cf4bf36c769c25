import Conversation
import SansIO
import Testing

@testable import ScriptAPI

@Suite("What a flow says of language and stages")
struct ModeFieldTests {
    private static func source(_ fields: String) -> String {
        """
        return require("moonline").agent {
            name = "agent", instructions = "Be brief.", mode = "pipeline",
            \(fields)
        }
        """
    }

    private static func definition(_ fields: String) throws -> AgentDefinition {
        let directory = try FlowDirectory(["flow.lua": source(fields)])
        return try Flow.load(path: directory.path + "/flow.lua").definition
    }

    @Test("The language is a code of two letters; without it nobody is told any")
    func language() throws {
        #expect(try Self.definition("language = \"de\",").language == "de")
        #expect(try Self.definition("").language == nil)
    }

    @Test("A stage's choice has what its requests are given besides: temperature, and anything by name")
    func choices() throws {
        let stages = try Self.definition(
            """
            stt = { model = "m", extra = { prompt = "Names: Ng", temperature = 0 } },
            llm = { { temperature = 0.3, extra = { seed = 7, stop = { "." }, nested = { a = true } } }, "backup" },
            tts = { voice = "cedar", extra = {} },
            """
        ).stages
        #expect(stages[.stt]?.first?.extra == ["prompt": "Names: Ng", "temperature": 0])
        #expect(stages[.llm]?.map(\.temperature) == [0.3, nil])
        #expect(stages[.llm]?.first?.extra == ["nested": ["a": true], "seed": 7, "stop": ["."]])
        #expect(stages[.llm]?.last?.extra == [:])
        #expect(stages[.tts]?.first?.voice == "cedar")
        #expect(stages[.tts]?.first?.extra == [:])
    }

    @Test(
        "What nobody can use is told with its line",
        arguments: [
            ("language = \"german\",", "no code of ISO 639-1"), ("language = \"DE\",", "no code of ISO 639-1"),
            ("language = 5,", "language must be a string"),
            ("llm = { temperature = 3 },", "llm.temperature must be a number from 0.0 to 2.0"),
            ("llm = { temperature = \"hot\" },", "llm.temperature must be a number"),
            ("tts = { temperature = 1 },", "tts has an unknown field 'temperature'"),
            ("llm = { extra = 5 },", "llm.extra must be a table"),
            ("stt = { extra = { 1, 2 } },", "stt.extra must be a table"),
            ("llm = { extra = { f = print } },", "cannot be read"),
            ("stt = { patience = 60 },", "stt.patience must be a number of seconds from 0.2 to 12.0"),
        ])
    func mistakes(fields: String, message: String) throws {
        let found = try diagnostics(Self.source(fields))
        #expect(found.contains { $0.message.contains(message) && $0.line == 3 }, "\(found)")
    }
}

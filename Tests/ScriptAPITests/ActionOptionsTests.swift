import Conversation
import Testing

@testable import ScriptAPI

@Suite("What the agent says of all its actions")
struct ActionOptionsTests {
    private static func source(_ fields: String) -> String {
        """
        local moonline = require "moonline"
        return moonline.agent {
          name = "a", instructions = "Be brief.",
          \(fields)
        }
        """
    }

    private static func definition(_ fields: String) throws -> AgentDefinition {
        let directory = try FlowDirectory(["flow.lua": source(fields)])
        return try Flow.load(path: "\(directory.path)/flow.lua").definition
    }

    @Test(
        "A filler is a text, or a table of texts with the time before it",
        arguments: [
            ("", nil), ("filler = \"Moment.\",", AgentDefinition.Filler(after: .seconds(2), lines: ["Moment."])),
            (
                "filler = { text = \"Moment.\", after = 0.5 },",
                AgentDefinition.Filler(after: .milliseconds(500), lines: ["Moment."])
            ),
            (
                "filler = { after = 3, text = { \"One.\", \"Two.\" } },",
                AgentDefinition.Filler(after: .seconds(3), lines: ["One.", "Two."])
            ),
        ])
    func filler(fields: String, filler: AgentDefinition.Filler?) throws {
        #expect(try Self.definition(fields).filler == filler)
    }

    @Test("action_timeout is a number of seconds; without it the host's limit counts")
    func timeout() throws {
        #expect(try Self.definition("action_timeout = 12.5,").actionTimeout == .milliseconds(12_500))
        #expect(try Self.definition("").actionTimeout == nil)
    }

    @Test(
        "What nobody can use is told with its line",
        arguments: [
            ("filler = 7,", "filler must be a string or a table"), ("filler = \" \",", "must have a text"),
            ("filler = { after = 1 },", "must have a text"), ("filler = { text = {} },", "must have a text"),
            ("filler = { text = { \"a\", 1 } },", "must have a text"),
            ("filler = { text = \"a\", after = -1 },", "after must be a number of seconds"),
            ("filler = { text = \"a\", afer = 1 },", "unknown field 'afer' (did you mean 'after'?)"),
            ("filler = { text = print },", "cannot be read"),
            ("action_timeout = 0,", "action_timeout must be a number of seconds"),
            ("action_timeout = \"12\",", "action_timeout must be a number of seconds"),
        ])
    func mistakes(fields: String, message: String) throws {
        let found = try diagnostics(Self.source(fields))
        #expect(found.contains { $0.message.contains(message) && $0.line == 4 }, "\(found)")
    }
}

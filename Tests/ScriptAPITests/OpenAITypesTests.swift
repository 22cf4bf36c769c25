import Conversation
import Glibc
import SansIO
import TestSupport
import Testing

@testable import ScriptAPI

/// The official Python package's own types take the tools that flows have.
@Suite("The openai package's types") struct OpenAITypesTests {
    /// `MOONLINE_OPENAI_PYTHON`: an interpreter that has the package; `scripts/test` sets it.
    private static let python = getenv("MOONLINE_OPENAI_PYTHON").map { String(cString: $0) } ?? ""
    private static let isInstalled = !python.isEmpty

    /// Holds tools against the package's types.
    ///
    /// - Returns: How many checks they passed, and why some did not, by name.
    private func check(_ tools: [JSON]) async throws -> (checks: Int64, refused: JSONObject) {
        let folder = try TemporaryFolder("tools")
        try folder.write(JSON.array(tools).text, to: "tools.json")
        let driver = "\(repository)/Tests/ScriptAPITests/Fixtures/openai_tools.py"
        let result = try await ExternalProgram(Self.python, [driver, folder.file("tools.json")]).waitUntilExit(
            limit: .seconds(120))
        try #require(result.status == 0, "\(result)")
        let summary = try JSON(parsing: String(try #require(result.output.split(separator: "\n").last)))
        #expect(summary["tools"]?.integer == Int64(tools.count))
        return (try #require(summary["checks"]?.integer), try #require(summary["refused"]?.object))
    }

    private func tools(of flow: Flow, named name: String? = nil) -> [JSON] {
        flow.definition.tools.map { tool in
            [
                "name": .string(name ?? tool.name), "description": .string(tool.description),
                "parameters": tool.parameters,
            ]
        }
    }

    @Test(
        "they take every schema of every type, and those of the shipped flow",
        .enabled(if: isInstalled, "MOONLINE_OPENAI_PYTHON names no Python; scripts/test sets it"),
        .timeLimit(.minutes(3)))
    func accepted() async throws {
        var all: [JSON] = []
        for (index, entry) in (AnnotationTable.required + AnnotationTable.optional).enumerated() {
            all += tools(of: try flow(AnnotationTable.flow(entry.type)), named: "type_\(index)")
        }
        all += tools(of: try Flow.load(path: "\(repository)/scripts/flows/outbound_caller.lua"))
        let result = try await check(all)
        #expect(result.refused == JSONObject())
        #expect(all.count > 70 && result.checks == Int64(all.count * 11))
    }

    @Test(
        "they refuse what is no schema",
        .enabled(if: isInstalled, "MOONLINE_OPENAI_PYTHON names no Python; scripts/test sets it"),
        .timeLimit(.minutes(3)))
    func refused() async throws {
        func parameters(_ x: JSON) -> JSON {
            ["type": "object", "properties": ["x": x], "required": ["x"], "additionalProperties": false]
        }
        let wrong: [String: JSON] = [
            "list": [], "text": "object", "number": 5, "strange_type": parameters(["type": "strng"]),
            "no_items": parameters(["type": "array"]), "strange_keyword": parameters(["typ": "string"]),
            "empty_enum": parameters(["type": "string", "enum": []]),
            "mixed_enum": parameters(["type": "string", "enum": [1]]), "not_required": ["type": "object"],
        ]
        let result = try await check(
            wrong.sorted { $0.key < $1.key }.map { name, parameters in
                ["name": .string(name), "description": "", "parameters": parameters]
            })
        #expect(Set(result.refused.keys) == Set(wrong.keys))
    }
}

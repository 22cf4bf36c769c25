import Conversation
import Glibc
import LuaRuntime
import SansIO
import Testing

@testable import ScriptAPI

@Suite("The reference page") struct ReferenceTests {
    private static let path = "\(repository)/Sources/ScriptAPI/REFERENCE.md"
    private static let command = "MOONLINE_WRITE_REFERENCE=1 swift test --filter ReferenceTests"

    @Test("REFERENCE.md is what the declarations say; MOONLINE_WRITE_REFERENCE=1 writes it")
    func fresh() throws {
        let page = ReferenceWriter.page()
        if getenv("MOONLINE_WRITE_REFERENCE") != nil {
            let file = try #require(fopen(Self.path, "wb"))
            #expect(fwrite(page, 1, page.utf8.count, file) == page.utf8.count)
            #expect(fclose(file) == 0)
        }
        let committed = try Self.text(of: Self.path)
        guard committed != page else { return }
        let old = committed.split(separator: "\n", omittingEmptySubsequences: false)
        let new = page.split(separator: "\n", omittingEmptySubsequences: false)
        let line = zip(old, new).prefix { $0 == $1 }.count
        let change = "“\(line < old.count ? old[line] : "")” should be “\(line < new.count ? new[line] : "")”"
        Issue.record("REFERENCE.md is stale from line \(line + 1) on: \(change). Write it anew with: \(Self.command)")
    }

    @Test("every group, module, limit and type of the page is filled")
    func complete() {
        #expect(Set(ReferenceExamples.groups.keys) == Set(CallFunctions.groups.map(\.title)))
        for module in ModuleSpec.all {
            #expect(ReferenceExamples.modules[module.name] != nil, "no example of \(module.name)")
        }
        for row in LimitTable().rows { #expect(!row.prose.isEmpty, "LimitTable does not describe \(row.path)") }
        for row in TypeTable(declarations: ReferenceExamples.annotations).rows {
            #expect(!row.schema.isEmpty, "\(row.annotation): \(row.prose)")
        }
        let page = ReferenceWriter.page()
        let functions = CallFunctions.all + ModuleSpec.all.flatMap(\.functions)
        for function in functions { #expect(page.contains("#### `\(FunctionText(spec: function).signature)`")) }
        for handler in HandlerSpec.all { #expect(page.contains("### `\(handler.name)(")) }
        for field in CallFieldSpec.all { #expect(page.contains("| `\(field.name)` |")) }
        for record in RecordSpec.all where !record.fields.isEmpty { #expect(page.contains("**`\(record.name)`**")) }
        #expect(HandlerSpec.all.map(\.handler) == ScriptHandler.allCases)
    }

    @Test("every Lua block of the page runs: flows load without a complaint, insides of handlers end without a fault")
    func blocks() throws {
        let blocks = Self.blocks(of: ReferenceWriter.page())
        let flows = blocks.filter { $0.kind == "lua" }
        let fragments = blocks.filter { $0.kind == "lua handler" }
        #expect(flows.count == 4)
        #expect(fragments.count == CallFunctions.groups.count + ModuleSpec.all.count + 2)
        #expect(flows.count + fragments.count == blocks.count, "\(Set(blocks.map(\.kind)))")
        for block in flows { #expect(try faults(ofFlow: block.text) == [], "REFERENCE.md:\(block.line)") }
        for block in fragments {
            let harness = try ScriptHarness(try flow(Self.source(around: block.text)), facts: Self.facts)
            let faults = try faults(of: .handler(.onAnswered, arguments: []), in: harness)
            #expect(faults == [], "REFERENCE.md:\(block.line)")
        }
    }

    @Test(
        "the runner notices a block that is wrong",
        arguments: [
            "call:sey('x')", "call:say(5, 6)", "error('x')", "while true do moonline.sleep(1) end",
            "call:spawn(function() call.nothing.x = 1 end)",
        ])
    func wrongBlocks(text: String) throws {
        let harness = try ScriptHarness(try flow(Self.source(around: text)), facts: Self.facts)
        #expect(try faults(of: .handler(.onAnswered, arguments: []), in: harness).count == 1)
    }

    // MARK: - Running

    /// Loads a flow, and runs each of its handlers and actions with arguments as they are declared.
    private func faults(ofFlow text: String) throws -> [String] {
        let flow = try ScriptAPITests.flow(text)
        var faults: [String] = []
        let harness = try ScriptHarness(flow, facts: Self.facts)
        let (types, _) = DefinitionTests.types(of: DefinitionWriter.files())
        for spec in HandlerSpec.all where flow.definition.handlers.contains(spec.handler) {
            if spec.handler == .onHandover {
                try harness.script.takeOver(state: [:])
                continue
            }
            let arguments = try spec.parameters.filter { $0.name != "call" }.map { parameter in
                var scanner = AnnotationScanner(parameter.type)
                var writer = SchemaWriter(types: types)
                return Self.sample(try writer.schema(of: try scanner.type(), column: 1))
            }
            faults += try self.faults(of: .handler(spec.handler, arguments: arguments), in: harness)
        }
        for tool in flow.definition.tools {
            let arguments = try #require(Self.sample(tool.parameters).object)
            faults += try self.faults(of: .action(name: tool.name, arguments: arguments), in: harness)
        }
        return faults
    }

    /// Runs an entry, and the functions that it leaves behind, to their ends; every request succeeds.
    private func faults(of entry: ScriptEntry, in harness: ScriptHarness) throws -> [String] {
        var faults: [String] = []
        var entries = [entry]
        var steps = 0
        while !entries.isEmpty {
            var outcome = try harness.start(entries.removeFirst(), facts: Self.facts)
            while case .yielded(let request) = outcome {
                switch request {
                case .spawn(let id), .after(_, let id): entries.append(.function(id))
                default: break
                }
                steps += 1
                guard steps < 100 else { return faults + ["the block does not end"] }
                outcome = try harness.resume(nil, .value(Self.answer(to: request)), facts: Self.facts)
            }
            if case .failed(let fault) = outcome { faults.append(fault.message) }
        }
        return faults
    }

    private static func answer(to request: ScriptRequest) -> JSON {
        switch request {
        case .gatherDTMF: "4711"
        case .after: 1
        case .service(.record): "/calls/call-1/consent.wav"
        case .service(.http): ["status": 200, "headers": [:], "body": "[\"1pm\"]", "json": ["1pm"]]
        case .service(.store(.increment)): 1
        case .service(.store(.keys)): ["a", "b"]
        default: true
        }
    }

    /// A value that a schema takes.
    private static func sample(_ schema: JSON) -> JSON {
        if let first = schema["enum"]?[0] { return first }
        if let first = schema["anyOf"]?[0] { return sample(first) }
        switch schema["type"]?.string {
        case "string": return "x"
        case "integer": return 1
        case "number": return 0.5
        case "boolean": return true
        case "array": return [sample(schema["items"] ?? [:])]
        case "object":
            return .object(
                JSONObject(members: (schema["properties"]?.object?.members ?? []).map { ($0.key, sample($0.value)) }))
        default: return "x"
        }
    }

    // MARK: - The page

    private struct Block {
        /// What stands behind the three backquotes.
        let kind: String
        let text: String
        /// Of the page, from 1.
        let line: Int
    }

    /// All fenced blocks of a page.
    private static func blocks(of page: String) -> [Block] {
        var blocks: [Block] = []
        var open: (kind: String, line: Int, lines: [Substring])?
        for (index, line) in page.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard line.hasPrefix("```") else {
                open?.lines.append(line)
                continue
            }
            if let done = open {
                blocks.append(Block(kind: done.kind, text: done.lines.joined(separator: "\n"), line: done.line))
                open = nil
            } else {
                open = (String(line.dropFirst(3)), index + 2, [])
            }
        }
        if let open { Issue.record("the block in line \(open.line) does not end") }
        return blocks
    }

    private static func source(around fragment: String) -> String {
        let modules = ModuleSpec.all.map { "local \($0.name) = require \"\($0.name)\"" }.joined(separator: "\n")
        return """
            \(modules)
            ---@class CallActions : moonline.Actions
            local CallActions = {}
            ---Ends the call.
            function CallActions:end_call() self.call:hangup() end
            return moonline.agent {
              name = "fragment", instructions = "Be brief.", actions = CallActions,
              on_answered = function(call)
            \(fragment)
              end,
            }
            """
    }

    private static var facts: CallFacts {
        var facts = ScriptAPITests.facts(metadata: ["patient_name": "Jayden", "consent": true])
        facts.statistics = ["loss": 0, "turns": []]
        return facts
    }

    private static func text(of path: String) throws -> String {
        let file = try #require(fopen(path, "rb"), "no \(path); write it with: \(command)")
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }
}

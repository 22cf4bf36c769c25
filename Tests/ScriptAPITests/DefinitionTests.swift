import LuaRuntime
import SansIO
import Testing

@testable import ScriptAPI

@Suite("Definition files for the editor") struct DefinitionTests {
    private let files = DefinitionWriter.files()

    /// The types that the files declare.
    static func types(of files: [(name: String, text: String)]) -> (DeclaredTypes, [FlowDiagnostic]) {
        var types = DeclaredTypes()
        var diagnostics: [FlowDiagnostic] = []
        for file in files {
            types.collect(
                from: AnnotatedSource(chunkName: file.name, bytes: Array(file.text.utf8)), diagnostics: &diagnostics)
        }
        return (types, diagnostics)
    }

    @Test("there is one for each module, and each is Lua that runs")
    func syntax() throws {
        #expect(files.map(\.name) == ModuleSpec.all.map { "\($0.name).lua" })
        for (file, module) in zip(files, ModuleSpec.all) {
            #expect(file.text.hasPrefix("---@meta \(module.name)\n"))
            let state = try LuaState(randomSeed: 1)
            let outcome = state.start(try state.load(Array(file.text.utf8), chunkName: file.name))
            guard case .returned(let values) = outcome, case .table(let table)? = values.first else {
                Issue.record("\(file.name): \(outcome)")
                continue
            }
            #expect(Set(state.fieldNames(of: table)) == Set(module.functions.map(\.name)))
        }
    }

    @Test("every annotation in them reads as the grammar says, and names only types that they declare")
    func annotations() throws {
        let (types, diagnostics) = Self.types(of: files)
        #expect(diagnostics == [])
        let known = Set(types.names)
        for file in files {
            for comment in AnnotatedSource(chunkName: file.name, bytes: Array(file.text.utf8)).comments() {
                for tag in comment.tags {
                    var scanner = tag.scanner
                    let text = String(decoding: scanner.bytes[scanner.offset...], as: UTF8.self)
                    switch tag.name {
                    case "param", "field":
                        _ = scanner.name()
                        _ = scanner.take("?")
                        #expect(throws: Never.self, "\(file.name):\(tag.line)") { _ = try scanner.typeBeforeProse() }
                    case "return":
                        #expect(throws: Never.self, "\(file.name):\(tag.line)") { _ = try scanner.typeBeforeProse() }
                    case "class", "alias": continue
                    default:
                        #expect(["meta", "async"].contains(tag.name), "\(file.name):\(tag.line): @\(tag.name)")
                        continue
                    }
                    let type = String(decoding: scanner.bytes[..<scanner.offset], as: UTF8.self)
                    for name in Self.typeNames(in: type) where !known.contains(name) {
                        Issue.record("\(file.name):\(tag.line): unknown type \(name) in \(text)")
                    }
                }
            }
        }
    }

    /// The names with a dot, which are those of classes and aliases.
    private static func typeNames(in text: String) -> [String] {
        text.split { !$0.isLetter && !$0.isNumber && $0 != "." && $0 != "_" }.map(String.init)
            .filter { $0.contains(".") && !$0.hasPrefix(".") }
    }

    @Test("functions have their parameters, what they return when they fail, and whether they wait")
    func functions() throws {
        let text = try #require(files.first).text
        #expect(
            text.contains(
                """
                ---@async
                ---@param text string What to say, word for word.
                ---@param options? moonline.SayOptions How to say it.
                ---@return boolean? ok
                ---@return string? message
                ---@return moonline.ErrorCode? code
                function Call:say(text, options) end
                """))
        #expect(
            text.contains(
                """
                ---@class moonline.SayOptions
                ---`false`: the caller cannot cut it short.
                ---@field interruptible? boolean
                """))
        #expect(text.contains("---@field on_answered? async fun(call: moonline.Call)\n"))
        #expect(text.contains("---@field on_handover? fun(state: table): table\n"))
        #expect(text.contains("---| \"refused\" # "))
        #expect(
            text.contains(
                "---@class (exact) moonline.AgentDefinition\n---What dispatches ask for. Since 0.1.\n---@field name string\n"
            ))
        for function in CallFunctions.all { #expect(text.contains("\nfunction Call:\(function.name)(")) }
        for field in CallFieldSpec.all { #expect(text.contains("\n---@field \(field.name)")) }
    }
}

import Glibc
import LuaRuntime
import Testing

@testable import ScriptAPI
@testable import TestCalls

@Suite("The reference of the test language") struct TestReferenceTests {
    private static let path =
        "\(#filePath.components(separatedBy: "/Tests/").first ?? "")/Sources/TestCalls/REFERENCE.md"
    private static let command = "MOONLINE_WRITE_REFERENCE=1 swift test --filter TestReferenceTests"

    @Test("REFERENCE.md is what the declarations say; MOONLINE_WRITE_REFERENCE=1 writes it")
    func fresh() throws {
        let page = TestReference.markdown
        if getenv("MOONLINE_WRITE_REFERENCE") != nil {
            let file = try #require(fopen(Self.path, "wb"))
            #expect(fwrite(page, 1, page.utf8.count, file) == page.utf8.count)
            #expect(fclose(file) == 0)
        }
        let committed = try text(of: Self.path)
        guard committed != page else { return }
        let old = committed.split(separator: "\n", omittingEmptySubsequences: false)
        let new = page.split(separator: "\n", omittingEmptySubsequences: false)
        let line = zip(old, new).prefix { $0 == $1 }.count
        let change = "“\(line < old.count ? old[line] : "")” should be “\(line < new.count ? new[line] : "")”"
        Issue.record("REFERENCE.md is stale from line \(line + 1) on: \(change). Write it anew with: \(Self.command)")
    }

    private func text(of path: String) throws -> String {
        let file = try #require(fopen(path, "rb"), "no \(path); write it with: \(Self.command)")
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }

    @Test("the page shows each function and record once, and its examples load; each function is in one of them")
    func complete() throws {
        let page = TestReference.markdown
        for function in TestFunctionSpec.all {
            let heading = "### `\(TestReference.signature(of: function))`\n"
            #expect(page.components(separatedBy: heading).count == 2, "\(function.path)")
            #expect(!function.prose.isEmpty)
            #expect(function.parameters.allSatisfy { !$0.prose.isEmpty }, "\(function.path)")
        }
        for record in TestReference.records { #expect(page.contains("**`\(record.name)`**")) }
        for example in [TestReferenceText.example] + TestReferenceText.sections.map(\.example) {
            let file = try TestFile.load(path: "tests/example.lua", source: Array(example.utf8))
            for test in file.tests { _ = try TestRun(test, seed: 1) }
        }
    }

    @Test("the definitions are Lua that runs, and have each function with its parameters")
    func definitions() throws {
        let text = TestReference.definitions
        #expect(text.hasPrefix("---@meta moonline.test\n"))
        let state = try LuaState(randomSeed: 1)
        let outcome = state.start(try state.load(Array(text.utf8), chunkName: "test.lua"))
        guard case .returned(let values) = outcome, case .table(let table)? = values.first else {
            Issue.record("\(outcome)")
            return
        }
        let functions = TestFunctionSpec.all.filter { $0.receiver == .module }
        #expect(Set(state.fieldNames(of: table)) == Set(functions.map(\.name)))
        for function in TestFunctionSpec.all {
            let owner = ["t": "test.", "callee": "Callee:", "agent": "Agent:"][function.receiver.rawValue] ?? ""
            let names = function.parameters.map(\.name).joined(separator: ", ")
            #expect(text.contains("\nfunction \(owner)\(function.name)(\(names)) end"))
        }
    }

    @Test("every annotation of the definitions reads as LuaLS's grammar says, and names only types that they declare")
    func annotations() throws {
        let source = AnnotatedSource(chunkName: "test.lua", bytes: Array(TestReference.definitions.utf8))
        var types = DeclaredTypes()
        var diagnostics: [FlowDiagnostic] = []
        types.collect(from: source, diagnostics: &diagnostics)
        #expect(diagnostics == [])
        let known = Set(types.names)
        for name in ["Matcher", "Model", "Options", "Network", "ModelEntry", "Callee", "Agent", "AgentSaysOptions"] {
            #expect(known.contains("moonline.test.\(name)"))
        }
        for comment in source.comments() {
            for tag in comment.tags where ["param", "field", "return"].contains(tag.name) {
                var scanner = tag.scanner
                if tag.name != "return" {
                    _ = scanner.name()
                    _ = scanner.take("?")
                }
                #expect(throws: Never.self, "line \(tag.line)") { _ = try scanner.typeBeforeProse() }
                let type = String(decoding: scanner.bytes[..<scanner.offset], as: UTF8.self)
                for word in type.split(whereSeparator: { !$0.isLetter && $0 != "." }) where word.hasPrefix("moonline.")
                {
                    #expect(known.contains(String(word)), "line \(tag.line): \(word)")
                }
            }
        }
    }
}

extension String {
    fileprivate func components(separatedBy separator: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return parts + [String(rest)]
    }
}

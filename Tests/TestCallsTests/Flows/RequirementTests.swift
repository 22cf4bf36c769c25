import Conversation
import ScriptAPI
import TestSupport
import Testing

@testable import TestCalls

@Suite("Tests that require what not every mode can do") struct RequirementTests {
    private func folder(mode: String) throws -> TemporaryFolder {
        let folder = try TemporaryFolder("requires")
        try folder.write(
            """
            return require("moonline").agent {
              name = "desk", mode = "\(mode)", instructions = "Be brief.",
              on_answered = function(call) call:say("Hello.") end,
            }
            """, to: "desk.lua")
        try folder.write(
            """
            local t = require "moonline.test"
            t.options { model = t.model {} }
            t.test("for all", function(callee, agent) agent:says "Hello" end)
            t.test("one", { requires = "verbatim_speech" }, function(callee, agent) agent:says "Nothing" end)
            t.options { requires = { "uninterruptible_speech", "text_rewriting" } }
            t.test("two", function(callee, agent) agent:says "Nothing" end)
            t.test("none", { requires = {} }, function(callee, agent) agent:says "Hello" end)
            """, to: "tests.lua")
        return folder
    }

    private func selection(in folder: TemporaryFolder) -> TestSelection {
        TestSelection(
            testFiles: [folder.file("tests.lua")], flows: [LoadedFlowFile(path: folder.file("desk.lua"))],
            personas: [], filter: nil, seed: 1)
    }

    private func play(_ selection: TestSelection) async throws -> [TestResult] {
        var options = TestRunner.Options()
        options.seedCount = 2
        return await TestRunner(try ShippedFlows.player(), options: options).run(selection) { _ in }
    }

    @Test("In a mode that cannot, a test is skipped once and not played; elsewhere it is played")
    func skips() async throws {
        let folder = try folder(mode: "live")
        let results = try await play(selection(in: folder))
        #expect(results.map(\.test.name) == ["for all", "for all", "one", "two", "none", "none"])
        #expect(
            results.map(\.skipReason) == [
                nil, nil, "The test requires verbatim_speech, which live mode does not have.",
                "The test requires text_rewriting, which live mode does not have.", nil, nil,
            ])
        #expect(results.map(\.passed) == [true, true, false, false, true, true])
        #expect(results.allSatisfy { !$0.hasFailed })

        var pipeline = selection(in: folder)
        pipeline.setMode(.pipeline)
        #expect(try await play(pipeline).filter(\.hasFailed).map(\.test.name) == ["one", "one", "two", "two"])
    }

    @Test("A flow's own tests at its reload are skipped too, and keep no version from serving")
    func reload() async throws {
        for (mode, failures) in [("live", 0), ("pipeline", 2)] {
            let folder = try folder(mode: mode)
            let tests = try TemporaryFolder("tests")
            try tests.write(try #require(folder.text(of: "tests.lua")), to: "desk.lua")
            let flowTests = FlowTests(
                testsFolder: tests.path, flowsFolder: folder.path + "/none", personasFolder: folder.path + "/none",
                stage: try VirtualScene.stage.get())
            let found = await flowTests.verify(try Flow.load(path: folder.file("desk.lua")))
            #expect(found.count == failures, "\(mode): \(found)")
        }
    }
}

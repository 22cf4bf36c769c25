import AgentHost
import CallStore
import Conversation
import Foundation
import Logging
import ScriptAPI
import TestSupport
import Testing

extension HostTests {
    @Suite("A host that is given its flows")
    struct GivenFlowTests {
        @Test("serves them and no others, reads no folder, and tells of each call's end last of all")
        func given() async throws {
            let files = try TemporaryFolder("flows")
            try files.write(
                TestHost.flow(
                    "given",
                    """
                    on_answered = function(call)
                      call:log("info", "drawn " .. math.random(1000000))
                      call:log("info", "began " .. call.started_at)
                      call:say("Hello.")
                      call:hangup { after_playout = true }
                    end,
                    """), to: "given.lua")
            let flow = try Flow.load(path: files.file("given.lua"))
            let ended = Watched<[CallReport]>([])
            var setup = TestHost.Setup()
            setup.configure = { configuration in
                configuration.flows = [flow]
                configuration.scriptSeed = 7
                configuration.startTime = 1_796_000_000
                configuration.onCallEnded = { report in ended.update { $0.append(report) } }
            }
            try await TestHost.with(setup) { test in
                #expect(await test.host.agentNames == ["given"])
                try FileManager.default.removeItem(atPath: files.file("given.lua"))
                #expect(try await test.host.reloadFlows(agent: nil, isPromoted: false).isEmpty)
                for _ in 0..<2 {
                    let call = try await test.call(agent: "given")
                    #expect(call.record.outcome == "completed", "\(call.record.message ?? "")")
                }
                let told = test.log.lines(from: .info).map { $0.text.split(separator: " ").prefix(2) }
                let drawn = told.filter { $0.first == "drawn" }
                #expect(drawn.count == 2 && drawn[0] == drawn[1], "\(drawn)")
                let began = told.filter { $0.first == "began" }
                #expect(began == [["began", "1796000000.0"], ["began", "1796000000.0"]])
                #expect(ended.value.map(\.outcome.kind) == [.completed, .completed])
            }
        }
    }
}

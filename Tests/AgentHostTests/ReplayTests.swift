import AgentHost
import CallStore
import Conversation
import Foundation
import Replay
import SansIO
import ScriptAPI
import TestSupport
import Testing

extension HostTests {
    /// Every call whose end a test waits for is run again (see ``TestHost/end(of:)``); here is what an edit does.
    @Suite("A real call, run again")
    struct ReplayTests {
        private static let text = TestHost.flow(
            "patient",
            """
            actions = CallActions,
            on_answered = function(call)
              call.state.lucky = math.random(1000000)
              call:say("Hello.")
            end,
            on_hangup = function(call, reason) call:log("info", reason) end,
            """,
            before: """
                local store = require "store"
                local CallActions = {}
                ---Counts.
                function CallActions:count()
                  moonline.sleep(0.2)
                  return { count = store.increment("count"), lucky = self.call.state.lucky, at = moonline.now() }
                end
                """)

        /// A call that counts twice; the caller hangs up.
        private func log() async throws -> CallLog {
            var setup = Setup()
            setup.flows = ["patient.lua": Self.text]
            return try await TestHost.with(setup) { test in
                let dispatch = try await test.dispatch(agent: "patient")
                let call = try await test.exchange.answered()
                try await test.observe("the greeting") { if case .transcript = $0 { true } else { nil } }
                let session = try await test.model.session(0)
                let first = try JSON(parsing: try await session.call("count", arguments: "{}"))
                let second = try JSON(parsing: try await session.call("count", arguments: "{}"))
                #expect(first["count"]?.number == 1 && second["count"]?.number == 2)
                let end = Task { try await test.end(of: dispatch) }
                await test.exchange.hangUp(call)
                let ended = try await end.value
                let path = try #require(ended.record.eventLogPath)
                return try CallLog(parsing: try Data(contentsOf: URL(fileURLWithPath: path)))
            }
        }

        @Test("it does the same from its log alone, and an edit is found in the handler that it changes")
        func edited() async throws {
            let log = try await log()
            let same = try CallReplay(log).run()
            #expect(same.isIdentical && same.end == .callEnded && same.actions > 20)

            let folder = try TemporaryFolder("edited")
            try folder.write(
                Self.text.replacing("store.increment(\"count\")", with: "store.increment(\"count\", 2)"), to: "new.lua")
            let flow = try Flow.load(path: folder.file("new.lua"))
            let divergence = try #require(try CallReplay(log, flow: flow).run().divergence)
            #expect(divergence.place == "the action count")
            #expect(divergence.recorded == #"store.increment("count", 1.0)"#)
            #expect(divergence.replayed == #"store.increment("count", 2.0)"#)

            let test = RecordedTest(log).text
            for line in [
                "agent:says \"Beep.\"", "agent:calls \"count\"", "callee:hangs_up()", "agent:ends \"completed\"",
            ] {
                #expect(test.contains(line), "\(test)")
            }
        }
    }
}

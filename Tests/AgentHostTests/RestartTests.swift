import AgentHost
import CallStore
import Conversation
import Foundation
import LiveKit
import Logging
import MediaEngine
import SansIO
import TestSupport
import Testing

extension HostTests {
    @Suite("A host that starts again")
    struct RestartTests {
        @Test("trunks with their passwords, dispatches and call records are there again")
        func persistence() async throws {
            var setup = Setup()
            setup.plan["+15105550100"] = .askForPassword("correct horse", status: 407)
            setup.password = "correct horse"
            try await TestHost.with(setup) { first in
                let call = try await first.call()
                #expect(call.record.outcome == "completed")
                #expect(call.dispatch.jobs.map(\.status) == [.success])
                let trunks = try await first.host.adminBackend.listTrunks()
                #expect(trunks.count == 1)
                await first.stop()

                let second = try await TestHost.start(
                    setup, folder: first.folder, exchange: first.exchange, model: first.model)
                #expect(try await second.host.adminBackend.listTrunks() == trunks)
                #expect(try await second.host.listDispatches(room: "", id: nil) == [call.dispatch])
                #expect(try await second.stored { try await $0.calls() } == [call.record])
                // The password is good for a call, and the folder for further records.
                try await second.expectGoodCall()
                #expect(try await second.stored { try await $0.calls() }.count == 2)
                await second.stop()
            }
        }

        @Test("a call that ran when the process died is ended in its record and its dispatch")
        func crash() async throws {
            var setup = Setup()
            setup.plan["+15105550666"] = .ring
            try await TestHost.with(setup) { first in
                let finished = try await first.call()
                let dispatch = try await first.dispatch("+15105550666")
                try await first.exchange.calls.wait(for: "the second call") { $0.count == 2 ? true : nil }
                let running = try #require(
                    try await first.stored { try await $0.calls(dispatchID: dispatch.id) }.first)
                #expect(running.endedAt == nil)
                #expect(running.outcome == nil)

                // The folder as a crash at this moment leaves it.
                let folder = try TemporaryFolder("host")
                try TestHost.write(setup.flows, in: folder)
                try FileManager.default.copyItem(
                    atPath: first.folder.file("data"), toPath: folder.file("data"))
                let second = try await TestHost.start(
                    setup, folder: folder, exchange: first.exchange, model: first.model)
                let ended = try await second.end(of: dispatch)
                #expect(ended.report == nil)
                #expect(ended.record.outcome == "host_died")
                #expect(ended.record.message == "The host ended while the call ran.")
                #expect(ended.record.endedAt ?? 0 >= running.startedAt)
                #expect(ended.dispatch.jobs.map(\.status) == [.failed])
                #expect(ended.dispatch.jobs.map(\.error) == ["The host ended while the call ran."])
                #expect(ended.dispatch.jobs.allSatisfy { $0.endedAt >= dispatch.createdAt })
                // What had ended stays as it was.
                #expect(
                    try await second.stored { try await $0.call(id: finished.record.id) } == finished.record)
                #expect(second.log.lines.value.contains { $0.text.hasPrefix("1 calls had not ended") })
                try await second.expectGoodCall()
                await second.stop()
            }
        }
    }
}

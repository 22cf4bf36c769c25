import AgentHost
import CallStore
import Conversation
import LiveKit
import Logging
import MediaEngine
import SansIO
import TestSupport
import Testing

extension HostTests {
    @Suite("Dispatches that cannot be carried out")
    struct DispatchTests {
        /// Asserts that a dispatch is refused with that error, and leaves nothing behind.
        func expectRefused(
            _ test: TestHost, metadata: String = "+15105550100", agent: String = "good", _ code: TwirpError.Code,
            _ message: String, sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            let before = try await test.host.listDispatches(room: "", id: nil).count
            await #expect(sourceLocation: sourceLocation) {
                try await test.dispatch(metadata, agent: agent)
            } throws: { error in
                guard let error = error as? TwirpError else { return false }
                return error.code == code && error.message == message
            }
            #expect(
                try await test.host.listDispatches(room: "", id: nil).count == before, sourceLocation: sourceLocation)
        }

        @Test("an agent that is not there is told with those that are")
        func unknownAgent() async throws {
            var setup = Setup()
            setup.flows["patient.lua"] = TestHost.patientFlow
            try await TestHost.with(setup) { test in
                try await expectRefused(
                    test, agent: "outbound-caler", .notFound,
                    "there is no agent “outbound-caler”; this host has: good, patient")
                try await expectRefused(
                    test, agent: "", .notFound, "there is no agent “”; this host has: good, patient")
                try await test.expectGoodCall()
            }
        }

        @Test("metadata that names nobody is refused with what to write instead")
        func metadata() async throws {
            try await TestHost.with { test in
                let noNumber =
                    " is not a telephone number. Use E.164: a plus sign, the country code and the number, for example "
                    + "+15105550100."
                for text in ["call me", "+1510555010x", "+", "12", "+1234567890123456", "١٢٣٤٥٦٧", "sip+15105550100"] {
                    try await expectRefused(test, metadata: text, .invalidArgument, "“\(text)”" + noNumber)
                }
                let empty =
                    "The metadata is empty: give the number to call, for example --metadata \"+15105550100\"."
                for text in ["", " \t\n"] { try await expectRefused(test, metadata: text, .invalidArgument, empty) }
                let missing =
                    "The metadata has no \"phone_number\": give {\"phone_number\": \"+15105550100\", …}."
                for text in ["{}", "{\"phone\": \"+15105550100\"}", "{\"phone_number\": 15105550100}"] {
                    try await expectRefused(test, metadata: text, .invalidArgument, missing)
                }
                await #expect {
                    try await test.dispatch("{\"phone_number\": \"+15105550100\"")
                } throws: { error in
                    guard let error = error as? TwirpError, error.code == .invalidArgument else { return false }
                    return error.message.hasPrefix("The metadata begins like a JSON object, but is not one: ")
                        && error.message.hasSuffix(".") && error.meta["argument"] == "metadata"
                }
                try await expectRefused(
                    test, metadata: "{\"phone_number\": \"nobody\"}", .invalidArgument, "“nobody”" + noNumber)
                try await test.expectGoodCall()
                #expect(test.exchange.calls.value.map(\.number) == ["+15105550100"])
            }
        }

        @Test("without a trunk a number cannot be called, and a SIP URI can")
        func noTrunk() async throws {
            var setup = Setup()
            setup.hasTrunk = false
            try await TestHost.with(setup) { test in
                try await expectRefused(
                    test, .failedPrecondition,
                    "there is no trunk to call by; create one with `moonline trunk create`")
                try await test.expectGoodCall("sip:alice@\(test.exchange.address)")
                #expect(test.exchange.calls.value.map(\.number) == ["alice"])
            }
        }

        @Test("of several trunks none is guessed")
        func severalTrunks() async throws {
            try await TestHost.with { test in
                let second = try await test.makeTrunk("127.0.0.1:9")
                try await expectRefused(
                    test, .failedPrecondition,
                    "there are 2 trunks; choose one by SIP_OUTBOUND_TRUNK_ID (see `moonline trunk list`)")
                // A SIP URI says itself where it leads.
                try await test.expectGoodCall("sip:alice@\(test.exchange.address)")
                _ = try await test.host.adminBackend.deleteTrunk(second.id)
                try await test.expectGoodCall()
            }
        }

        @Test("the trunk that the configuration names is taken, and its absence told")
        func chosenTrunk() async throws {
            var setup = Setup()
            setup.configure = { $0.defaultTrunkID = "ST_gone" }
            try await TestHost.with(setup) { test in
                try await expectRefused(
                    test, .failedPrecondition,
                    "there is no trunk ST_gone, which SIP_OUTBOUND_TRUNK_ID names; see `moonline trunk list`")
            }
        }

        @Test("a trunk that cannot be called by is refused when it is made")
        func unusableTrunk() async throws {
            try await TestHost.with { test in
                var trunk = OutboundTrunk()
                trunk.address = "trunk.example"
                trunk.numbers = ["+15105550123"]
                trunk.transport = .tls
                await #expect(throws: TwirpError.self) { try await test.host.adminBackend.createTrunk(trunk) }
                trunk.transport = .auto
                trunk.address = "trunk example"
                await #expect(throws: TwirpError.self) { try await test.host.adminBackend.createTrunk(trunk) }
                let trunks = try await test.host.adminBackend.listTrunks()
                #expect(trunks.count == 1)
                await #expect {
                    try await test.host.adminBackend.deleteTrunk("ST_gone")
                } throws: { ($0 as? TwirpError)?.message == "there is no trunk ST_gone; see `moonline trunk list`" }
            }
        }

        @Test("a host that carries as many calls as it may refuses more, and takes them again when one has ended")
        func tooManyCalls() async throws {
            var setup = Setup()
            setup.plan["+15105550666"] = .ring
            setup.configure = { $0.maximumCalls = 1 }
            try await TestHost.with(setup) { test in
                let first = try await test.dispatch("+15105550666")
                try await expectRefused(
                    test, .resourceExhausted, "this host carries 1 calls, as many as it may")
                try await test.observe("ringing") { $0 == .status(.ringing) ? true : nil }
                _ = try await test.host.deleteDispatch(room: "test", id: first.id)
                _ = await test.host.report(dispatchID: first.id)
                let record = try #require(try await test.stored { try await $0.calls(dispatchID: first.id) }.first)
                #expect(record.outcome == "cancelled")
                #expect(record.message == "The call was cancelled by the operator.")
                #expect(record.hungUpBy == "host")
                try await #require(test.exchange.calls.value.first).ended()
                try await test.expectGoodCall()
            }
        }

        @Test("dispatches that come at the same time do not overrun the limit")
        func limitAtOnce() async throws {
            var setup = Setup()
            setup.plan["+15105550666"] = .ring
            setup.configure = { $0.maximumCalls = 3 }
            try await TestHost.with(setup) { test in
                let refusals = await withTaskGroup(of: TwirpError?.self) { group in
                    for _ in 0..<12 {
                        group.addTask {
                            do throws(TwirpError) {
                                _ = try await test.dispatch("+15105550666")
                                return nil
                            } catch {
                                return error
                            }
                        }
                    }
                    return await group.reduce(into: [TwirpError]()) { refusals, error in
                        if let error { refusals.append(error) }
                    }
                }
                #expect(refusals.map(\.code) == Array(repeating: .resourceExhausted, count: 9))
                #expect(await test.host.callCount == 3)
                let dispatches = try await test.host.listDispatches(room: "", id: nil)
                #expect(dispatches.count == 3)
            }
        }

        @Test("a dispatch that is not there, or is deleted, cannot be deleted")
        func unknownDispatch() async throws {
            try await TestHost.with { test in
                let call = try await test.call()
                for (room, id) in [("test", "AD_gone"), ("other", call.dispatch.id)] {
                    await #expect {
                        try await test.host.deleteDispatch(room: room, id: id)
                    } throws: { ($0 as? TwirpError)?.message == "there is no dispatch \(id) in room \(room)" }
                }
                _ = try await test.host.deleteDispatch(room: "test", id: call.dispatch.id)
                await #expect(throws: TwirpError.self) {
                    try await test.host.deleteDispatch(room: "test", id: call.dispatch.id)
                }
                #expect(try await test.host.listDispatches(room: "test", id: nil).isEmpty)
            }
        }

        @Test("a host that drains lets calls end, and takes no new ones")
        func draining() async throws {
            var setup = Setup()
            setup.flows["patient.lua"] = TestHost.patientFlow
            try await TestHost.with(setup) { test in
                let dispatch = try await test.dispatch(agent: "patient")
                let answered = try await test.exchange.answered()
                let drained = Task { await test.host.drain() }
                try await test.log.line(containing: "draining: 1 calls go on")
                await #expect {
                    try await test.dispatch()
                } throws: { ($0 as? TwirpError)?.code == .unavailable }
                await test.exchange.hangUp(answered)
                await drained.value
                #expect(try await test.end(of: dispatch).record.outcome == "completed")
                #expect(await test.host.callCount == 0)
            }
        }
    }
}

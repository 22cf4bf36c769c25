import AgentHost
import CallStore
import Conversation
import LiveKit
import Logging
import LuaRuntime
import MediaEngine
import SansIO
import ScriptAPI
import TestSupport
import Testing

extension HostTests {
    @Suite("A script in an endless loop")
    struct EndlessLoopTests {
        /// Twenty milliseconds: what a packet holds. [ns]
        static let slot: Int64 = 20_000_000

        /// Where a script loops: its text, and the line of the loop.
        struct Place: CustomTestStringConvertible, Sendable {
            var testDescription: String
            var flow: String
            var line: Int
            var action: String?
        }

        static let places = [
            Place(
                testDescription: "on_answered",
                flow: TestHost.flow(
                    "looping",
                    """
                    on_answered = function(call)
                      call:log("info", "it begins to loop")
                      while true do end
                    end,
                    """),
                line: 7),
            Place(
                testDescription: "an action",
                flow: TestHost.flow(
                    "looping", "actions = CallActions,",
                    before: """
                        local CallActions = {}
                        ---Loops.
                        function CallActions:loop()
                          self.call:log("info", "it begins to loop")
                          while true do end
                        end
                        """),
                line: 6, action: "loop"),
        ]

        @Test("it is stopped by its budget, and delays no packet of its own call or of another", arguments: places)
        func delaysNoPacket(_ place: Place) async throws {
            var setup = Setup()
            setup.flows["looping.lua"] = place.flow
            setup.flows["patient.lua"] = TestHost.patientFlow
            setup.configure = {
                // Long enough to be seen: fifty packets of each call. More instructions than any processor runs in that
                // time; they end the loop when the call is run again, which leaves more time.
                $0.scriptLimits.lua = LuaLimits(instructions: 1 << 32, processorTime: .seconds(1))
            }
            try await TestHost.with(setup) { test in
                let steadyDispatch = try await test.dispatch("+15105550101", agent: "patient")
                let steady = try await test.exchange.answered(0)
                let steadyMedia = try #require(steady.media)
                let steadyEnd = Task { try await test.end(of: steadyDispatch) }
                try await steadyMedia.heard(25)

                let loopingDispatch = try await test.dispatch("+15105550102", agent: "looping")
                let looping = try await test.exchange.answered(1)
                let loopingMedia = try #require(looping.media)
                let loopingEnd = Task { try await test.end(of: loopingDispatch) }
                if let action = place.action {
                    try await loopingMedia.heard(25)
                    let session = try await test.model.session(1)
                    #expect(
                        try await session.call(action, arguments: "{}") == "{\"error\":\"\(action) failed\"}")
                }
                let message =
                    "flows/looping.lua:\(place.line): the script used more than 1000 ms of processor time without waiting"
                try await test.observe("the budget's fault") {
                    if case .fault(let fault) = $0, fault.message == message { true } else { nil }
                }
                let began = try await test.log.line(containing: "it begins to loop").at
                let ended = try await test.log.line(containing: message).at
                try await steadyMedia.heard(steadyMedia.packets.value.count + 25)
                try await loopingMedia.heard(loopingMedia.packets.value.count + 25)
                await test.exchange.hangUp(steady)
                await test.exchange.hangUp(looping)

                #expect(ended - began >= 1_000_000_000)
                let faults = try await loopingEnd.value.faults
                #expect(faults.map(\.kind) == [.script])
                #expect(faults.first?.traceback.contains("flows/looping.lua:") == true)
                for (call, media) in [
                    (try await steadyEnd.value, steadyMedia), (try await loopingEnd.value, loopingMedia),
                ] {
                    #expect(call.record.outcome == "completed")
                    #expect(call.record.hungUpBy == "callee")
                    let statistics = try #require(call.report?.statistics)
                    #expect(statistics.ticksSkipped == 0)
                    #expect(statistics.sendFailures == 0)
                    expectNoGap(media.packets.value, from: began, to: ended)
                }
                // On the way up as well: what the callees say has gone on reaching the model.
                for session in test.model.sessions {
                    let heard = session.audioArrivals.value.count { (began...ended).contains($0) }
                    #expect(Int64(heard) >= (ended - began) / Self.slot * 3 / 4)
                }
                try await test.expectGoodCall()
            }
        }

        /// Asserts that no packet is lost, skipped or delayed by the script: by sequence numbers, RTP timestamps, and the
        /// kernel's own times of arrival.
        ///
        /// - Parameters:
        ///   - began: Since when the script looped, Unix time. [ns]
        ///   - ended: Until when.
        func expectNoGap(
            _ packets: [RTPPeer.Packet], from began: Int64, to ended: Int64,
            sourceLocation: SourceLocation = #_sourceLocation
        ) {
            #expect(Set(packets.map(\.source)).count == 1, sourceLocation: sourceLocation)
            #expect(
                packets.allSatisfy { $0.payloadType == 0 && $0.payload.count == 160 }, sourceLocation: sourceLocation)
            for (packet, next) in zip(packets, packets.dropFirst()) {
                #expect(next.sequenceNumber == packet.sequenceNumber &+ 1, sourceLocation: sourceLocation)
                #expect(next.timestamp == packet.timestamp &+ 160, sourceLocation: sourceLocation)
            }
            // Every slot has its packet. One that had waited for the script would be late by as much as the script looped;
            // a tenth of that is left to a machine that does other things as well.
            let delays = packets.enumerated().map { $1.arrival - Int64($0) * Self.slot }
            let earliest = delays.min() ?? 0
            let worst = (delays.max() ?? .max) - earliest
            #expect(worst <= (ended - began) / 10, "ns late", sourceLocation: sourceLocation)
            let count = packets.count { (began...ended).contains($0.arrival) }
            let slots = (ended - began) / Self.slot
            #expect(abs(Int64(count) - slots) <= 1 + worst / Self.slot, sourceLocation: sourceLocation)
        }
    }
}

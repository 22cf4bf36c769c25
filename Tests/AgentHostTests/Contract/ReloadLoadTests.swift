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
    @Suite("200 reloads during 50 calls")
    struct ReloadLoadTests {
        private static let reloads = 200
        /// Calls whose flow has `on_handover`, and calls whose flow has not.
        private static let callsOfEach = 25
        /// After so many reloads memory is looked at for the first time: all that is kept once is there by then.
        private static let warmUp = 20

        private static func flow(_ name: String, _ number: Int, _ fields: String = "") -> String {
            TestHost.flow(
                name,
                """
                instructions = "Version \(number) of \(name).", actions = CallActions,
                on_answered = function(call) call:say("Hello.") end,
                \(fields)
                """,
                before: """
                    local CallActions = {}
                    ---Tells the version.
                    function CallActions:version_\(number)() return \(number) end
                    """
            ).replacing("instructions = \"Be brief.\",", with: "")
        }

        private static func flows(_ number: Int) -> [String: String] {
            [
                "moving.lua": flow(
                    "moving", number,
                    """
                    on_handover = function(state)
                      state.moves = (state.moves or 0) + 1
                      return state
                    end,
                    on_hangup = function(call) call:log("info", "moved", { moves = call.state.moves }) end,
                    """),
                "staying.lua": flow("staying", number),
            ]
        }

        /// One call from all sides.
        private struct Line {
            let agent: String
            let dispatch: Dispatch
            let call: ExchangeCall
            let media: RTPPeer
            let session: ModelSession
            var tally = PacketTally()
            /// Of the settings that the model was told.
            var updates = 0
            var lastUpdate: JSON = .null

            /// Counts what has come, and forgets it.
            mutating func collect() {
                tally.collect(media)
                var messages: [JSON] = []
                session.received.update { swap(&messages, &$0) }
                let updates = messages.filter { $0["type"]?.string == "session.update" }
                self.updates += updates.count
                lastUpdate = updates.last ?? lastUpdate
                session.audioArrivals.update { $0 = [] }
            }
        }

        @Test("no call, no packet and no memory is lost")
        func nothingIsLost() async throws {
            var setup = Setup()
            setup.flows = Self.flows(0)
            try await TestHost.with(setup) { test in
                var lines: [Line] = []
                for number in 0..<(2 * Self.callsOfEach) {
                    let agent = number % 2 == 0 ? "moving" : "staying"
                    let dispatch = try await test.dispatch(agent: agent)
                    let call = try await test.exchange.answered(number)
                    lines.append(
                        Line(
                            agent: agent, dispatch: dispatch, call: call, media: try #require(call.media),
                            session: try await test.model.session(number)))
                }
                try await test.observations.wait(for: "all greetings") { seen in
                    seen.count { if case .transcript = $0.observation { true } else { false } }
                        == 2 * Self.callsOfEach ? true : nil
                }
                let first = Set(test.host.flowVersions.compactMap(\.version))
                #expect(first.count == 2)

                let began = ContinuousClock.now
                var versions: Set<String> = []
                var moves = 0
                var memory = 0
                for number in 1...Self.reloads {
                    let version = try await reload(number, test)
                    versions.formUnion(version)
                    // Every call that may move does so before the next change.
                    try await test.observations.wait(for: "the moves to version \(number)") { seen in
                        seen.count { if case .flowChanged = $0.observation { true } else { false } }
                            == Self.callsOfEach ? true : nil
                    }
                    moves += Self.callsOfEach
                    test.observations.update { $0 = [] }
                    test.log.lines.update { lines in lines.removeAll { $0.level < .error } }
                    for index in lines.indices { lines[index].collect() }
                    if number == Self.warmUp { memory = try Memory.resident() }
                }
                let growth = try Memory.resident() - memory
                let took = ContinuousClock.now - began
                #expect(versions.count == 2 * Self.reloads)
                #expect(versions.isDisjoint(with: first))
                #expect(test.host.flowVersions.count <= 2 * 12)
                for index in lines.indices {
                    try await lines[index].media.heard(25)
                    lines[index].collect()
                    #expect(lines[index].call.state.value == .answered)
                    #expect(lines[index].tally.gaps == 0)
                }
                #expect(growth < 16 << 20)
                let lost = lines.count { $0.call.state.value != .answered }
                try await end(lines, test, last: test.host.flowVersions.filter { $0.state == .serving })

                let late = lines.flatMap(\.tally.lateness).sorted()
                let packets = lines.reduce(0) { $0 + $1.tally.count }
                let gaps = lines.reduce(0) { $0 + $1.tally.gaps }
                print(
                    """
                    \(Self.reloads) reloads of 2 flows during \(lines.count) calls, in \(took.formatted()): \
                    \(moves) hand-overs; calls lost: \(lost); \
                    packets heard: \(packets), lost: \(gaps), late at most \
                    \(Self.text(late.last)) ms (99 in 100: \(Self.text(late[safe: late.count * 99 / 100])) ms); \
                    memory: \(growth / 1_024) KiB more after \(Self.reloads) reloads than after \(Self.warmUp)
                    """)
                #expect((late.last ?? 0) < 250)
            }
        }

        private static func text(_ milliseconds: Double?) -> String { String(format: "%.1f", milliseconds ?? 0) }

        /// Saves both flows as an editor does.
        ///
        /// - Returns: The versions that serve then.
        private func reload(_ number: Int, _ test: TestHost) async throws -> [String] {
            for (name, text) in Self.flows(number) {
                try Data(text.utf8).write(
                    to: URL(fileURLWithPath: test.folder.file("flows/" + name)), options: .atomic)
            }
            let changes = try await test.host.reloadFlows(agent: nil, isPromoted: false)
            #expect(changes.count == 2 && changes.allSatisfy { $0.kind != .refused })
            return test.host.flowVersions.filter { $0.state == .serving }.compactMap(\.version)
        }

        /// Hangs up, and looks at what was left of each call.
        private func end(_ lines: [Line], _ test: TestHost, last: [FlowVersionStatus]) async throws {
            let current = last.first { $0.agent == "moving" }?.version
            for line in lines {
                await test.exchange.hangUp(line.call)
                let ended = try await test.end(of: line.dispatch)
                try await line.call.ended()
                #expect(ended.record.outcome == "completed" && ended.record.hungUpBy == "callee")
                let statistics = try #require(ended.report?.statistics)
                #expect(statistics.ticksSkipped == 0 && statistics.sendFailures == 0)
                #expect(statistics.packetsLost == 0)
                // What the callee has said has come in as well: it has said a packet for each that it heard.
                #expect(Int(statistics.packetsReceived) >= line.tally.count - 5)
                let session = try #require(line.lastUpdate["session"])
                if line.agent == "moving" {
                    #expect(ended.record.scriptVersion == current)
                    #expect(line.updates == Self.reloads + 1)
                    #expect(session["instructions"]?.string == "Version \(Self.reloads) of moving.")
                    #expect(session["tools"]?[0]?["name"]?.string == "version_\(Self.reloads)")
                    let moved = "moved call=\(ended.record.id) moves=\(Self.reloads) "
                    #expect(test.log.lines.value.contains { $0.text.hasPrefix(moved) })
                } else {
                    #expect(ended.record.scriptVersion != last.first { $0.agent == "staying" }?.version)
                    #expect(line.updates == 1)
                    #expect(session["instructions"]?.string == "Version 0 of staying.")
                }
            }
            #expect(test.log.lines(from: .error).isEmpty)
        }
    }
}

extension Array {
    fileprivate subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}

import AgentHost
import CallStore
import Conversation
import Foundation
import Logging
import LuaRuntime
import SansIO
import ScriptAPI
import TestSupport
import Testing

extension HostTests {
    @Suite("A call goes over to a newer version")
    struct HandoverTests {
        /// A flow that greets; its agent is `patient`.
        ///
        /// - Parameters:
        ///   - action: The name of its action, which returns `call.version` and `call.state`.
        ///   - handover: Body of `on_handover`, from line 11 on; `nil` for none.
        private static func flow(_ action: String, handover: String?, fields: String = "") -> String {
            TestHost.flow(
                "patient",
                """
                instructions = "Use \(action).", actions = CallActions,
                \(handover.map { "on_handover = function(state)\n\($0)\nend," } ?? "")
                \(fields)
                """,
                before: """
                    local CallActions = {}
                    ---Tells what is.
                    function CallActions:\(action)()
                      return { version = self.call.version, state = self.call.state }
                    end
                    """
            ).replacing("instructions = \"Be brief.\",", with: "")
        }

        private static let first = flow(
            "look", handover: nil,
            fields: """
                on_answered = function(call)
                  call.state.visits = 1
                  call.state.names = { "Ada", "Grace" }
                  call:after(0.5, function() call:log("error", "the old version still runs") end)
                  call:say("Hello.")
                end,
                on_hangup = function(call) call:log("info", "the first version ends") end,
                """)

        /// A call of the first version, when its greeting was heard.
        private struct Running {
            let test: TestHost
            let call: ExchangeCall
            let id: String
            let session: ModelSession
            let version: String

            /// Saves the flow as an editor does, and waits until it serves.
            ///
            /// - Returns: Its version.
            func save(_ text: String) async throws -> String {
                let before = serving
                try Data(text.utf8).write(
                    to: URL(fileURLWithPath: test.folder.file("flows/patient.lua")), options: .atomic)
                // The host's own watcher has seen it, or sees it now.
                _ = try await test.host.reloadFlows(agent: nil, isPromoted: false)
                #expect(serving != before)
                return serving
            }

            var serving: String {
                test.host.flowVersions.first { $0.state == .serving }?.version ?? "none"
            }

            /// Waits until the call has gone over.
            func moved(to version: String) async throws {
                try await test.observe("the hand-over to \(version)") {
                    if case .flowChanged(version, _) = $0 { true } else { nil }
                }
            }

            /// What an action returns.
            func ask(_ action: String) async throws -> JSON {
                let output = try await session.call(action, arguments: "{}")
                return try JSON(parsing: output)
            }
        }

        /// What is left of a call, its event log as well.
        @dynamicMemberLookup
        private struct Ended: Sendable {
            let call: EndedCall
            let events: [JSON]

            subscript<Value>(dynamicMember path: KeyPath<EndedCall, Value>) -> Value { call[keyPath: path] }

            /// Numbers of the lines of the event log in which a member has that value.
            func lines(_ key: String, _ value: String) -> [Int] {
                events.indices.filter { events[$0][key]?.string == value }
            }
        }

        private func inCall(
            flow: String = first, configure: @escaping @Sendable (inout HostConfiguration) -> Void = { _ in },
            _ body: (Running) async throws -> Void
        ) async throws -> Ended {
            var setup = Setup()
            setup.flows = ["patient.lua": flow]
            setup.configure = configure
            return try await TestHost.with(setup) { test in
                let dispatch = try await test.dispatch(agent: "patient")
                let call = try await test.exchange.answered()
                try await test.observe("the greeting") { if case .transcript = $0 { true } else { nil } }
                let running = Running(
                    test: test, call: call, id: try await test.callID(), session: try await test.model.session(0),
                    version: try #require(test.host.flowVersions.first?.version))
                let end = Task { try await test.end(of: dispatch) }
                try await body(running)
                await test.exchange.hangUp(call)
                let ended = try await end.value
                let log = try String(contentsOfFile: try #require(ended.record.eventLogPath), encoding: .utf8)
                let events = try log.split(separator: "\n").map { try JSON(parsing: Array($0.utf8))["what"] ?? .null }
                return Ended(call: ended, events: events)
            }
        }

        @Test("on_handover gets call.state; handlers, actions, model, log and record are the new version's")
        func movesOver() async throws {
            let call = try await inCall { running in
                let second = try await running.save(
                    Self.flow(
                        "book", handover: "return { visits = state.visits + 1, names = state.names, old = true }",
                        fields: """
                            on_hangup = function(call) call:log("info", "the second version ends") end,
                            """))
                try await running.moved(to: second)
                let told = try await running.session.received.wait(for: "the new settings") { messages in
                    messages.lazy.filter { $0["type"]?.string == "session.update" }.dropFirst().first?["session"]
                }
                #expect(told["instructions"]?.string == "Use book.")
                #expect(told["tools"]?.array?.compactMap { $0["name"]?.string } == ["book"])
                #expect(told["audio"] == nil)
                let answer = try await running.ask("book")
                #expect(answer["version"]?.string == second)
                #expect(answer["state"]?["visits"] == 2)
                #expect(answer["state"]?["names"] == ["Ada", "Grace"])
                #expect(answer["state"]?["old"] == true)
                #expect(try await running.ask("look") == ["error": "there is no function look"])
                // Once the old version's timer would have been due.
                try await running.call.media?.heard((running.call.media?.packets.value.count ?? 0) + 40)

                let lines = running.test.log.lines.value
                let move = try #require(lines.firstIndex { $0.text.contains("goes on with another version") })
                #expect(lines[move].text.contains("from=\(running.version)"))
                #expect(lines[move].text.contains("to=\(second)"))
                let later = lines[(move + 1)...].filter { $0.text.contains("call=\(running.id)") }
                #expect(later.count > 2)
                for line in later { #expect(line.text.contains("script=\(second)"), "\(line)") }
                #expect(running.test.host.flowVersions.first { $0.version == second }?.calls == 1)
                #expect(running.test.host.flowVersions.first { $0.version == running.version }?.calls ?? 0 == 0)
                #expect(running.serving == second)
                let stored = try await running.test.stored { try await $0.call(id: running.id) }
                #expect(stored?.endedAt == nil)
            }
            let moves = call.observations.compactMap { observation -> String? in
                if case .flowChanged(let version, _) = observation { version } else { nil }
            }
            #expect(moves.count == 1)
            #expect(call.record.scriptVersion == moves.first)
            #expect(call.report?.scriptVersion == moves.first)
            #expect(call.record.outcome == "completed")
            #expect(call.faults.isEmpty)
        }

        @Test("what the new version's handlers do at the end is logged as its own")
        func lastHandler() async throws {
            var lines: [String] = []
            var second = ""
            _ = try await inCall { running in
                second = try await running.save(
                    Self.flow(
                        "book", handover: "return state",
                        fields: "on_hangup = function(call) call:log(\"info\", \"the second version ends\") end,"))
                try await running.moved(to: second)
                await running.test.exchange.hangUp(running.call)
                try await running.test.log.line(containing: "the second version ends")
                lines = running.test.log.lines.value.map(\.text)
            }
            #expect(lines.contains { $0.contains("the second version ends") && $0.contains("script=\(second)") })
            #expect(!lines.contains { $0.contains("the first version ends") })
        }

        @Test("while the agent speaks nothing moves; of several versions only the newest is taken")
        func agentSpeaks() async throws {
            let call = try await inCall { running in
                running.session.say(seconds: 1.5)
                try await running.call.media?.heard(hertz: 880)
                for number in 1...3 {
                    _ = try await running.save(
                        Self.flow(
                            "book", handover: "state.visits = 10 * state.visits return state -- \(number)"))
                }
                let newest = running.serving
                try await running.moved(to: newest)
                #expect(try await running.ask("book")["state"]?["visits"] == 10)
            }
            let offers = call.lines("event", "flow_offered")
            let moves = call.lines("observation", "flow_changed")
            #expect(offers.count == 3)
            #expect(moves.count == 1)
            let end = try #require(call.lines("observation", "transcript").last)
            #expect(offers.allSatisfy { $0 < end })
            #expect(try #require(moves.first) > end)
        }

        @Test("while the caller speaks nothing moves")
        func callerSpeaks() async throws {
            let call = try await inCall { running in
                running.session.send([
                    "type": "input_audio_buffer.speech_started", "item_id": "item_u", "audio_start_ms": 0,
                ])
                try await running.test.observe("the caller") {
                    if case .callerSpeech(true) = $0 { true } else { nil }
                }
                let second = try await running.save(Self.flow("book", handover: "return state"))
                // The session has been told, and does other things meanwhile.
                #expect(try await running.ask("look")["version"]?.string == running.version)
                running.session.send([
                    "type": "input_audio_buffer.speech_stopped", "item_id": "item_u", "audio_end_ms": 900,
                ])
                // What the caller said is answered first, by the old version.
                running.session.say(seconds: 0.2)
                try await running.moved(to: second)
                #expect(try await running.ask("book")["version"]?.string == second)
            }
            let stops = call.observations.firstIndex { if case .callerSpeech(false) = $0 { true } else { false } }
            let moves = call.observations.firstIndex { if case .flowChanged = $0 { true } else { false } }
            #expect(try #require(stops) < (try #require(moves)))
        }

        /// Bodies of an `on_handover` that fails, and what is logged of it.
        static let failures = [
            ("error(\"no such state\")", "flows/patient.lua:11: no such state"),
            (
                "local x = state.nothing.more return x",
                "flows/patient.lua:11: attempt to index a nil value (field 'nothing')"
            ),
            ("moonline.sleep(1) return state", "on_handover must not wait"),
            ("return 7", "on_handover must return the state to go on with, got number"),
            ("", "on_handover must return the state to go on with, got nothing"),
            (
                "while true do end",
                "flows/patient.lua:11: the script used more than 200000 instructions without waiting"
            ),
        ]

        @Test(
            "an on_handover that fails leaves the call with its version, and one error says which and where",
            arguments: failures)
        func failing(_ body: String, _ message: String) async throws {
            var new = ""
            let call = try await inCall {
                $0.scriptLimits.lua = LuaLimits(instructions: 200_000, processorTime: .seconds(20))
            } _: { running in
                new = try await running.save(Self.flow("book", handover: body))
                let line = try await running.test.log.line(containing: "could not take over the call")
                #expect(line.level == .error)
                #expect(line.text.hasPrefix("version \(new) could not take over the call: \(message)"), "\(line)")
                for place in ["call=\(running.id) ", "script=\(running.version)", "function=on_handover", "at_ms="] {
                    #expect(line.text.contains(place), "\(line)")
                }
                // It is not tried again, and the old version does what it did.
                let answer = try await running.ask("look")
                #expect(answer["version"]?.string == running.version)
                #expect(answer["state"]?["visits"] == 1)
                #expect(answer["state"]?["names"] == ["Ada", "Grace"])
                try await running.test.log.line(containing: "the old version still runs")
                let errors = running.test.log.lines(from: .error).filter { $0.text.contains(new) }
                #expect(errors.count == 1)
                #expect(running.session.count(of: "session.update") == 1)
                // A later version is another attempt.
                let third = try await running.save(Self.flow("book", handover: "return state"))
                try await running.moved(to: third)
                #expect(try await running.ask("book")["version"]?.string == third)
            }
            #expect(call.faults.map(\.function) == ["on_handover"])
            #expect(call.record.scriptVersion != new)
        }

        @Test("a state that is no plain data stays where it is")
        func stateWithFunctions() async throws {
            let odd = Self.flow(
                "look", handover: nil,
                fields: "on_answered = function(call) call.state.f = print call:say(\"Hello.\") end,")
            let call = try await inCall(flow: odd) { running in
                let second = try await running.save(Self.flow("book", handover: "return state"))
                let line = try await running.test.log.line(containing: "could not take over the call")
                #expect(line.text.contains("version \(second) could not take over the call: call.state cannot be"))
            }
            #expect(call.faults.count == 1)
        }

        @Test("the new version's fallback line is heard when the model fails behind the hand-over")
        func fallbackOfNewVersion() async throws {
            let call = try await inCall(configure: { $0.limits.modelReconnects = 0 }) { running in
                let second = try await running.save(
                    Self.flow(
                        "book", handover: "return state", fields: "fallback = \"Sorry, we call you back later.\","))
                try await running.moved(to: second)
                let media = try #require(running.call.media)
                let before = media.packets.value.count
                running.session.abort()
                try await running.call.ended()
                #expect(Loudness.seconds(of: media.packets.value.dropFirst(before)) > 0.8)
            }
            #expect(call.record.outcome == "model_failed")
            #expect(call.record.transcript.array?.last?["text"]?.string == "Sorry, we call you back later.")
        }
    }
}

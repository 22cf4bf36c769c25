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
    @Suite("A script that is wrong")
    struct ScriptFailureTests {
        /// A flow whose agent is `patient`, with the actions of a test.
        ///
        /// - Parameter actions: From the file's third line on.
        static func flow(actions: String, fields: String = "") -> String {
            TestHost.flow(
                "patient", "actions = CallActions,\n\(fields)\non_answered = function(call) call:say(\"Hello.\") end,",
                before: "local CallActions = {}\n" + actions)
        }

        /// Runs `body` in a call of that flow, after the greeting; then hangs up as the callee, and looks at what became
        /// of the call.
        func inCall(
            _ flow: String, configure: @escaping @Sendable (inout HostConfiguration) -> Void = { _ in },
            _ body: (TestHost, ModelSession) async throws -> Void
        ) async throws -> EndedCall {
            var setup = Setup()
            setup.flows["patient.lua"] = flow
            setup.configure = configure
            return try await TestHost.with(setup) { test in
                let dispatch = try await test.dispatch(agent: "patient")
                let end = Task { try await test.end(of: dispatch) }
                let answered = try await test.exchange.answered()
                try await test.observe("the greeting") { if case .transcript = $0 { true } else { nil } }
                try await body(test, try await test.model.session(0))
                await test.exchange.hangUp(answered)
                let call = try await end.value
                #expect(call.record.outcome == "completed")
                #expect(call.record.hungUpBy == "callee")
                try await test.expectGoodCall()
                return call
            }
        }

        // MARK: Actions

        /// What goes wrong in an action: the action, what the model gets, and the beginning of what the operator reads.
        static let failures: [(String, String, String)] = [
            (
                "error(\"the calendar is closed\")", #"{"error":"the calendar is closed"}"#,
                "flows/patient.lua:5: the calendar is closed"
            ),
            (
                "local calendar\n  return calendar.times",
                #"{"error":"attempt to index a nil value (local 'calendar')"}"#,
                "flows/patient.lua:6: attempt to index a nil value (local 'calendar')"
            ),
            ("error { code = 7 }", "error", ""),
            (
                "while true do end", #"{"error":"book failed"}"#,
                "flows/patient.lua:5: the script used more than 100000 instructions without waiting"
            ),
            (
                "local t = {} while true do t[#t + 1] = (\"x\"):rep(1000) .. #t end", #"{"error":"book failed"}"#,
                "flows/patient.lua:5: not enough memory"
            ),
            ("return print", "error", ""),
        ]

        @Test(
            "the error of an action reaches the model as the function's output, and the call goes on",
            arguments: failures)
        func failingAction(_ body: String, _ output: String, _ message: String) async throws {
            let flow = Self.flow(
                actions: """
                    ---Books a time.
                    function CallActions:book()
                      \(body)
                    end
                    """)
            let call = try await inCall(flow) {
                $0.scriptLimits.lua = LuaLimits(
                    memory: 1 << 20, instructions: body.contains("rep") ? 10_000_000 : 100_000,
                    processorTime: .seconds(20))
            } _: { test, session in
                let got = try await session.call("book", arguments: "{}")
                if output == "error" {
                    #expect(try JSON(parsing: got)["error"]?.string?.isEmpty == false)
                } else {
                    #expect(got == output)
                }
                // The last output of a response lets the model go on.
                try await session.received.wait(for: "a response to the output") { messages in
                    messages.count { $0["type"]?.string == "response.create" } == 2 ? true : nil
                }
                // The script is none the worse for it.
                #expect(try await session.call("book", arguments: "{}").contains("error"))
            }
            let faults = call.faults.filter { $0.kind == .script }
            #expect(faults.count == 2)
            #expect(faults.allSatisfy { $0.message.hasPrefix(message) }, "\(faults)")
            let action = try #require(call.report?.actions.first)
            #expect(action.name == "book")
            #expect(action.output == nil)
            #expect(action.error?.isEmpty == false)
        }

        /// What the model may get wrong.
        static let misuses: [(name: String, arguments: String, error: String)] = [
            ("bok", "{}", "there is no function bok"),
            ("book", "[1]", "the arguments are not a JSON object"),
            ("book", "{\"day\":", "the arguments are not a JSON object"),
            ("book", "{}", "action 'book': "),
            ("book", "{\"day\": 5}", "action 'book': "),
            ("book", "{\"day\": \"Monday\", \"hour\": 3}", "action 'book': "),
            ("_private", "{}", "there is no function _private"),
        ]

        @Test(
            "a call of a function that does not fit is refused with a reason that the model can act on",
            arguments: misuses)
        func misuse(_ misuse: (name: String, arguments: String, error: String)) async throws {
            let flow = Self.flow(
                actions: """
                    ---Books a time.
                    ---@param day string  The day
                    function CallActions:book(day)
                      return "booked " .. day
                    end
                    function CallActions._private() end
                    """)
            _ = try await inCall(flow) { test, session in
                let output = try await session.call(misuse.name, arguments: misuse.arguments)
                let error = try #require(try JSON(parsing: output)["error"]?.string)
                #expect(error.hasPrefix(misuse.error))
                #expect(try await session.call("book", arguments: "{\"day\": \"Monday\"}") == "booked Monday")
            }
        }

        @Test("nil and an error are an error for the model, and no fault of the script")
        func expectedFailure() async throws {
            let flow = Self.flow(
                actions: """
                    ---Books a time.
                    function CallActions:book()
                      return nil, "no time is free"
                    end
                    """)
            let call = try await inCall(flow) { test, session in
                let output = try await session.call("book", arguments: "{}")
                #expect(output == #"{"error":"no time is free"}"#)
            }
            #expect(call.faults.isEmpty)
        }

        @Test("an action that takes too long is an error for the model, and is ended")
        func slowAction() async throws {
            let flow = Self.flow(
                actions: """
                    ---Books a time.
                    function CallActions:book()
                      moonline.sleep(60)
                    end
                    """)
            _ = try await inCall(flow) {
                $0.limits.action = .milliseconds(300)
            } _: { test, session in
                let output = try await session.call("book", arguments: "{}")
                #expect(output == #"{"error":"book did not finish in time"}"#)
            }
        }

        // MARK: Handlers

        @Test("an error in a handler is told with file and line, and the call goes on")
        func failingHandler() async throws {
            var setup = Setup()
            setup.flows["rude.lua"] = TestHost.flow(
                "rude",
                """
                on_answered = function(call)
                  call.state.greeting:say()
                end,
                on_hangup = function() error("forgot to wave") end,
                """)
            try await TestHost.with(setup) { test in
                let dispatch = try await test.dispatch(agent: "rude")
                let answered = try await test.exchange.answered()
                // An agent that cannot greet as it is told lets the model greet: nobody is met with silence.
                try await test.observe("the model's own greeting") { if case .transcript = $0 { true } else { nil } }
                await test.exchange.hangUp(answered)
                let call = try await test.end(of: dispatch)
                #expect(call.record.outcome == "completed")
                #expect(call.faults.map(\.kind) == [.script, .script])
                #expect(call.faults.first?.message.hasPrefix("flows/rude.lua:6: ") == true)
                #expect(call.faults.first?.traceback.contains("flows/rude.lua:6") == true)
                #expect(call.faults.last?.message == "flows/rude.lua:8: forgot to wave")
                let logged = test.log.lines(from: .error).map(\.text)
                #expect(logged.contains { $0.contains("flows/rude.lua:6: ") && $0.contains("call=\(call.record.id)") })
                try await test.expectGoodCall()
            }
        }

        @Test("on_dial may refuse: nobody is rung, and its reason is kept")
        func refusal() async throws {
            var setup = Setup()
            setup.flows["careful.lua"] = TestHost.flow(
                "careful", "on_dial = function(call) return false, \"not before nine\" end,")
            try await TestHost.with(setup) { test in
                let call = try await test.call(agent: "careful")
                call.expect(.refused, by: .agent, "The flow's on_dial refused to dial: not before nine.")
                #expect(call.faults.isEmpty)
                #expect(test.exchange.calls.value.isEmpty)
                #expect(test.model.sessions.isEmpty)
                try await test.expectGoodCall()
            }
        }

        @Test(
            "an on_dial that fails dials nobody: it may be what knows who must not be called",
            arguments: [
                ("error(\"no list of numbers\")", "flows/careful.lua:6: no list of numbers"),
                (
                    "while true do end",
                    "flows/careful.lua:6: the script used more than 100000 instructions without waiting"
                ),
                ("moonline.sleep(60)", "on_dial took too long"),
            ])
        func failingOnDial(_ body: String, _ reason: String) async throws {
            var setup = Setup()
            setup.flows["careful.lua"] = TestHost.flow("careful", "on_dial = function(call)\n\(body) end,")
            setup.configure = {
                $0.limits.onDial = .milliseconds(500)
                $0.scriptLimits.lua = LuaLimits(instructions: 100_000, processorTime: .seconds(20))
            }
            try await TestHost.with(setup) { test in
                let call = try await test.call(agent: "careful")
                call.expect(
                    .scriptFailed, by: .fault, "The call was not dialled, because on_dial failed: \(reason).")
                #expect(test.exchange.calls.value.isEmpty)
                try await test.expectGoodCall()
            }
        }

        @Test("a check that fails lets no action pass")
        func failingCheck() async throws {
            let flow = Self.flow(
                actions: """
                    ---Books a time.
                    function CallActions:book()
                      return "booked"
                    end
                    """, fields: "on_function_call = function(call, name) error(\"no book of rules\") end,")
            let call = try await inCall(flow) { test, session in
                let output = try await session.call("book", arguments: "{}")
                #expect(output == #"{"error":"it could not be checked whether this is allowed"}"#)
            }
            #expect(call.faults.map(\.message).allSatisfy { $0.hasSuffix("no book of rules") })
            #expect(call.faults.count == 1)
        }
    }
}

import AgentHost
import CallStore
import Conversation
import LiveKit
import Logging
import MediaEngine
import SansIO
import TestSupport
import Testing
import VoiceAgent

extension HostTests {
    @Suite("A model that refuses, is gone, or talks nonsense")
    struct ModelFailureTests {
        /// What the model does before it is configured, and what the operator reads.
        static let failures: [(ModelStub.Behaviour, String)] = [
            (
                .refuseKey,
                "The model refused the API key. Set OPENAI_API_KEY to a valid key of the project that should pay."
            ),
            (.close(code: 1013, reason: "try again later"), "The model closed the connection (try again later)."),
            (.closeAtSettings(code: 1011, reason: "overloaded"), "The model closed the connection (overloaded)."),
            (
                .closeAtSettings(code: 3000, reason: "invalid_request_error.insufficient_quota"),
                "The model's account has no credit left. Add credit or raise the limit, then try again."
            ),
            (
                .ignoreSettings,
                "The model could not be reached: it did not answer in time. Check the base URL and the network."
            ),
            (
                .refuseSettings(message: "Invalid voice"),
                "The model refused the session's settings: Invalid voice. Check the flow's voice and actions."
            ),
        ]

        @Test("a model that is not to be had ends the call before anybody is rung", arguments: failures)
        func notConfigured(_ behaviour: ModelStub.Behaviour, _ message: String) async throws {
            var setup = Setup()
            setup.configure = { $0.limits.modelConfigure = .milliseconds(600) }
            try await TestHost.with(setup) { test in
                test.model.behave(behaviour)
                let call = try await test.call()
                call.expect(.modelFailed, by: .fault, message)
                #expect(call.faults.map(\.kind) == [.model])
                #expect(call.record.answeredAt == nil)
                #expect(test.exchange.calls.value.isEmpty)
                test.model.behave(.serve)
                try await test.expectGoodCall()
            }
        }

        @Test("a connection that ends without a close frame is told", arguments: [true, false])
        func lost(_ beforeSettings: Bool) async throws {
            try await TestHost.with { test in
                test.model.behave(beforeSettings ? .abort : .ignoreSettings)
                let dispatch = try await test.dispatch()
                if !beforeSettings {
                    let session = try await test.model.session(0)
                    try await session.received.wait(for: "session.update") { $0.isEmpty ? nil : true }
                    session.abort()
                }
                let call = try await test.end(of: dispatch)
                call.expect(.modelFailed, by: .fault, call.record.message ?? "")
                #expect(call.record.message?.hasPrefix("The model ") == true)
                #expect(test.exchange.calls.value.isEmpty)
                test.model.behave(.serve)
                try await test.expectGoodCall()
            }
        }

        @Test("an upgrade refused by HTTP is told with its status", arguments: [401, 404, 503])
        func refusedUpgrade(_ status: Int) async throws {
            try await TestHost.with { test in
                test.model.behave(.refuseUpgrade(status: status))
                let call = try await test.call()
                call.expect(.modelFailed, by: .fault, call.record.message ?? "")
                let message = try #require(call.record.message)
                #expect(message.contains("\(status)"))
                #expect(message.contains("\(Loopback.host):\(test.model.port)"))
                #expect(test.exchange.calls.value.isEmpty)
                test.model.behave(.serve)
                try await test.expectGoodCall()
            }
        }

        @Test("a model that does not listen is told with its address")
        func unreachable() async throws {
            let gone = try await ModelStub.start()
            await gone.stop()
            var setup = Setup()
            setup.configure = { $0.model.baseURL = gone.baseURL }
            try await TestHost.with(setup) { test in
                let call = try await test.call()
                call.expect(
                    .modelFailed, by: .fault,
                    "The model could not be reached: Cannot connect to ws://\(Loopback.host):\(gone.port): "
                        + "nothing listens there (connection refused). Check the base URL and the network.")
                #expect(test.exchange.calls.value.isEmpty)
            }
        }

        @Test("a model's host that nobody knows is told with its name")
        func unknownHost() async throws {
            var setup = Setup()
            setup.configure = { $0.model.baseURL = "http://no-such-model.invalid/v1" }
            try await TestHost.with(setup) { test in
                let call = try await test.call()
                call.expect(.modelFailed, by: .fault, call.record.message ?? "")
                #expect(call.record.message?.contains("no-such-model.invalid") == true)
            }
        }

        @Test(
            "what is no event ends the call before anybody is rung",
            arguments: ["not JSON", "{\"type\":", "[]", "{\"no\":\"type\"}"])
        func malformed(_ text: String) async throws {
            try await TestHost.with { test in
                test.model.behave(.say(text))
                let call = try await test.call()
                call.expect(.modelFailed, by: .fault, call.record.message ?? "")
                let message = try #require(call.record.message)
                #expect(message.hasPrefix("The model sent "))
                #expect(message.hasSuffix(". Check that the base URL is that of a Realtime API."))
                #expect(test.exchange.calls.value.isEmpty)
                test.model.behave(.serve)
                try await test.expectGoodCall()
            }
        }

        @Test(
            "a model that closes in mid-call is connected again and told of the conversation", arguments: [1006, 1011])
        func comesBack(_ code: Int) async throws {
            var setup = Setup()
            setup.flows["patient.lua"] = TestHost.patientFlow
            try await TestHost.with(setup) { test in
                let dispatch = try await test.dispatch(agent: "patient")
                let answered = try await test.exchange.answered()
                try await test.observe("the greeting") { if case .transcript = $0 { true } else { nil } }
                let session = try await test.model.session(0)
                if code == 1006 {
                    session.abort()
                } else {
                    session.close(code: 1011, reason: "keepalive ping timeout")
                }
                let next = try await test.model.session(1)
                let told = try await next.received.wait(for: "the conversation") { messages in
                    messages.contains { $0["item"] != nil } ? messages : nil
                }
                #expect(told.first?["type"] == "session.update")
                #expect(told[1]["item"]?["role"] == "assistant")
                #expect(told[1]["item"]?["content"]?[0]?["text"] == "Beep.")
                #expect(try await next.call("nothing", arguments: "{}") == #"{"error":"there is no function nothing"}"#)
                await test.exchange.hangUp(answered)
                let call = try await test.end(of: dispatch)
                #expect(call.record.reconnects == 1)
                #expect(call.record.outcome == "completed")
                #expect(call.faults.isEmpty)
                #expect(test.model.sessions.count == 2)
                try await test.expectGoodCall()
            }
        }

        @Test("a model that stays away ends the call, and the far end is hung up on", arguments: [1006, 1011])
        func closesInCall(_ code: Int) async throws {
            var setup = Setup()
            setup.flows["patient.lua"] = TestHost.patientFlow
            setup.configure = { $0.limits.modelReconnects = 0 }
            try await TestHost.with(setup) { test in
                let dispatch = try await test.dispatch(agent: "patient")
                let answered = try await test.exchange.answered()
                try await test.observe("the greeting") { if case .transcript = $0 { true } else { nil } }
                let session = try await test.model.session(0)
                if code == 1006 {
                    session.abort()
                } else {
                    session.close(code: 1011, reason: "keepalive ping timeout")
                }
                let call = try await test.end(of: dispatch)
                call.expect(.modelFailed, by: .fault, call.record.message ?? "")
                if code == 1011 {
                    #expect(call.record.message == "The model closed the connection (keepalive ping timeout).")
                }
                #expect(call.faults.map(\.kind) == [.model])
                #expect(call.record.answeredAt != nil)
                #expect(call.record.transcript == [["role": "agent", "text": "Beep."]])
                try await answered.ended()
                try await test.expectGoodCall()
            }
        }

        @Test("a malformed message in mid-call is told, and the call goes on; too many end it")
        func malformedInCall() async throws {
            var setup = Setup()
            setup.flows["patient.lua"] = TestHost.patientFlow
            setup.configure = { $0.limits.malformedMessages = 3 }
            try await TestHost.with(setup) { test in
                let dispatch = try await test.dispatch(agent: "patient")
                _ = try await test.exchange.answered()
                let session = try await test.model.session(0)
                try await test.observe("the greeting") { if case .transcript = $0 { true } else { nil } }
                session.send(text: "{\"type\": \"response.output_audio.delta\", \"delta\": 7, \"item_id\": \"x\"}")
                session.send(text: "\u{0}")
                // The session still does what the model asks for.
                #expect(
                    try await session.call("nothing", arguments: "{}") == #"{"error":"there is no function nothing"}"#)
                session.send(text: "}")
                let call = try await test.end(of: dispatch)
                call.expect(.modelFailed, by: .fault, call.record.message ?? "")
                #expect(call.faults.map(\.kind) == [.model, .model, .model])
                #expect(call.faults.map(\.isRetryable) == [true, true, false])
                try await test.expectGoodCall()
            }
        }
    }
}

extension ModelStub.Behaviour: CustomTestStringConvertible {
    var testDescription: String { "\(self)" }
}

import SansIO
import Testing

@testable import Conversation

@Suite("Live mode: a connection that is lost") struct LiveOutageTests {
    @Test("Another connection is made, whose session begins with what was said and done")
    func reconnects() {
        var call = LiveHarness.answered(handlers: [.onDTMF])
        call.runsActions = true
        call.callerSays("Hello.")
        call.speaks("How can I help?", milliseconds: 1_000, after: .milliseconds(1_500))
        call.advance(.seconds(5))
        call.backEndCalls("call_1")
        call.advance(.seconds(1))
        call.script(.sendText(role: "system", text: "Be kind."))
        call.model(.closed(code: 1006, reason: "gone"))
        #expect(call.session.modelConnection == 2)
        call.advance(.seconds(1))
        #expect(call.actions.last == .connectModel)
        call.model(.connected)
        guard case .start(let settings, _, let history)? = call.sent.last else {
            Issue.record("\(call.sent)")
            return
        }
        #expect(settings.instructions == "Be brief.")
        #expect(
            history == [
                LiveMessage(role: .user, text: "Hello."), LiveMessage(role: .assistant, text: "How can I help?"),
                LiveMessage(
                    role: .developer,
                    text: #"You called the function look_up with {"id":"call_1"}, and it returned: done"#),
                LiveMessage(role: .developer, text: "Be kind."),
            ])
        let told = call.sent.count
        call.server(.started(id: "live_2", model: "gpt-live-1"))
        // The session has it already.
        #expect(!call.sent[told...].contains { if case .createFunctionOutput = $0 { true } else { false } })
        #expect(call.actions.last == .listen || call.actions.contains(.listen))
        call.speaks("I am back.", milliseconds: 500)
        call.advance(.seconds(3))
        #expect(call.heard.last == "I am back.")
        #expect(call.faults.isEmpty)
    }

    @Test("A session that expires is followed by another at once")
    func expires() {
        var call = LiveHarness.answered()
        call.server(.closed(reason: "expired"))
        #expect(call.actions.last == .connectModel)
        call.reconnect()
        call.speaks("Here I am.", milliseconds: 500)
        call.advance(.seconds(3))
        #expect(call.heard == ["Here I am."])
    }

    @Test("A sentence of the script that was cut goes on behind what was heard of it")
    func sayGoesOn() {
        var call = LiveHarness.answered(handlers: [.onDTMF])
        let say = call.script(.say(text: "One two three. Four five six.", interruptible: true))
        call.advance(.milliseconds(100))
        call.speaks("One two three.", milliseconds: 1_000, quiet: 0)
        call.advance(.milliseconds(950))
        call.model(.closed(code: 1006, reason: "gone"))
        call.advance(.seconds(1))
        call.reconnect()
        call.advance(.milliseconds(100))
        #expect(call.commentary.last?.contains("\"Four five six.\"") == true, "\(call.commentary)")
        call.speaks("Four five six.", milliseconds: 1_000)
        call.advance(.seconds(4))
        #expect(call.reply(to: say) == .value(true))
    }

    @Test("What a function gives that an earlier session had called is told in words, and answered")
    func foreignOutput() {
        var call = LiveHarness.answered()
        call.backEndCalls("call_1")
        call.model(.closed(code: 1006, reason: "gone"))
        call.advance(.seconds(1))
        call.reconnect()
        call.actionDoes(.returned(["three o'clock"]))
        call.advance(.milliseconds(200))
        let told = #"The function look_up that you called with {"id":"call_1"} has returned: three o'clock"#
        #expect(call.sent.contains(.appendThinking(told)))
        #expect(call.commentary.last == LiveText.reply)
        #expect(call.continuations == 0)
        call.speaks("At three o'clock.", milliseconds: 800)
        call.advance(.seconds(3))
        #expect(call.heard == ["At three o'clock."])
    }

    @Test("A sentence that must not be interrupted goes on without the caller's being heard")
    func staysDeaf() {
        var call = LiveHarness.answered(handlers: [.onDTMF])
        call.script(.say(text: "One two three. Four five six.", interruptible: false))
        call.advance(.milliseconds(100))
        call.speaks("One two three.", milliseconds: 1_000, quiet: 0)
        call.advance(.milliseconds(950))
        call.model(.closed(code: 1006, reason: "gone"))
        call.advance(.seconds(1))
        let before = call.sent.count
        call.reconnect()
        #expect(call.sent[before...].contains(.mute))
        call.advance(.milliseconds(100))
        call.speaks("Four five six.", milliseconds: 1_000)
        call.advance(.seconds(4))
        #expect(call.sent.last == .unmute)
    }

    @Test("A model that stays away is lost for good: the fallback line is said")
    func staysAway() {
        var call = LiveHarness.answered(fallback: AgentDefinition.Fallback(text: "Sorry."))
        call.model(.closed(code: 1006, reason: "gone"))
        for _ in 0..<60 {
            call.advance(.seconds(1))
            call.model(.failed(message: "refused"))
        }
        #expect(call.heard == ["Sorry."])
        #expect(call.faults.count == 1)
    }
}

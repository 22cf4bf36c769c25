import SansIO
import Testing

@testable import Conversation

@Suite("Live mode: the caller's voice") struct LiveVoiceTests {
    @Test("A voice begins a turn and ends it, before any word of it is known")
    func turn() {
        var call = LiveHarness.answered(handlers: [.onSpeechStarted, .onSpeechStopped])
        call.callerIsHeard(milliseconds: 1_000)
        call.advance(.milliseconds(100))
        #expect(call.arguments(.onSpeechStarted).count == 1)
        #expect(call.arguments(.onSpeechStopped).isEmpty)
        call.advance(.milliseconds(1_450))
        #expect(call.arguments(.onSpeechStopped).count == 1)
        #expect(call.said == [])
        call.callerSays("Hello.")
        call.advance(.seconds(4))
        #expect(call.said == ["Hello."])
        #expect(call.arguments(.onSpeechStarted).count == 1)
    }

    @Test("A noise is a turn without words, and the next turn has its own")
    func noise() {
        var call = LiveHarness.answered(handlers: [.onSpeechStarted, .onSpeechStopped])
        call.callerIsHeard(milliseconds: 200)
        call.advance(.seconds(5))
        #expect(call.said == [])
        call.callerIsHeard(milliseconds: 600)
        call.callerSays("Yes.", after: .milliseconds(800))
        call.advance(.seconds(5))
        #expect(call.said == ["Yes."])
        #expect(call.arguments(.onSpeechStarted).count == 2)
        #expect(call.arguments(.onSpeechStopped).count == 2)
    }

    @Test("The words of two turns that come late belong to theirs")
    func lateWords() {
        var call = LiveHarness.answered()
        call.callerIsHeard(milliseconds: 500)
        call.callerIsHeard(milliseconds: 500, after: .milliseconds(1_500))
        call.plan(
            .inputTranscript(LiveTranscript(text: "One.", startMilliseconds: 0, endMilliseconds: 500)),
            at: call.now + .milliseconds(1_900))
        call.plan(
            .inputTranscript(LiveTranscript(text: "Two.", startMilliseconds: 1_500, endMilliseconds: 2_000)),
            at: call.now + .milliseconds(2_800))
        call.advance(.seconds(6))
        #expect(call.said == ["One.", "Two."])
    }

    // MARK: Interruptions

    @Test("A sentence of the script that the model leaves for the caller is interrupted, and its rest is known")
    func sayInterrupted() {
        var call = LiveHarness.answered(handlers: [.onDTMF, .onInterrupted])
        let say = call.script(.say(text: "I cannot hear you. Please call again. Goodbye.", interruptible: true))
        call.advance(.milliseconds(100))
        call.speaks("I cannot hear you. Please", milliseconds: 1_500)
        call.callerIsHeard(milliseconds: 900, after: .milliseconds(1_100))
        call.advance(.seconds(6))
        #expect(call.code(for: say) == .interrupted)
        #expect(call.arguments(.onInterrupted) == [["I cannot hear you. Please", "call again. Goodbye."]])
        #expect(call.heard == ["I cannot hear you. Please"])
        #expect(call.flushes == 0)
    }

    @Test("What the model says in its own words is interrupted in the middle of a sentence, and not behind it")
    func ownWords() {
        for (text, isCut) in [("We are open from", true), ("We are open.", false), ("“We are open.”", false)] {
            var call = LiveHarness.answered(handlers: [.onInterrupted])
            call.speaks(text, milliseconds: 1_500)
            call.callerIsHeard(milliseconds: 900, after: .milliseconds(1_100))
            call.advance(.seconds(5))
            #expect(call.arguments(.onInterrupted) == (isCut ? [[.string(text), ""]] : []), "\(text)")
            #expect(call.heard == [text])
        }
    }

    @Test("A voice long before the end, or behind it, interrupts nothing")
    func otherVoices() {
        for (length, delay) in [(200, 0), (500, 2_200)] {
            var call = LiveHarness.answered(handlers: [.onInterrupted])
            call.speaks("One moment", milliseconds: 2_000)
            call.callerIsHeard(milliseconds: length, after: .milliseconds(Int64(delay)))
            call.advance(.seconds(5))
            #expect(call.arguments(.onInterrupted).isEmpty)
        }
    }

    // MARK: What must not be interrupted

    @Test("While a sentence must not be interrupted the server does not hear the caller, and the model is told so")
    func uninterruptible() {
        var call = LiveHarness.answered(handlers: [.onDTMF, .onInterrupted])
        let say = call.script(.say(text: "This is a legal notice.", interruptible: false))
        call.advance(.milliseconds(100))
        #expect(!call.sent.contains(.mute))
        call.speaks("This is a legal", milliseconds: 1_500)
        call.advance(.milliseconds(50))
        #expect(call.sent.last == .mute)
        call.callerIsHeard(milliseconds: 900, after: .milliseconds(900))
        call.advance(.seconds(5))
        #expect(call.reply(to: say) == .value(true))
        #expect(call.arguments(.onInterrupted).isEmpty)
        #expect(call.sent.suffix(2) == [.unmute, .appendThinking(LiveText.missed)])
    }

    @Test("A sentence that is heard to its end in silence has the server hear again, and no more")
    func uninterrupted() {
        var call = LiveHarness.answered(handlers: [.onDTMF])
        call.script(.say(text: "A legal notice.", interruptible: false))
        call.advance(.milliseconds(100))
        call.speaks("A legal notice.", milliseconds: 500)
        call.advance(.seconds(4))
        #expect(call.sent.suffix(2) == [.mute, .unmute])
    }

    // MARK: What is not to be said

    @Test("What is cut is asked to be left unsaid; the next sentence is heard although its voice follows at once")
    func stopped() {
        var call = LiveHarness.answered(handlers: [.onDTMF, .onInterrupted])
        let first = call.script(.say(text: "Press one, or two, or three.", interruptible: true))
        call.advance(.milliseconds(100))
        call.speaks("Press one, or", milliseconds: 1_000, quiet: 0)
        call.advance(.milliseconds(900))
        call.script(.stopSpeaking)
        #expect(call.commentary.last == LiveText.stop)
        let second = call.script(.say(text: "We are closed.", interruptible: true))
        call.advance(.milliseconds(120))
        call.speaks("We are closed.", milliseconds: 1_000)
        call.advance(.seconds(4))
        #expect(call.code(for: first) == .interrupted)
        #expect(call.reply(to: second) == .value(true))
        let cut = call.observations.compactMap { if case .interruption(let cut) = $0 { cut } else { nil } }
        #expect(cut.count == 1)
        #expect(cut.first?.unheard.hasSuffix("three.") == true, "\(cut)")
        #expect(call.heard.last == "We are closed.")
    }
}

import SansIO
import Testing

@testable import Conversation

@Suite("A turn of the caller in pipeline mode that meets something else")
struct PipelineTurnTests {
    /// A call whose `on_answered` waits, so that it can ask for something at any time.
    private static func call(handlers: Set<ScriptHandler> = []) throws -> (PipelineHarness, ScriptTaskID) {
        var call = PipelineHarness(handlers: handlers)
        call.send(.start)
        call.send(.pipeline(.ready(models: "test")))
        call.send(.telephony(.answered(headers: [:])))
        call.send(.media(.started))
        let script = try #require(call.task(.onAnswered))
        call.send(.script(script, .yielded(.sleep(.milliseconds(1_500)))))
        return (call, script)
    }

    @Test("is answered behind what the script said meanwhile")
    func behindSpeech() throws {
        var (call, script) = try Self.call()
        call.send(.pipeline(.voiceStarted(at: 0)))
        call.advance(.milliseconds(1_500))
        // The script has woken, and speaks while the caller does.
        call.send(.script(script, .yielded(.say(text: "One moment.", interruptible: true))))
        call.send(.pipeline(.voiceStopped(at: 1_500)))
        guard case .endSegment(let segment, _, _)? = call.commands.last(where: { $0.isSegmentEnd }) else {
            Issue.record("\(call.commands)")
            return
        }
        call.send(.pipeline(.transcribed(segment: segment, "Can I come tomorrow?")))
        call.advance(.seconds(1))
        #expect(call.said == ["Can I come tomorrow?"])
        call.speaks()
        call.plays()
        #expect(call.heard == ["One moment."])
        #expect(
            call.generations.last?.messages == [
                ChatMessage(role: .user, text: "Can I come tomorrow?"),
                ChatMessage(role: .assistant, text: "One moment."),
            ])
        call.writes("Yes.")
        call.speaks()
        call.plays()
        #expect(call.heard == ["One moment.", "Yes."])
    }

    @Test("does not stop a sentence that cannot be interrupted, even before it can be heard")
    func uninterruptible() throws {
        var (call, script) = try Self.call()
        call.advance(.milliseconds(1_500))
        call.send(.script(script, .yielded(.say(text: "This call is recorded.", interruptible: false))))
        #expect(call.syntheses.count == 1)
        // Nothing of it is there yet, and somebody says hello.
        call.hears("Hello?", lasting: .milliseconds(600))
        call.advance(.milliseconds(700))
        #expect(call.said == ["Hello?"])
        #expect(call.cancelledSyntheses.isEmpty)
        call.speaks()
        call.plays()
        #expect(call.heard == ["This call is recorded."])
        #expect(call.log.contains { if case .script(.resume(script, .value(true), _)) = $0 { true } else { false } })
        // What was said meanwhile is answered then.
        #expect(call.generations.last?.messages.contains(ChatMessage(role: .user, text: "Hello?")) == true)
    }

    @Test("is answered knowing what a function returned after the answer was begun")
    func lateResult() throws {
        var call = PipelineHarness.answered()
        call.takesTurn("Is tomorrow free?")
        call.writes(calls: [RealtimeFunctionCall(callID: "c1", name: "look_up", arguments: "{}")])
        let action = try #require(
            call.log.compactMap { action -> ScriptTaskID? in
                if case .script(.start(let id, .action("look_up", _), _)) = action { id } else { nil }
            }.last)
        call.hears("Are you there?")
        // The answer is begun ahead of the end of the turn.
        call.advance(.milliseconds(60))
        let count = call.generations.count
        call.send(.script(action, .returned(["free"])))
        call.advance(.seconds(2))
        #expect(call.generations.count > count)
        #expect(call.generations.last?.messages.contains { $0.role == .tool && $0.text == "free" } == true)
        #expect(call.generations.last?.messages.contains { $0.text == "Are you there?" } == true)
    }

    @Test(
        "that cuts the agent with its last word is answered once it is known how much of it was heard",
        arguments: [100, 1_500])
    func cutByWords(wait milliseconds: Int) throws {
        var call = PipelineHarness.answered()
        call.takesTurn("Hello?")
        call.writes("Good morning to you. How can I help?")
        call.speaks()
        call.plays(milliseconds: "Good morning".count * 60 + 30)
        // Too short to be sure of before its words are known: they are when the turn may end, or when it should have.
        call.send(.pipeline(.voiceStarted(at: 10_000)))
        call.advance(.milliseconds(500))
        call.send(.pipeline(.voiceStopped(at: 10_500)))
        call.advance(.milliseconds(milliseconds))
        let count = call.generations.count
        guard case .endSegment(let segment, _, _)? = call.commands.last(where: { $0.isSegmentEnd }) else { return }
        call.send(.pipeline(.transcribed(segment: segment, "Please stop it now.")))
        #expect(call.log.contains(.flush))
        #expect(call.generations.count == count)
        call.advance(.milliseconds(20))
        call.flushed(playedMilliseconds: "Good morning".count * 60 + 30)
        #expect(call.generations.count == count + 1)
        call.advance(.seconds(1))
        #expect(call.said == ["Hello?", "Please stop it now."])
        // And that answer is the one that is heard.
        #expect(call.generations.count == count + 1)
        #expect(call.cancelledGenerations.isEmpty)
        #expect(
            call.generations.last?.messages.map(\.text) == ["Hello?", "Good morning", "Please stop it now."])
        call.writes("Of course.")
        call.speaks(from: 2)
        call.plays()
        #expect(call.heard.last == "Of course.")
    }

    @Test("that is cut short by hanging up is written down")
    func lastWords() throws {
        var call = PipelineHarness.answered()
        call.send(.pipeline(.voiceStarted(at: 0)))
        call.advance(.seconds(1))
        call.send(.pipeline(.voiceStopped(at: 1_000)))
        call.send(.telephony(.ended(byRemote: true, reason: "")))
        guard case .endSegment(let segment, _, _)? = call.commands.last(where: { $0.isSegmentEnd }) else {
            Issue.record("\(call.commands)")
            return
        }
        #expect(call.commands.last != .close)
        call.advance(.milliseconds(400))
        call.send(.pipeline(.transcribed(segment: segment, "I'll take three o'clock.")))
        #expect(call.said == ["I'll take three o'clock."])
        #expect(call.commands.last == .close)
        #expect(call.generations.isEmpty)
    }

    @Test("of somebody who hangs up in the middle of a word is waited for no longer than a late transcript")
    func lastWordsMissed() {
        var call = PipelineHarness.answered()
        call.send(.pipeline(.voiceStarted(at: 0)))
        call.advance(.seconds(1))
        call.send(.telephony(.ended(byRemote: true, reason: "")))
        #expect(call.commands.contains { $0.isSegmentEnd })
        call.advance(CallSession.Limits().lateTranscript)
        #expect(call.commands.last == .close)
        #expect(call.said.isEmpty)
    }

    @Test("without words that cut the agent has the agent go on with the very words that were not heard")
    func noise() {
        var call = PipelineHarness.answered()
        call.takesTurn("Hello?")
        call.writes("Good morning to you. How can I help?")
        call.speaks()
        call.plays(milliseconds: "Good morning".count * 60 + 30)
        call.send(.pipeline(.voiceStarted(at: 10_000)))
        call.advance(TurnOptions().certainSpeech)
        call.flushed(playedMilliseconds: "Good morning".count * 60 + 30)
        call.send(.pipeline(.voiceStopped(at: 12_000)))
        guard case .endSegment(let segment, _, _)? = call.commands.last(where: { $0.isSegmentEnd }) else { return }
        call.send(.pipeline(.transcribed(segment: segment, "")))
        #expect(call.generations.last?.messages.dropLast().last?.text == "Good morning")
        #expect(call.generations.last?.messages.last?.text.hasSuffix(": to you. How can I help?") == true)
    }
}

extension PipelineCommand {
    fileprivate var isSegmentEnd: Bool {
        if case .endSegment = self { true } else { false }
    }
}

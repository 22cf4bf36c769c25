import SansIO
import Testing

@testable import Conversation

@Suite("What the agent says is held while it is unclear whether the caller interrupts")
struct PlayoutPauseTests {
    /// A call whose agent is in the middle of "One moment, please, I am looking.", two seconds of audio.
    private func speaking(handlers: Set<ScriptHandler> = []) -> PipelineHarness {
        var call = PipelineHarness.answered(handlers: handlers)
        call.takesTurn("Can I come tomorrow?")
        call.writes("One moment, please, I am looking.")
        call.speaks()
        call.plays(milliseconds: 500)
        call.log = []
        return call
    }

    private func playout(_ call: PipelineHarness) -> [CallSession.Action] {
        call.log.filter { [.pausePlayout, .resumePlayout, .flush].contains($0) }
    }

    @Test("A cough holds it and costs nothing: it goes on where it stopped, and all of it is heard")
    func cough() {
        var call = speaking(handlers: [.onInterrupted, .onSpeechStarted])
        call.send(.pipeline(.voiceStarted(at: 9_000)))
        call.advance(.milliseconds(290))
        #expect(playout(call) == [])
        call.advance(.milliseconds(210))
        #expect(playout(call) == [.pausePlayout])
        let rest = call.session.ledger.unheard(at: call.now)
        call.send(.pipeline(.voiceStopped(at: 9_250)))
        call.advance(.milliseconds(300))
        #expect(call.session.ledger.unheard(at: call.now) == rest, "nothing is heard of it meanwhile")
        guard
            case .pipeline(.endSegment(let id, _, _))? = call.log.last(where: { action in
                if case .pipeline(.endSegment) = action { true } else { false }
            })
        else {
            Issue.record("no segment was ended")
            return
        }
        call.send(.pipeline(.transcribed(segment: id, "")))
        #expect(playout(call) == [.pausePlayout, .resumePlayout])
        call.advance(.milliseconds(100))
        #expect(call.session.ledger.unheard(at: call.now) == rest - .milliseconds(100))
        call.plays()
        #expect(call.heard == ["One moment, please, I am looking."])
        #expect(call.arguments(.onInterrupted).isEmpty && call.arguments(.onSpeechStarted).isEmpty)
        #expect(call.said.isEmpty)
    }

    @Test("Words drop what is held; nothing is let go before")
    func interruption() {
        var call = speaking(handlers: [.onInterrupted])
        call.hears("No, wait.", lasting: .milliseconds(600))
        #expect(playout(call) == [.pausePlayout, .flush])
        #expect(!call.session.ledger.isPaused)
        call.flushed(playedMilliseconds: 800)
        #expect(call.arguments(.onInterrupted).count == 1)
        call.advance(.seconds(2))
        #expect(call.said == ["No, wait."])
        #expect(playout(call) == [.pausePlayout, .flush])
    }

    @Test("When nothing is left that could be dropped the pause ends all the same")
    func nothingToDrop() {
        var call = PipelineHarness.answered()
        call.hears("I need an appointment.")
        call.advance(.milliseconds(800))
        call.log = []
        // The reply is being written.
        call.send(.pipeline(.voiceStarted(at: 3_000)))
        #expect(playout(call) == [.pausePlayout])
        call.advance(.milliseconds(1_200))
        #expect(playout(call) == [.pausePlayout, .resumePlayout])
        #expect(!call.session.ledger.isPaused)
    }

    @Test("When the stages are gone in a pause, what was said is heard to its end")
    func stagesGone() {
        var call = speaking()
        call.send(.pipeline(.voiceStarted(at: 9_000)))
        call.advance(.milliseconds(400))
        call.send(
            .pipeline(.failed(StageFailure(stage: .llm, severity: .fatal, message: "The key is wrong; check it."))))
        #expect(playout(call) == [.pausePlayout, .resumePlayout])
        call.plays()
        #expect(call.heard == ["One moment, please, I am looking."])
    }

    @Test("A flush whose report never comes counts nothing of the pause as heard")
    func missingReport() {
        var ledger = HeardLedger()
        let path = RealtimePartPath(responseID: "r", itemID: "i")
        let tag = ledger.append(audio: 16_000, to: path, request: nil)
        _ = ledger.started(tag ?? 0, at: .zero)
        func second(_ number: Double) -> Instant { .zero + .milliseconds(Int(number * 1_000)) }
        let changes = [ledger.pause(at: second(0.5)), ledger.pause(at: second(0.6))]
        #expect(changes == [true, false])
        #expect(ledger.unheard(at: second(9)) == .milliseconds(1_500))
        let more = [ledger.resume(at: second(2)), ledger.resume(at: second(2))]
        #expect(more == [true, false])
        #expect(ledger.unheard(at: second(2.25)) == .milliseconds(1_250))
        _ = ledger.pause(at: second(2.5))
        _ = ledger.condemn()
        let isHeld = ledger.resume(at: second(3))
        #expect(!isHeld)
        let ended = ledger.assumeFlushed(at: second(8))
        #expect(ended.map(\.heardBytes) == [8_000])
    }
}

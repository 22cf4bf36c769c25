import SansIO
import Testing

@testable import Conversation

@Suite("Live mode: a server that says nothing any more") struct LiveWatchTests {
    @Test("A server that sends nothing at all is asked after 3 s whether it is there, and is lost after 6 s")
    func hangs() {
        var call = LiveHarness.answered()
        call.hangs = true
        call.advance(.milliseconds(2_900))
        #expect(call.probes == 0)
        call.advance(.milliseconds(200))
        #expect(call.probes == 1)
        #expect(call.lastSent?.json["type"] == "session.input_audio.unmute")
        call.advance(.milliseconds(2_800))
        #expect(call.losses.isEmpty)
        call.advance(.milliseconds(200))
        #expect(call.losses.map(\.isPlanned) == [false])
        call.hangs = false
        call.advance(.seconds(1))
        call.reconnect()
        call.speaks("I am back.", milliseconds: 500)
        call.advance(.seconds(20))
        #expect(call.heard == ["I am back."])
        #expect(call.losses.count == 1)
        #expect(call.faults == [])
    }

    @Test("The model may be silent for as long as it likes while its server is there")
    func silentByChoice() {
        var streaming = LiveHarness.answered()
        streaming.hangs = true
        streaming.speaks("", milliseconds: 0, quiet: 120_000)
        streaming.advance(.seconds(120))
        #expect(streaming.probes == 0)
        #expect(streaming.losses.isEmpty)

        var answering = LiveHarness.answered()
        answering.advance(.seconds(120))
        #expect(answering.probes > 30)
        #expect(answering.losses.isEmpty)
    }

    @Test("A text in the middle of which the server hangs is not said until the next one has said the rest")
    func textGoesOn() {
        var call = LiveHarness.answered(handlers: [.onDTMF])
        let say = call.script(.say(text: "One two three. Four five six.", interruptible: true))
        call.advance(.milliseconds(100))
        call.hangs = true
        call.speaks("One two three.", milliseconds: 1_000, quiet: 0)
        call.advance(.seconds(6))
        #expect(call.reply(to: say) == nil)
        call.advance(.seconds(2))
        call.hangs = false
        call.reconnect()
        call.advance(.milliseconds(100))
        #expect(call.commentary.last?.contains("\"Four five six.\"") == true, "\(call.commentary)")
        call.speaks("Four five six.", milliseconds: 1_000)
        call.advance(.seconds(4))
        #expect(call.reply(to: say) == .value(true))
        #expect(call.heard == ["One two three.", "Four five six."])
    }

    @Test("A text that the model leaves unfinished is over when the server shows that it is there")
    func textLeft() {
        var call = LiveHarness.answered(handlers: [.onDTMF])
        let say = call.script(.say(text: "One two three. Four five six.", interruptible: true))
        call.speaks("One two three.", milliseconds: 1_000, after: .milliseconds(100), quiet: 0)
        call.advance(.seconds(8))
        #expect(call.reply(to: say) == .value(true))
        #expect(call.losses.isEmpty)
    }

    @Test("A refusal of the question shows that the server is there, and is no fault")
    func refusedProbe() throws {
        var call = LiveHarness.answered()
        call.hangs = true
        call.advance(.seconds(3))
        let probe = try #require(call.lastSent)
        call.server(.error(RealtimeError(code: "invalid_state", message: "not muted", eventID: probe.eventID)))
        call.advance(.milliseconds(2_900))
        #expect(call.losses.isEmpty)
        #expect(call.faults == [])
    }

    @Test("A server that is deaf for an uninterruptible sentence is not made to hear by the question")
    func deaf() {
        var call = LiveHarness.answered(handlers: [.onDTMF])
        call.script(.say(text: "One two three. Four five six.", interruptible: false))
        call.advance(.milliseconds(100))
        call.speaks("One two three.", milliseconds: 1_000, quiet: 0)
        call.advance(.milliseconds(950))
        #expect(call.sent.last == .mute)
        call.hangs = true
        call.server(.outputAudio([]))
        let before = call.actions.count
        for _ in 0..<40 { call.advance(.milliseconds(100)) }
        let probes = call.actions[before...].compactMap { action -> LiveClientEvent? in
            if case .sendLive(let event) = action, case .probe = event.body { event } else { nil }
        }
        #expect(probes.count == 1)
    }

    @Test("A caller's turn into which the server hangs is heard again by the next one")
    func heardAgain() {
        var call = LiveHarness.answered()
        call.hangs = true
        call.callerIsHeard(milliseconds: 1_500, after: .seconds(1))
        call.advance(.seconds(6))
        #expect(call.losses.count == 1)
        // From the beginning of the voice, and a little before.
        #expect(call.keptAudio == .milliseconds(5_000 + 700))
    }

    @Test("Nobody is asked while the call rings, nor where nobody is watched")
    func unwatched() {
        var ringing = LiveHarness()
        ringing.hangs = true
        ringing.connect()
        ringing.advance(.seconds(30))
        #expect(ringing.probes == 0)
        #expect(ringing.losses.isEmpty)

        var options = LiveOptions()
        options.silence = nil
        var session = LiveSession(settings: RealtimeSettings.test, options: options)
        session.listen(at: .zero)
        #expect(session.nextDeadline == nil)
    }
}

extension RealtimeSettings {
    fileprivate static var test: RealtimeSettings {
        RealtimeSettings(
            instructions: "Be brief.", voice: nil, tools: [], law: .mu, transcriptionModel: nil, language: nil,
            turnDetection: TurnDetection(), noiseReduction: nil)
    }
}

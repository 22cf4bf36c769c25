import SansIO
import Testing

@testable import Conversation

@Suite("A turn of the caller, when the model goes")
struct OutageTurnTests {
    @Test("A turn whose words are known is answered from them")
    func knownTurn() {
        var call = CallHarness.quiet()
        call.callerTakesTurn("item_u1", saying: "When do you have time?")
        call.drop()
        #expect(call.keptAudio == .zero)
        call.reconnect()
        #expect(call.replayed.last == "user: When do you have time?")
        #expect(call.created.count == 2)
        #expect(call.created.last?.metadata["moonline"] == "follow_up")
    }

    @Test("A turn whose words are not known is heard again, and its answer is left to the server")
    func unknownTurn() {
        var call = CallHarness.quiet([.onTranscript])
        call.callerTakesTurn("item_u1")
        call.advance(.milliseconds(300))
        call.drop()
        #expect(call.keptAudio == .milliseconds(1_300 + 700))
        call.reconnect()
        #expect(call.created.count == 1)
        call.callerTakesTurn("item_u2", saying: "When?")
        call.answerTurn("At one.", item: "item_a")
        #expect(call.said == ["When?"])
        #expect(call.created.count == 1)
    }

    @Test("A turn that is heard again is heard from its beginning when that connection is lost, too")
    func unknownTwice() {
        var call = CallHarness.quiet()
        call.callerTakesTurn("item_u1")
        call.drop()
        call.reconnect()
        let between = call.now
        call.callerSpeaks("item_u2")
        call.callerStops("item_u2")
        call.server(.inputCommitted(itemID: "item_u2", previousItemID: nil))
        call.advance(.seconds(1))
        call.drop()
        #expect(call.keptAudio.map { $0 > call.now - between + .milliseconds(1_700) } == true)
    }

    @Test("When the server does not notice what it hears again, it is asked to answer")
    func unnoticed() {
        var call = CallHarness.quiet()
        call.callerTakesTurn("item_u1")
        call.drop()
        call.reconnect()
        call.advance(.seconds(2))
        #expect(call.created.count == 2)
    }

    @Test("A try that dies while it is configured has heard nothing: the next one is asked to answer all the same")
    func unnoticedAfterDeadTry() {
        var call = CallHarness.quiet()
        call.callerTakesTurn("item_u1")
        call.drop()
        call.advance(.milliseconds(500))
        call.model(.connected)
        call.drop()
        #expect(call.session.outage?.step == .waiting)
        call.reconnect()
        #expect(call.returns == 1)
        #expect(call.created.count == 1)
        call.advance(.seconds(2))
        #expect(call.created.count == 2)
        #expect(call.created.last?.metadata["moonline"] == "follow_up")
    }

    @Test("After a try that dies while it is configured, the turn is still heard from its beginning")
    func unknownTurnAfterDeadTry() {
        var call = CallHarness.quiet()
        call.callerTakesTurn("item_u1")
        let began = call.now - .seconds(1)
        call.drop()
        call.advance(.milliseconds(500))
        call.model(.connected)
        call.drop()
        call.reconnect()
        call.callerSpeaks("item_u2")
        call.advance(.seconds(1))
        call.drop()
        #expect(call.keptAudio == call.now - began + .milliseconds(700))
    }

    @Test("A turn that was too long ago to be heard again is answered as one that was not understood")
    func oldTurn() {
        var call = CallHarness.quiet()
        call.callerTakesTurn("item_u1")
        call.beginResponse(own: true)
        call.advance(.seconds(9))
        call.drop()
        call.reconnect()
        #expect(call.replayed.last == "user: (inaudible)")
        #expect(call.created.count == 2)
    }

    @Test("A caller who speaks at that moment is heard from the beginning of the sentence")
    func speaking() {
        var call = CallHarness.quiet([.onSpeechStarted, .onSpeechStopped])
        call.callerSpeaks("item_u1")
        call.returns()
        call.advance(.seconds(2))
        call.drop()
        #expect(call.keptAudio == .milliseconds(2_700))
        #expect(call.startedHandlers == [.onSpeechStarted, .onSpeechStopped])
        #expect(!call.session.isCallerSpeaking)
    }
}

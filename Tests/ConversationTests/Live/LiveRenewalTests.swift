import SansIO
import Testing

@testable import Conversation

@Suite("Live mode: a session that is replaced") struct LiveRenewalTests {
    /// When the calls of the harness begin. Unix time. [s]
    private static let epoch: Int64 = 1_700_000_000

    @Test("Some minutes before its server ends it the session is followed by another, which knows the conversation")
    func renews() {
        var call = LiveHarness.answered(expiresAt: Self.epoch + 1_200)
        call.callerSays("Hello.")
        call.speaks("How can I help?", milliseconds: 1_000, after: .milliseconds(1_500))
        call.advance(.seconds(899) - (call.now - .zero))
        #expect(call.losses.isEmpty)
        call.advance(.seconds(7))
        #expect(call.losses.map(\.isPlanned) == [true])
        // What the caller says meanwhile is kept before anything is let go, with the beginning of a voice that nobody
        // has noticed yet.
        let kept = call.actions.firstIndex(of: .keepAudio(last: .milliseconds(500)))
        let closed = call.actions.firstIndex(of: .closeModel)
        #expect(kept.map { kept in closed.map { kept < $0 } ?? false } == true)
        call.reconnect(expiresAt: Self.epoch + 8_000)
        #expect(call.actions.last == .listen)
        guard case .start(_, _, let history)? = call.sent.last else {
            Issue.record("\(call.sent)")
            return
        }
        #expect(
            history == [
                LiveMessage(role: .user, text: "Hello."), LiveMessage(role: .assistant, text: "How can I help?"),
            ])
        #expect(call.session.timers[.modelRenewal] == call.now + .seconds(3_300))
        // Nobody is asked for anything.
        #expect(call.commentary.isEmpty)
        #expect(call.faults == [])
    }

    @Test("Where the server does not tell its end, the session's longest duration counts")
    func unannounced() {
        var call = LiveHarness.answered()
        #expect(call.session.timers[.modelRenewal] == .zero + .seconds(3_300))
        call = LiveHarness.answered(expiresAt: Self.epoch + 7_200)
        #expect(call.session.timers[.modelRenewal] == .zero + .seconds(3_300))
    }

    @Test("It is not replaced while either side speaks, words are on their way, an answer is due or a function runs")
    func waits() {
        var call = LiveHarness.answered(expiresAt: Self.epoch + 1_200)
        call.advance(.seconds(899) - (call.now - .zero))
        call.callerIsHeard(milliseconds: 2_000)
        call.callerSays("Wait", "for", "me", after: .milliseconds(1_500))
        // The turn is over, and its words come; then the model thinks.
        call.speaks("I am waiting.", milliseconds: 2_000, after: .seconds(8), quiet: 500)
        call.advance(.seconds(9))
        #expect(call.losses.isEmpty)
        call.backEndCalls("call_1")
        call.advance(.seconds(5))
        #expect(call.losses.isEmpty)
        call.actionDoes(.returned(["done"]))
        call.server(.backEnd(.created, delegation: "del_1"))
        call.server(.backEnd(.completed(usage: nil), delegation: "del_1"))
        call.speaks("It is done.", milliseconds: 1_000, after: .milliseconds(500))
        call.advance(.seconds(1))
        #expect(call.losses.isEmpty)
        call.advance(.seconds(20))
        #expect(call.losses.map(\.isPlanned) == [true])
        #expect(call.said == ["Wait for me"])
        #expect(call.heard == ["I am waiting.", "It is done."])
    }

    @Test("A turn that the model has let go by is not answered because the session is another")
    func unanswered() {
        var call = LiveHarness.answered(expiresAt: Self.epoch + 1_200)
        call.callerSays("Mhm.")
        call.advance(.seconds(910) - (call.now - .zero))
        #expect(call.losses.map(\.isPlanned) == [true])
        call.reconnect()
        call.advance(.seconds(30))
        #expect(call.commentary.isEmpty)
    }

    @Test("A session that never comes to rest is replaced all the same, and what the caller was saying is heard again")
    func noRest() {
        var call = LiveHarness.answered(handlers: [.onDTMF], expiresAt: Self.epoch + 1_200)
        call.advance(.seconds(890) - (call.now - .zero))
        call.callerIsHeard(milliseconds: 186_000)
        call.callerIsHeard(milliseconds: 30_000, after: .seconds(188))
        call.advance(.seconds(1_079) - (call.now - .zero))
        #expect(call.losses.isEmpty)
        call.advance(.seconds(2))
        #expect(call.losses.map(\.isPlanned) == [true])
        // The turn into which that fell is heard again.
        #expect(call.keptAudio == .milliseconds(2_000 + 700))
    }
}

import SansIO
import Testing

@testable import Conversation

@Suite("What the caller said, in order")
struct InputTranscriptsTests {
    private func turns(_ ids: String...) -> InputTranscripts {
        var inputs = InputTranscripts()
        for (index, id) in ids.enumerated() {
            inputs.speechStarted(id, at: Instant.zero + .seconds(index))
            inputs.speechStopped(id, at: Instant.zero + .seconds(index) + .milliseconds(500))
            inputs.committed(id, previousItemID: nil, at: Instant.zero + .seconds(index) + .milliseconds(500))
        }
        return inputs
    }

    @Test("A transcript that overtakes another waits for it")
    func overtaking() {
        var inputs = turns("a", "b")
        let early = inputs.complete("b", "second", at: .zero + .seconds(3))
        #expect(early.isEmpty)
        let both = inputs.complete("a", "first", at: .zero + .seconds(4))
        #expect(both.map(\.text) == ["first", "second"])
        #expect(both.first?.startedAt == .zero)
        #expect(both.last?.endedAt == .zero + .milliseconds(1_500))
        #expect(inputs.nextDeadline == nil)
    }

    @Test("It does not wait for ever, and the late one still comes")
    func patience() {
        var inputs = turns("a", "b")
        _ = inputs.complete("b", "second", at: .zero + .seconds(3))
        let deadline = inputs.nextDeadline
        #expect(deadline == .zero + .seconds(6))
        #expect(inputs.deadline(at: .zero + .seconds(6)).map(\.text) == ["second"])
        #expect(inputs.complete("a", "first", at: .zero + .seconds(9)).map(\.text) == ["first"])
    }

    @Test("A failed transcription holds nobody up and says nothing")
    func failure() {
        var inputs = turns("a", "b")
        _ = inputs.complete("b", "second", at: .zero)
        #expect(inputs.complete("a", nil, at: .zero).map(\.text) == ["second"])
    }

    @Test("Silence and repeated completions say nothing")
    func empty() {
        var inputs = turns("a")
        let early = inputs.complete("a", "  ", at: .zero)
        #expect(early.isEmpty)
        #expect(!inputs.isOutstanding)
    }

    @Test("At the end, what was written down so far is kept")
    func remaining() {
        var inputs = turns("a", "b")
        #expect(inputs.append("good", to: "b", at: .zero)?.text == "good")
        #expect(inputs.append("bye", to: "b", at: .zero)?.text == "goodbye")
        #expect(inputs.isOutstanding)
        #expect(inputs.takeRemaining().map(\.text) == ["goodbye"])
        #expect(!inputs.isOutstanding)
    }
}

import Testing

@testable import Conversation

@Suite("What was said, as far as it is true")
struct ConversationHistoryTests {
    private static let call = RealtimeFunctionCall(callID: "c1", name: "look_up", arguments: "{}")

    @Test("Items stand where the server has them, whenever they arrive")
    func order() {
        var history = ConversationHistory()
        history.callerSpoke("u1")
        history.wrote("a2", "Three.")
        history.callerSpoke("u2", after: "a1")
        history.place("a1", after: "u1", role: .assistant)
        history.place("u2", after: "a1", role: .user)
        history.place("a2", after: "u2", role: .assistant)
        history.wrote("a1", "One.")
        history.callerSaid("u2", "Two?", isFinal: true)
        history.callerSaid("u1", "Hello?", isFinal: true)
        #expect(
            history.items == [
                .message(.user, text: "Hello?"), .message(.assistant, text: "One."), .message(.user, text: "Two?"),
                .message(.assistant, text: "Three."),
            ])
    }

    @Test("Of the agent counts what was heard; what was never heard is gone")
    func heard() {
        var history = ConversationHistory()
        history.wrote("a1", "We have ")
        history.wrote("a1", "time at one.")
        history.wrote("a1", part: 1, "Or at two.")
        #expect(history.items == [.message(.assistant, text: "We have time at one. Or at two.")])
        history.heard("a1", .whole)
        history.heard("a1", part: 1, .cut("Or"))
        history.heard("a1", part: 1, .whole)
        #expect(history.text(of: "a1") == "We have time at one. Or")
        guard case .agent(let parts)? = history["a1"] else {
            Issue.record("no entry")
            return
        }
        #expect(parts[1]?.shown == "Or at two.")
        history.heard("a1", .cut(""))
        history.heard("a1", part: 1, .cut(""))
        #expect(history.items.isEmpty)
    }

    @Test("At the end counts as unheard what nobody has heard")
    func end() {
        var history = ConversationHistory()
        history.wrote("a1", "Hello.")
        history.heard("a1", .whole)
        history.wrote("a2", "And now")
        history.end()
        #expect(history.items == [.message(.assistant, text: "Hello.")])
    }

    @Test("A function is told with its result or not at all; the first result counts")
    func functions() {
        var history = ConversationHistory()
        history.place("f1", after: nil)
        history.called(Self.call, id: "f1")
        #expect(history.items.isEmpty)
        history.returned(callID: "c1", "at one")
        history.returned(callID: "c1", "at two")
        history.returned(callID: "c9", "nothing")
        #expect(history.items == [.function(Self.call, output: "at one")])
    }

    @Test("A message of the script takes the place and the name that the server gives it")
    func ownMessage() {
        var history = ConversationHistory()
        history.callerSpoke("u1")
        history.callerSaid("u1", "Hello?", isFinal: true)
        history.add(.system, "A member.")
        history.add(.user, "And one more.")
        history.place("m1", after: nil, role: .system)
        history.wrote("a1", "Hello.")
        history.place("a1", after: "m1", role: .assistant)
        history.place("m2", after: "a1", role: .user)
        #expect(history.entries.map(\.id) == ["u1", "m1", "a1", "m2"])
        #expect(history.items.count == 4)
    }

    @Test("A turn grows word by word, until its text is final; one without words says nothing")
    func caller() {
        var history = ConversationHistory()
        history.callerSpoke("u1")
        history.callerSaid("u1", more: "I ")
        history.callerSaid("u1", more: "said")
        #expect(history.items == [.message(.user, text: "I said")])
        #expect(history.finalText(of: "u1") == nil)
        history.callerSaid("u1", "I said so.", isFinal: true)
        history.callerSaid("u1", more: " again")
        #expect(history.finalText(of: "u1") == "I said so.")
        history.callerSaid("u2", "", isFinal: true)
        #expect(history.items.count == 1)
        history.callerSaid("u3", more: "Half a")
        history.callerSaid("u3", nil, isFinal: true)
        #expect(history.finalText(of: "u3") == "Half a")
    }

    @Test("The oldest turns are left out, whole, and the newest never is")
    func budget() {
        var history = ConversationHistory()
        history.wrote("a0", "Hello there.")
        for number in 1...3 {
            history.callerSpoke("u\(number)")
            history.callerSaid("u\(number)", "Question \(number)", isFinal: true)
            history.wrote("a\(number)", "Answer \(number)")
        }
        func ids(_ budget: Int) -> [String] { history.newest(characters: budget).map(\.id) }
        #expect(ids(1_000) == ["a0", "u1", "a1", "u2", "a2", "u3", "a3"])
        #expect(ids(54) == ["u1", "a1", "u2", "a2", "u3", "a3"])
        #expect(ids(53) == ["u2", "a2", "u3", "a3"])
        #expect(ids(1) == ["u3", "a3"])
        #expect(ConversationHistory().newest(characters: 10).isEmpty)
    }

    @Test(
        "The rest of a sentence begins behind the last word that was heard",
        arguments: [
            ("One two three.", "One two", "three."), ("One two three.", "", "One two three."),
            ("One two three.", "One two three.", ""), ("Call 555 now please.", "Call five five five now", "please."),
            ("Dr. Smith is here now.", "Doctor Smith is", "here now."), ("一二三四", "一二", "三四"),
            ("我们三点，见面吧。", "我们三点见面", "吧。"), ("我们三点半见面吧。", "我们三点三十分见面", "吧。"), ("One two.", "One two", ""),
            ("One, two – three.", "One two", "three."),
        ])
    func rest(text: String, heard: String, rest: String) {
        #expect(text.rest(after: heard) == rest)
    }
}

import SansIO
import Testing

@testable import Conversation

@Suite("The caller interrupts")
struct BargeInTests {
    private static let text = "We are open on Monday from nine to five, and on Tuesday only in the morning."

    /// In the middle of an answer of ten seconds, of which nothing was played yet.
    private func speaking(handlers: Set<ScriptHandler> = [], isGenerating: Bool = false) -> CallHarness {
        var call = CallHarness(handlers: handlers)
        call.answer()
        call.returns()
        if !handlers.contains(.onAnswered) { call.greet() }
        let id = call.beginResponse(own: true)
        call.speak(Self.text, milliseconds: 10_000, in: id, item: "item_1")
        if !isGenerating { call.finishResponse(id) }
        return call
    }

    private func interrupted(_ call: CallHarness) -> Interruption? {
        for case .interruption(let interruption) in call.observations { return interruption }
        return nil
    }

    @Test("The queue is flushed at once, and the item cut to the milliseconds that were played")
    func truncate() throws {
        var call = speaking(handlers: [.onInterrupted])
        let tag = try #require(call.tag("item_1"))
        call.send(.media(.playoutStarted(tag: tag, at: call.now)))
        call.advance(.seconds(5))
        call.server(.speechStarted(itemID: "item_u", audioStartMilliseconds: 0))
        #expect(call.last.contains(.flush))
        #expect(call.last.sent.isEmpty)
        call.send(.media(.flushed(tag: tag, played: 40_007, dropped: 39_993)))
        #expect(call.last.sent == [.truncateItem(id: "item_1", contentIndex: 0, audioEndMilliseconds: 5_000)])
        let interruption = try #require(interrupted(call))
        #expect(interruption.playedMilliseconds == 5_000)
        #expect(interruption.heard == "We are open on Monday from nine to")
        #expect(interruption.unheard == "five, and on Tuesday only in the morning.")
        #expect(
            call.started.last
                == .handler(.onInterrupted, arguments: [.string(interruption.heard), .string(interruption.unheard)]))
        #expect(call.heard.last == interruption.heard)
    }

    @Test("What was not heard at all is deleted, not truncated to zero")
    func delete() throws {
        var call = speaking()
        let tag = try #require(call.tag("item_1"))
        call.server(.speechStarted(itemID: "item_u", audioStartMilliseconds: 0))
        call.send(.media(.flushed(tag: tag, played: 7, dropped: 79_993)))
        #expect(call.last.sent == [.deleteItem(id: "item_1")])
        #expect(call.heard.count == 1)
        #expect(interrupted(call)?.heard == "")
        #expect(interrupted(call)?.unheard == Self.text)
    }

    @Test("Of two items the one being heard is truncated, the one not begun is deleted")
    func twoItems() throws {
        var call = speaking(isGenerating: true)
        call.speak("And a second thing.", milliseconds: 2_000, in: "resp_2", item: "item_2")
        call.finishResponse("resp_2")
        let tag = try #require(call.tag("item_1"))
        call.send(.media(.playoutStarted(tag: tag, at: call.now)))
        call.server(.speechStarted(itemID: "item_u", audioStartMilliseconds: 0))
        call.send(.media(.flushed(tag: tag, played: 8_000, dropped: 88_000)))
        #expect(
            call.last.sent == [
                .truncateItem(id: "item_1", contentIndex: 0, audioEndMilliseconds: 1_000), .deleteItem(id: "item_2"),
            ])
        #expect(interrupted(call)?.unheard.hasSuffix("And a second thing.") == true)
    }

    @Test("A response that is still generated is cancelled, and its late audio is not played")
    func cancel() throws {
        var call = speaking(isGenerating: true)
        let tag = try #require(call.tag("item_1"))
        call.send(.media(.playoutStarted(tag: tag, at: call.now)))
        call.server(.speechStarted(itemID: "item_u", audioStartMilliseconds: 0))
        #expect(call.last.sent == [.cancelResponse(id: "resp_2")])
        let before = call.log.count
        call.speak("Late words.", milliseconds: 500, in: "resp_2", item: "item_1")
        call.speak("Later words.", milliseconds: 500, in: "resp_2", item: "item_2")
        #expect(!call.log[before...].contains { if case .play = $0 { true } else { false } })
        call.finishResponse("resp_2", status: .cancelled(reason: "turn_detected"))
        call.send(.media(.flushed(tag: tag, played: 800, dropped: 0)))
        #expect(call.sent.last == .truncateItem(id: "item_1", contentIndex: 0, audioEndMilliseconds: 100))
    }

    @Test("The next answer is played while the flush report is still on its way")
    func nextAnswer() throws {
        var call = speaking()
        let old = try #require(call.tag("item_1"))
        call.server(.speechStarted(itemID: "item_u", audioStartMilliseconds: 0))
        call.server(.speechStopped(itemID: "item_u", audioEndMilliseconds: 0))
        let id = call.beginResponse(own: true)
        call.speak("Of course.", milliseconds: 500, in: id, item: "item_2")
        let new = try #require(call.tag("item_2"))
        #expect(new != old)
        call.send(.media(.flushed(tag: nil, played: 0, dropped: 80_000)))
        #expect(call.sent.last == .deleteItem(id: "item_1"))
        call.finishResponse(id)
        call.hear("item_2")
        #expect(call.heard.last == "Of course.")
    }

    @Test("When nothing is playing, nothing is flushed, cancelled or cut")
    func silence() {
        var call = CallHarness()
        call.answer()
        call.greet()
        call.server(.speechStarted(itemID: "item_u", audioStartMilliseconds: 0))
        #expect(!call.log.contains(.flush))
        #expect(call.last.sent.isEmpty)
    }

    @Test("A report of more than was generated is cut to that")
    func clamp() throws {
        var call = speaking(isGenerating: true)
        let tag = try #require(call.tag("item_1"))
        call.server(.speechStarted(itemID: "item_u", audioStartMilliseconds: 0))
        call.send(.media(.flushed(tag: tag, played: 90_000, dropped: 0)))
        #expect(call.last.sent.isEmpty)
        #expect(call.heard.last == Self.text)

        var unfinished = CallHarness()
        unfinished.answer()
        let id = unfinished.beginResponse()
        let path = RealtimePartPath(responseID: id, itemID: "item_1")
        unfinished.server(.audioTranscriptDelta(path, "Hello there, how are you?"))
        unfinished.server(.audioDelta(path, [UInt8](repeating: 0, count: 8_000)))
        unfinished.server(.speechStarted(itemID: "item_u", audioStartMilliseconds: 0))
        unfinished.send(.media(.flushed(tag: unfinished.tag("item_1"), played: .max, dropped: 0)))
        #expect(
            unfinished.last.sent == [.truncateItem(id: "item_1", contentIndex: 0, audioEndMilliseconds: 1_000)])
    }

    @Test("Speech that ended just before the flush was not interrupted")
    func tooLate() throws {
        var call = speaking()
        let tag = try #require(call.tag("item_1"))
        call.send(.media(.playoutStarted(tag: tag, at: call.now)))
        call.server(.speechStarted(itemID: "item_u", audioStartMilliseconds: 0))
        call.send(.media(.playoutEnded(tag: tag, bytes: 80_000)))
        call.send(.media(.flushed(tag: nil, played: 0, dropped: 0)))
        #expect(interrupted(call) == nil)
        #expect(call.last.sent.isEmpty)
        #expect(call.heard.last == Self.text)
    }

    @Test("A flush report that never comes is replaced by the time that passed")
    func missingReport() throws {
        var call = speaking()
        let tag = try #require(call.tag("item_1"))
        call.send(.media(.playoutStarted(tag: tag, at: call.now)))
        call.advance(.seconds(1))
        call.server(.speechStarted(itemID: "item_u", audioStartMilliseconds: 0))
        call.advance(.milliseconds(500))
        #expect(call.sent.last == .truncateItem(id: "item_1", contentIndex: 0, audioEndMilliseconds: 1_500))
    }

    @Test("A sentence of the script comes back as interrupted")
    func say() throws {
        var call = CallHarness(handlers: [.onAnswered])
        call.answer()
        let task = call.lastTask
        call.yields(.say(text: "Good morning to you.", interruptible: true))
        let id = call.beginResponse()
        call.speak("Good morning to you.", milliseconds: 2_000, in: id, item: "item_1")
        call.finishResponse(id)
        let tag = try #require(call.tag("item_1"))
        call.send(.media(.playoutStarted(tag: tag, at: call.now)))
        call.server(.speechStarted(itemID: "item_u", audioStartMilliseconds: 0))
        #expect(call.reply(to: task) == nil)
        call.send(.media(.flushed(tag: tag, played: 8_000, dropped: 8_000)))
        #expect(call.reply(to: task) == .failure(code: .interrupted, message: "the caller interrupted"))
    }

    @Test("An uninterruptible sentence: the server's answers are held back, the caller's turn is answered afterwards")
    func uninterruptible() throws {
        var call = CallHarness(handlers: [.onAnswered])
        call.answer()
        let task = call.lastTask
        call.yields(.say(text: "This call is recorded.", interruptible: false))
        #expect(call.last.sent.first == .updateTurnDetection(TurnDetection().eventsOnly))
        #expect(call.created.count == 1)
        let id = call.beginResponse()
        call.speak("This call is recorded.", milliseconds: 2_000, in: id, item: "item_1")
        call.finishResponse(id)
        let tag = try #require(call.tag("item_1"))
        call.send(.media(.playoutStarted(tag: tag, at: call.now)))
        call.server(.speechStarted(itemID: "item_u", audioStartMilliseconds: 0))
        call.server(.speechStopped(itemID: "item_u", audioEndMilliseconds: 0))
        call.server(.inputCommitted(itemID: "item_u", previousItemID: nil))
        #expect(!call.log.contains(.flush))
        #expect(call.reply(to: task) == nil)
        call.send(.media(.playoutEnded(tag: tag, bytes: 16_000)))
        #expect(call.reply(to: task) == .value(true))
        #expect(call.last.sent.first == .updateTurnDetection(TurnDetection()))
        #expect(call.created.count == 2)
        #expect(call.created.last?.metadata["moonline"] == "follow_up")
    }

    @Test("Of two uninterruptible sentences the last one gives the server its answers back")
    func twoUninterruptible() {
        var call = CallHarness(handlers: [.onRinging, .onAnswered])
        call.configure()
        call.send(.telephony(.ringing(earlyMedia: false)))
        let first = call.lastTask
        call.yields(.sleep(.seconds(1)))
        call.send(.telephony(.answered(headers: [:])))
        call.send(.media(.started))
        call.yields(.say(text: "One.", interruptible: false))
        call.advance(.seconds(1))
        call.yields(.say(text: "Two.", interruptible: false), first)
        for item in ["item_1", "item_2"] {
            #expect(!call.sent.contains(.updateTurnDetection(TurnDetection())))
            let id = call.beginResponse()
            call.speak("One.", milliseconds: 500, in: id, item: item)
            call.finishResponse(id)
            call.hear(item)
            call.returns()
        }
        #expect(call.sent.filter { $0 == .updateTurnDetection(TurnDetection()) }.count == 1)
        #expect(call.sent.filter { $0 == .updateTurnDetection(TurnDetection().eventsOnly) }.count == 1)
    }

    @Test("Latency is measured from the end of the caller's turn to the first packet of the answer")
    func latency() throws {
        var call = CallHarness()
        call.answer()
        call.greet()
        call.server(.speechStarted(itemID: "item_u", audioStartMilliseconds: 0))
        call.server(.speechStopped(itemID: "item_u", audioEndMilliseconds: 0))
        call.advance(.milliseconds(200))
        let id = call.beginResponse(own: true)
        call.advance(.milliseconds(100))
        call.speak("Yes.", milliseconds: 500, in: id, item: "item_1")
        let tag = try #require(call.tag("item_1"))
        call.advance(.milliseconds(20))
        call.send(.media(.playoutStarted(tag: tag, at: call.now - .milliseconds(3))))
        let latency = TurnLatency(turn: 1, toFirstPacket: .milliseconds(317), toFirstAudio: .milliseconds(300))
        #expect(call.last.observations == [.latency(latency)])
    }
}

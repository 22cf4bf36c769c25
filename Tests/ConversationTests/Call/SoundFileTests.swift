import SansIO
import Testing

@testable import Conversation

@Suite("Sound files")
struct SoundFileTests {
    private static let second = [UInt8](repeating: 1, count: 8_000)

    /// `on_answered` waits in `call:play` for a sound of one second, which is loaded.
    private func playing(_ handlers: Set<ScriptHandler> = [], interruptible: Bool = true) throws -> (
        call: CallHarness, task: ScriptTaskID, tag: PlayoutTag
    ) {
        var (call, task) = CallHarness.answered(handlers)
        call.yields(.play(source: "a.wav", interruptible: interruptible))
        call.send(.service(task, .audio(Self.second)))
        return (call, task, try #require(call.played.last))
    }

    @Test("A sound is queued behind what is said, and play returns when it was heard; it is no entry of the transcript")
    func heard() throws {
        var (call, task) = CallHarness.answered()
        let id = call.beginResponse(own: true)
        call.speak("One moment.", milliseconds: 500, in: id, item: "item_1")
        call.finishResponse(id)
        call.yields(.play(source: "a.wav", interruptible: true))
        #expect(call.last == [.service(task, .loadAudio(source: "a.wav"))])
        call.send(.service(task, .audio(Self.second)))
        let tag = try #require(call.played.last)
        #expect(call.last == [.play(tag: tag, audio: Self.second), .finishPlayout(tag: tag)])
        #expect(call.played == [1, tag])
        call.hear("item_1")
        #expect(call.reply(to: task) == nil)
        call.hear(tag: tag, bytes: 8_000)
        #expect(call.reply(to: task) == .value(true))
        #expect(call.heard == ["One moment."])
    }

    @Test("A sound that the caller interrupts returns nil, interrupted; the model is told nothing of it")
    func interrupted() throws {
        var (call, task, tag) = try playing([.onInterrupted])
        call.send(.media(.playoutStarted(tag: tag, at: call.now)))
        let before = call.sent.count
        call.callerSpeaks()
        #expect(call.flushes == 1)
        call.send(.media(.flushed(tag: tag, played: 2_000, dropped: 6_000)))
        #expect(call.code(for: task) == .interrupted)
        #expect(call.sent.count == before)
        #expect(call.startedHandlers == [.onAnswered])
        #expect(call.heard.isEmpty)
    }

    @Test("Of a sentence and a sound behind it, the model is told of its own sentence alone")
    func both() throws {
        var (call, task) = CallHarness.answered([.onInterrupted])
        let id = call.beginResponse(own: true)
        call.speak("One two three four.", milliseconds: 2_000, in: id, item: "item_1")
        call.finishResponse(id)
        call.yields(.play(source: "a.wav", interruptible: true))
        call.send(.service(task, .audio(Self.second)))
        let first = try #require(call.tag("item_1"))
        call.send(.media(.playoutStarted(tag: first, at: call.now)))
        call.callerSpeaks()
        call.send(.media(.flushed(tag: first, played: 8_000, dropped: 16_000)))
        #expect(call.last.sent == [.truncateItem(id: "item_1", contentIndex: 0, audioEndMilliseconds: 1_000)])
        #expect(call.code(for: task) == .interrupted)
        call.returns([], task)
        #expect(call.arguments(.onInterrupted) == [["One two", "three four."]])
    }

    @Test("wait_for_playout of another handler is interrupted with the sound")
    func waiting() throws {
        var (call, _, tag) = try playing([.onDTMF])
        call.press("1")
        let waiting = try #require(call.task(.onDTMF))
        call.yields(.waitForPlayout, waiting)
        call.send(.media(.playoutStarted(tag: tag, at: call.now)))
        call.callerSpeaks()
        call.send(.media(.flushed(tag: tag, played: 2_000, dropped: 6_000)))
        call.returns()
        #expect(call.code(for: waiting) == .interrupted)
    }

    @Test("A protected sound is not cut, neither is what waits behind it")
    func protected() throws {
        var (call, task, tag) = try playing(interruptible: false)
        call.send(.media(.playoutStarted(tag: tag, at: call.now)))
        call.callerSpeaks()
        #expect(call.flushes == 0)
        call.advance(.seconds(1))
        call.send(.media(.playoutEnded(tag: tag, bytes: 8_000)))
        #expect(call.reply(to: task) == .value(true))
    }

    @Test("A sound that cannot be loaded is data for the script; nothing is played")
    func failedLoad() {
        var (call, task) = CallHarness.answered()
        call.yields(.play(source: "b.wav", interruptible: true))
        call.send(.service(task, .reply(.failure(code: .notFound, message: "there is no b.wav"))))
        #expect(call.reply(to: task) == .failure(code: .notFound, message: "there is no b.wav"))
        #expect(call.played.isEmpty)
        #expect(call.faults.isEmpty)
    }

    @Test("An empty file is heard at once")
    func empty() {
        var (call, task) = CallHarness.answered()
        call.yields(.play(source: "a.wav", interruptible: true))
        call.send(.service(task, .audio([])))
        #expect(call.reply(to: task) == .value(true))
        #expect(call.played.isEmpty)
    }

    @Test("A hang-up while it is loaded cancels the loading; what comes late is not played")
    func hangUpWhileLoading() {
        var (call, task) = CallHarness.answered()
        call.yields(.play(source: "a.wav", interruptible: true))
        call.send(.telephony(.ended(byRemote: true, reason: "")))
        #expect(call.last.contains(.cancelService(task)))
        #expect(call.code(for: task) == .callEnded)
        call.send(.service(task, .audio(Self.second)))
        call.returns([], task)
        #expect(call.played.isEmpty)
        #expect(call.outcome?.kind == .completed)
    }

    @Test("A hang-up while it is heard ends the wait with call_ended")
    func hangUpWhilePlaying() throws {
        var (call, task, _) = try playing()
        call.send(.telephony(.ended(byRemote: true, reason: "")))
        #expect(call.code(for: task) == .callEnded)
        #expect(call.flushes == 1)
    }

    @Test("Behind hangup { after_playout } no sound begins")
    func closing() throws {
        var (call, task) = CallHarness.answered([.onDTMF])
        let id = call.beginResponse(own: true)
        call.speak("Goodbye.", milliseconds: 1_000, in: id, item: "item_1")
        call.finishResponse(id)
        call.yields(.play(source: "a.wav", interruptible: true))
        call.press("1")
        let other = try #require(call.task(.onDTMF))
        call.yields(.hangup(reason: nil, afterPlayout: true), other)
        call.send(.service(task, .audio(Self.second)))
        #expect(call.code(for: task) == .callEnded)
        call.yields(.play(source: "a.wav", interruptible: true), task)
        #expect(call.code(for: task) == .callEnded)
        call.hear("item_1")
        #expect(call.played == [1])
        #expect(call.isHungUp)
    }

    @Test("An action's time runs while its sound is loaded, and stands still while it is heard")
    func actionTime() throws {
        var lost = CallHarness.quiet()
        lost.call("look_up")
        lost.yields(.play(source: "a.wav", interruptible: true))
        let task = lost.lastTask
        lost.advance(.seconds(30))
        #expect(lost.did(.cancelService(task)))
        #expect(lost.did(.script(.cancel(task))))
        #expect(lost.outputs["call_look_up_0"] == #"{"error":"look_up did not finish in time"}"#)

        var long = CallHarness.quiet()
        long.call("look_up")
        let action = long.lastTask
        long.yields(.play(source: "a.wav", interruptible: true))
        long.advance(.seconds(10))
        long.send(.service(action, .audio([UInt8](repeating: 1, count: 480_000))))
        let tag = try #require(long.played.last)
        long.hear(tag: tag, bytes: 480_000)
        #expect(long.reply(to: action) == .value(true))
        long.yields(.service(.store(.get(key: "k"))), action)
        long.advance(.milliseconds(19_999))
        #expect(long.outputs.isEmpty)
        long.advance(.milliseconds(1))
        #expect(long.outputs["call_look_up_0"] == #"{"error":"look_up did not finish in time"}"#)
    }

    @Test("Nothing is played before the answer")
    func early() {
        var call = CallHarness(handlers: [.onRinging])
        call.configure()
        call.send(.telephony(.ringing(earlyMedia: true)))
        let task = call.lastTask
        call.yields(.play(source: "a.wav", interruptible: true))
        #expect(call.code(for: task) == .wrongStatus)
    }
}

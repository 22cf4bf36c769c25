import AgentHost
import Conversation
import Logging
import SansIO
import Synchronization
import TestCalls
import Testing

@testable import moonline

@Suite("A conversation in the terminal")
struct ConversationViewTests {
    @Test("lines are broken between words, and words are never cut")
    func wrapping() {
        #expect(ConversationView.wrapped("one two three", width: 7) == ["one two", "three"])
        #expect(ConversationView.wrapped("one two three", width: 8) == ["one two", "three"])
        #expect(ConversationView.wrapped("one two three", width: 13) == ["one two three"])
        #expect(ConversationView.wrapped("incomprehensibilities", width: 5) == ["incomprehensibilities"])
        #expect(ConversationView.wrapped("a incomprehensibilities b", width: 5) == ["a", "incomprehensibilities", "b"])
        #expect(ConversationView.wrapped("", width: 5) == [""])
        #expect(ConversationView.wrapped("one\n\ntwo", width: 20) == ["one", "", "two"])
        #expect(ConversationView.wrapped("one\r\ntwo", width: 20) == ["one", "two"])
        #expect(ConversationView.wrapped("  one   two ", width: 20) == ["one two"])
        #expect(ConversationView.wrapped("ää öö", width: 2) == ["ää", "öö"])
    }

    @Test("no row is longer than the width unless one word is, and no word is lost", arguments: 1...40)
    func wrappingAlways(_ width: Int) {
        var random = SeededRandom(seed: UInt64(width))
        let words = (0..<200).map { _ in String(repeating: "x", count: Int.random(in: 1...12, using: &random)) }
        let rows = ConversationView.wrapped(words.joined(separator: " "), width: width)
        #expect(rows.joined(separator: " ") == words.joined(separator: " "))
        #expect(rows.allSatisfy { $0.count <= width || !$0.contains(" ") })
        // As much in each row as fits.
        for (row, next) in zip(rows, rows.dropFirst()) {
            let word = next.prefix { $0 != " " }
            #expect(row.count + 1 + word.count > width)
        }
    }

    /// The lines that a view writes, without their time stamps.
    func lines(isColored: Bool = false, width: Int = 60, _ body: (ConversationView) -> Void) -> [String] {
        let lines = Mutex<[String]>([])
        body(ConversationView(isColored: isColored, width: width) { line in lines.withLock { $0.append(line) } })
        return lines.withLock { $0.map { String($0.dropFirst(isColored ? 0 : 10)) } }
    }

    func entry(_ role: TranscriptEntry.Role, _ text: String, isFinal: Bool = true) -> Observation {
        .transcript(
            TranscriptEntry(
                role: role, text: text, isFinal: isFinal, itemID: "item", startedAt: .zero, endedAt: .zero))
    }

    @Test("each line has its time, who it is of, and what was said or done")
    func content() {
        let shown = lines { view in
            view.show(.status(.ringing))
            view.show(.status(.active))
            view.show(.modelReady(sessionID: "s", model: "some-model"))
            view.show(entry(.agent, "Hello."))
            view.show(entry(.user, "Hi."))
            view.show(.latency(TurnLatency(turn: 1, toFirstPacket: .zero, toFirstAudio: .zero)))
            view.show(.actionCalled(callID: "c", name: "book", arguments: "{\"day\":1}"))
            view.show(.actionReturned(callID: "c", name: "book", output: "done", duration: .milliseconds(1_540)))
            view.show(.actionRefused(callID: "c", name: "book", reason: "not now"))
            view.show(.actionFailed(callID: "c", name: "book", message: "x.lua:1: no"))
            view.show(.interruption(Interruption(heard: "We ha", unheard: "ve one", playedMilliseconds: 700)))
            view.show(.interruption(Interruption(heard: "We ha", unheard: "", playedMilliseconds: 700)))
            view.show(.transfer(.ringing, code: 180))
            view.show(.transfer(.accepted, code: nil))
            view.show(.digit("#", milliseconds: 100))
            view.show(.fault(CallFault(kind: .script, message: "x.lua:1: no", traceback: "in book")))
            view.note("that was it")
        }
        #expect(
            shown == [
                "call      ringing",
                "call      answered",
                "model     some-model is ready",
                "agent     Hello.",
                "callee    Hi.",
                "agent     (speaks)",
                "action    book {\"day\":1}",
                "result    book → done (1.5 s)",
                "refused   book: not now",
                "failed    book: x.lua:1: no",
                "interrupt after 700 ms, heard: “We ha”; not heard:",
                "          “ve one”",
                "interrupt after 700 ms, heard: “We ha”",
                "transfer  ringing (180)",
                "transfer  accepted",
                "key       #",
                "fault     script: x.lua:1: no",
                "          in book",
                "          that was it",
            ])
    }

    @Test("what is not final, empty, or a mere figure is not shown")
    func nothing() {
        let shown = lines { view in
            view.show(entry(.agent, "Hel", isFinal: false))
            view.show(entry(.user, ""))
            view.show(.callerSpeech(started: true))
            view.show(.usage([:]))
            view.show(callee: .heard("x"))
            view.show(callee: .finished(.completed))
        }
        #expect(shown.isEmpty)
    }

    @Test("what the callee really said stands above what the model heard")
    func callee() {
        let shown = lines { view in
            view.show(callee: .ringing(from: "+15105550123"))
            view.show(callee: .answered)
            view.show(callee: .speaking("Three is fine."))
            view.show(entry(.user, "three is fine"))
        }
        #expect(
            shown == [
                "callee    (it rings: +15105550123)", "callee    (picks up)", "callee    Three is fine.",
                "          the model heard: three is fine",
            ])
    }

    func observation(_ id: String, _ seconds: Int, _ observation: Observation) -> CallObservation {
        CallObservation(callID: id, elapsed: .seconds(seconds), observation: observation)
    }

    @Test("of several calls each line is timed from its call's beginning, and names it while another runs")
    func severalCalls() {
        let written = Mutex<[String]>([])
        let view = ConversationView(isColored: false, width: 60) { line in written.withLock { $0.append(line) } }
        view.show(observation("CALL_aaaa1111", 1, .status(.ringing)))
        view.show(observation("CALL_bbbb2222", 0, .status(.ringing)))
        view.show(observation("CALL_aaaa1111", 3, entry(.agent, "Hello.")))
        view.show(observation("CALL_aaaa1111", 9, .status(.hangup)))
        view.show(observation("CALL_bbbb2222", 7, .status(.active)))
        view.showEnd(call: "CALL_aaaa1111", outcome: "completed", by: .callee, message: "")
        view.show(observation("CALL_bbbb2222", 8, .fault(CallFault(kind: .model, message: "It is gone."))))
        view.showEnd(call: "CALL_bbbb2222", outcome: "model_failed", by: .fault, message: "It is gone.")
        view.show(observation("CALL_cccc3333", 2, .status(.ringing)))
        view.showEnd(call: "CALL_cccc3333", outcome: "busy", by: .callee, message: "The callee is busy (486).")
        #expect(
            written.withLock { $0 } == [
                "   1.0 s  call      ringing",
                "   0.0 s  2222  call      ringing",
                "   3.0 s  1111  agent     Hello.",
                "   9.0 s  1111  call      hangup",
                "   7.0 s  call      answered",
                "   9.0 s  1111  call      ended, completed, by the callee",
                "   8.0 s  fault     model: It is gone.",
                "   8.0 s  call      ended, model_failed",
                "   2.0 s  call      ringing",
                "   2.0 s  call      ended, busy, by the callee: The callee",
                "                    is busy (486).",
            ])
    }

    @Test("the log of `dev` tells of calls only what the conversation does not")
    func developmentLog() {
        let logged = Mutex<[String]>([])
        let shown = lines { view in
            let logger = Logger(label: "test") { _ in
                DevelopmentLog(RecordingHandler { line in logged.withLock { $0.append(line) } }, view: view)
            }
            logger.notice("flow loaded")
            logger.info("a detail")
            var call = logger
            call[metadataKey: "call"] = "CALL_1"
            call.notice("call begins")
            call.error("The trunk is gone.", metadata: ["fault": "trunk"])
            call.warning("from the script")
            call.error("the recording is incomplete")
            call.notice(
                "call ended", metadata: ["outcome": "busy", "reason": "x", "by": "callee", "message": "It is busy."])
        }
        #expect(logged.withLock { $0 } == ["flow loaded", "from the script", "the recording is incomplete"])
        #expect(shown == ["call      ended, busy, by the callee: It is busy."])
    }

    @Test("the time stands in front, in tenths of a second; further rows are indented to the text")
    func stamps() {
        let written = Mutex<[String]>([])
        let view = ConversationView(isColored: false, width: 50) { line in written.withLock { $0.append(line) } }
        view.note(String(repeating: "word ", count: 10))
        let lines = written.withLock { $0 }
        #expect(lines.count == 2)
        #expect(lines.first?.wholeMatch(of: #/   0\.\d s {12}word word word word word word/#) != nil, "\(lines)")
        #expect(lines.last?.wholeMatch(of: #/ {20}word word word word/#) != nil, "\(lines)")
    }

    @Test("colours are escape sequences that end with the text, and none are written where none are wanted")
    func colors() {
        let colored = lines(isColored: true) { $0.show(entry(.agent, "Hello.")) }
        #expect(colored.count == 1)
        #expect(colored.first?.contains("\u{1B}[32magent     \u{1B}[0mHello.") == true)
        #expect(lines { $0.show(entry(.agent, "Hello.")) }.allSatisfy { !$0.contains("\u{1B}") })
    }
}

/// Keeps the messages.
private struct RecordingHandler: LogHandler {
    let record: @Sendable (String) -> Void
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    var logLevel = Logger.Level.info

    init(record: @escaping @Sendable (String) -> Void) {
        self.record = record
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { record("\(event.message)") }
}

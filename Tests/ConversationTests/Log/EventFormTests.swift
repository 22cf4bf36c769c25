import SansIO
import Testing

@testable import Conversation

@Suite("The event log's form of events")
struct EventFormTests {
    private static let path = RealtimePartPath(responseID: "resp_1", itemID: "item_1", outputIndex: 2, contentIndex: 3)
    private static let call = RealtimeFunctionCall(callID: "call_1", name: "book", arguments: #"{"day":"\u00e4"}"#)
    private static let error = RealtimeError(
        type: "invalid_request_error", code: "unknown_parameter", message: "no “x”", parameter: "session.x",
        eventID: "event_1")
    private static let items = [
        RealtimeItem(id: "item_1", kind: .message(role: "assistant"), status: "completed"),
        RealtimeItem(id: "item_2", kind: .functionCall(call), status: "in_progress"),
        RealtimeItem(id: "item_3", kind: .functionCallOutput(callID: "call_1")),
        RealtimeItem(id: "item_4", kind: .other(type: "mcp_call"), status: "incomplete"),
    ]
    private static let statuses: [RealtimeResponse.Status] = [
        .inProgress, .completed, .cancelled(reason: "turn_detected"), .incomplete(reason: "max_output_tokens"),
        .failed(error), .other("queued"),
    ]

    private static let plainEvents: [RealtimeServerEvent] = [
        .error(error), .sessionCreated(id: "sess_1", model: "m"), .sessionUpdated(id: "sess_1", model: "m"),
        .itemTruncated(itemID: "item_1", contentIndex: 1, audioEndMilliseconds: 640),
        .itemDeleted(itemID: "item_1"), .inputTranscriptDelta(itemID: "item_1", delta: "Hel"),
        .inputTranscriptCompleted(itemID: "item_1", transcript: "Hello\n\"you\""),
        .inputTranscriptFailed(itemID: "item_1", error), .speechStarted(itemID: "item_1", audioStartMilliseconds: 7),
        .speechStopped(itemID: "item_1", audioEndMilliseconds: 8),
        .inputCommitted(itemID: "item_1", previousItemID: nil),
        .inputCommitted(itemID: "item_1", previousItemID: "item_0"), .inputCleared,
        .inputTimedOut(itemID: "item_1"),
        .functionArgumentsDelta(responseID: "resp_1", itemID: "item_1", "{\"d"),
        .functionArgumentsDone(responseID: "resp_1", itemID: "item_1", call),
        .contentPartAdded(path, type: "audio"), .contentPartDone(path, type: "audio"), .textDelta(path, "a"),
        .textDone(path, "ab"), .audioDone(path), .audioTranscriptDelta(path, "a"),
        .audioTranscriptDone(path, "ab"), .rateLimitsUpdated([["name": "requests", "remaining": 9]]),
        .unknown(type: "some.new_event"),
    ]

    /// One of each kind, but for audio.
    static var modelEvents: [RealtimeServerEvent] {
        var events = plainEvents
        for item in items {
            events.append(.itemAdded(item, previousItemID: "item_0"))
            events.append(.itemDone(item, previousItemID: nil))
            events.append(.outputItemAdded(item, responseID: "resp_1", outputIndex: 1))
            events.append(.outputItemDone(item, responseID: "resp_1", outputIndex: 1))
        }
        for status in statuses {
            let response = RealtimeResponse(
                id: "resp_1", status: status, output: items, metadata: ["b": "1", "a": "2"],
                usage: ["total_tokens": 12])
            events += [.responseCreated(response), .responseDone(response)]
        }
        return events
    }

    @Test("what the model's server said is read back as it was", arguments: modelEvents)
    func modelEvent(_ event: RealtimeServerEvent) throws {
        let logged = CallSession.Event.model(.event(event)).logged
        #expect(logged["event"]?.string == "model")
        let text = try #require(logged["message"]).text
        #expect(try RealtimeServerEvent(json: JSON(parsing: text)) == event)
        #expect(try CallSession.Event(logged: JSON(parsing: logged.text)) == .model(.event(event)))
    }

    /// One of each kind, but for audio.
    static let liveEvents: [LiveServerEvent] = [
        .started(id: "live_1", model: "m"), .started(id: "live_1", model: "m", expiresAt: 1_800_000_000),
        .appended(eventID: "e"), .appended(eventID: nil),
        .inputTranscript(LiveTranscript(text: " Hel", startMilliseconds: 200, endMilliseconds: 400)),
        .outputTranscript(LiveTranscript(text: "“lo”", startMilliseconds: 0, endMilliseconds: 0)),
        .delegationCreated(id: "del_1", target: "responses"), .backEnd(.created, delegation: "del_1"),
        .backEnd(.called(call), delegation: nil), .backEnd(.completed(usage: nil), delegation: "del_1"),
        .backEnd(.completed(usage: ["total_tokens": 12]), delegation: "del_1"),
        .backEnd(.failed(message: "overloaded"), delegation: "del_1"), .backEnd(.cancelled, delegation: "del_1"),
        .backEnd(.other(type: "response.output_text.delta"), delegation: "del_1"), .usage(seconds: 12.5),
        .closed(reason: "expired"), .error(error), .unknown(type: "info"),
    ]

    @Test("what a Live session's server said is read back as it was", arguments: liveEvents)
    func liveEvent(_ event: LiveServerEvent) throws {
        let logged = CallSession.Event.model(.live(event)).logged
        #expect(logged["event"]?.string == "live")
        #expect(try CallSession.Event(logged: JSON(parsing: logged.text)) == .model(.live(event)))
    }

    @Test("of a Live session's audio it is kept where there was voice")
    func liveAudio() throws {
        func audio(_ runs: (UInt8, Int)...) -> [UInt8] {
            runs.flatMap { [UInt8](repeating: $0.0, count: $0.1) }
        }
        let event = CallSession.Event.model(.live(.outputAudio(audio((0xFF, 320), (0x90, 480), (0x7E, 170)))))
        #expect(event.logged["message"]?["runs"] == [320, 480, 170])
        let back = CallSession.Event.model(.live(.outputAudio(audio((0xFF, 320), (0x80, 480), (0xFF, 170)))))
        #expect(try CallSession.Event(logged: event.logged) == back)
        let spoken = CallSession.Event.model(.live(.outputAudio(audio((0x00, 200)))))
        #expect(spoken.logged["message"]?["runs"] == [0, 200])
        #expect(throws: CallLogFormError.self) {
            try CallSession.Event(
                logged: ["event": "live", "message": ["type": "session.output_audio.delta", "runs": [-1]]])
        }
    }

    @Test("of audio its place and length are kept")
    func audio() throws {
        let logged = CallSession.Event.model(.event(.audioDelta(Self.path, [1, 2, 3]))).logged
        #expect(
            logged["message"] == [
                "type": "response.output_audio.delta", "response_id": "resp_1", "item_id": "item_1", "output_index": 2,
                "content_index": 3, "bytes": 3,
            ])
        #expect(
            try CallSession.Event(logged: logged) == .model(.event(.audioDelta(Self.path, [0xFF, 0xFF, 0xFF]))))
    }

    @Test("what scripts ask for and get has names, not Swift's words")
    func scripts() {
        func yielded(_ request: ScriptRequest) -> JSON? {
            CallSession.Event.script(ScriptTaskID(number: 4), .yielded(request)).logged["outcome"]?["yielded"]
        }
        #expect(yielded(.sleep(.milliseconds(1_500))) == ["request": "sleep", "duration_ns": 1_500_000_000])
        #expect(
            yielded(.say(text: "Hi", interruptible: false))
                == ["request": "say", "text": "Hi", "interruptible": false])
        #expect(yielded(.reply(instructions: nil)) == ["request": "reply", "instructions": nil])
        #expect(yielded(.transfer(target: "+1")) == ["request": "transfer", "target": "+1"])
        #expect(
            yielded(.hangup(reason: "voicemail", afterPlayout: true))
                == ["request": "hangup", "reason": "voicemail", "after_playout": true])
        #expect(yielded(.waitForPlayout) == ["request": "wait_for_playout"])
        #expect(ScriptReply.value(["a": 1]).logged == ["value": ["a": 1]])
        #expect(
            ScriptReply.failure(code: .timedOut, message: "no answer").logged
                == ["failure": "timed_out", "message": "no answer"])
    }

    /// One of each kind.
    static let observations: [Observation] = [
        .status(.active), .modelReady(sessionID: "sess_1", model: "m"),
        .transcript(
            TranscriptEntry(
                role: .user, text: "Hi", isFinal: false, itemID: "item_1", startedAt: Instant(nanoseconds: 1),
                endedAt: Instant(nanoseconds: 2))),
        .callerSpeech(started: true), .actionCalled(callID: "c", name: "n", arguments: "{}"),
        .actionReturned(callID: "c", name: "n", output: "o", duration: .microseconds(3)),
        .actionRefused(callID: "c", name: "n", reason: "r"), .actionFailed(callID: "c", name: "n", message: "m"),
        .interruption(Interruption(heard: "a", unheard: "b", playedMilliseconds: 5)),
        .latency(TurnLatency(turn: 1, toFirstPacket: .milliseconds(2), toFirstAudio: .milliseconds(1))),
        .transfer(.ringing, code: 180), .transfer(.requested, code: nil), .digit("#", milliseconds: 100),
        .usage(["total_tokens": 1]),
        .fault(CallFault(kind: .script, message: "m", isRetryable: true, traceback: "t")),
        .flowChanged(version: "b", from: "a"), .modelLost(reason: "gone", planned: false),
        .modelReconnected(sessionID: "sess_2", after: .milliseconds(700), attempts: 2, planned: true),
    ]

    @Test("every observation is an object that names its kind, without Swift's words", arguments: observations)
    func observation(_ observation: Observation) throws {
        let logged = CallSession.Action.observe(observation).logged
        #expect(try Observation(logged: JSON(parsing: logged.text)) == observation)
        #expect(logged["observation"]?.string?.wholeMatch(of: #/[a-z_]+/#) != nil)
        #expect(!logged.text.contains("Conversation.") && !logged.text.contains("Optional("), "\(logged.text)")
        #expect((logged.object?.count ?? 0) >= 2)
    }
}

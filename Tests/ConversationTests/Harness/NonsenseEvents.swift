import SansIO

@testable import Conversation

/// Events as no driver sends them: any kind, at any time, with ids that may or may not exist.
enum NonsenseEvents {
    static func random(using random: inout SeededRandom) -> CallSession.Event {
        let small = Int.random(in: -1...4, using: &random)
        let id = ScriptTaskID(number: UInt64(max(0, small)))
        switch Int.random(in: 0..<30, using: &random) {
        case 0...2: return .start
        case 3: return .deadline
        case 4: return .model(.connected)
        case 5: return .model(.event(.sessionUpdated(id: "s", model: "m")))
        case 6: return .telephony(.answered(headers: [:]))
        case 7: return .media(.started)
        case 8: return .telephony(.ringing(earlyMedia: small > 1))
        case 9:
            return .media(.flushed(tag: small < 0 ? nil : PlayoutTag(small), played: small * 1_000, dropped: -small))
        case 10: return .media(.playoutStarted(tag: PlayoutTag(max(0, small)), at: .zero))
        case 11: return .media(.playoutEnded(tag: PlayoutTag(max(0, small)), bytes: small * 100_000))
        case 12: return .script(id, .returned([]))
        case 13: return .script(id, .yielded(.sleep(.seconds(small))))
        case 14: return .script(id, .yielded(.say(text: "x", interruptible: small > 1)))
        case 15: return .script(id, .yielded(.waitForPlayout))
        case 16: return .script(id, .failed(ScriptFault(kind: .memory, message: "")))
        case 17: return .telephony(.transferEnded(status: small * 100, reason: ""))
        case 19:
            return .flowOffered(
                version: "v\(small)", CallHarness.definition(handlers: small > 1 ? [.onHandover] : []))
        case 20: return .service(id, small > 1 ? .audio([1, 2]) : .reply(.value(true)))
        case 21:
            let function = ScriptFunctionID(number: UInt64(max(0, small)))
            return .script(
                id,
                .yielded(
                    [
                        .spawn(function), .after(.seconds(small), function), .play(source: "", interruptible: false),
                        .gatherDTMF(DTMFGathering(maximum: small, timeout: .seconds(small), terminator: nil)),
                        .service(.loadAudio(source: "")), .cancelTimer(1),
                    ].randomElement(using: &random) ?? .stopSpeaking))
        case 22: return .media(.digit("1", milliseconds: small))
        case 18: return small > 3 ? .telephony(.ended(byRemote: true, reason: "")) : .media(.drained)
        default: return .model(.event(serverEvent(small, using: &random)))
        }
    }

    private static func serverEvent(_ small: Int, using random: inout SeededRandom) -> RealtimeServerEvent {
        let response = "resp_\(small)"
        let item = "item_\(Int.random(in: 0...2, using: &random))"
        let path = RealtimePartPath(responseID: small < 0 ? "" : response, itemID: item)
        let call = RealtimeFunctionCall(callID: "call_\(small)", name: "look_up", arguments: "{}")
        switch Int.random(in: 0..<14, using: &random) {
        case 0: return .responseCreated(RealtimeResponse(id: response, status: .inProgress))
        case 1: return .responseDone(RealtimeResponse(id: response, status: .completed))
        case 2: return .responseDone(RealtimeResponse(id: response, status: .cancelled(reason: "")))
        case 3: return .audioDelta(path, [UInt8](repeating: 1, count: max(0, small) * 800))
        case 4: return .audioDone(path)
        case 5: return .audioTranscriptDelta(path, "word ")
        case 6: return .audioTranscriptDone(path, "something else")
        case 7: return .speechStarted(itemID: item, audioStartMilliseconds: 0)
        case 8: return .speechStopped(itemID: item, audioEndMilliseconds: 0)
        case 9: return .inputCommitted(itemID: item, previousItemID: "item_0")
        case 10: return .inputTranscriptCompleted(itemID: item, transcript: "x")
        case 11: return .functionArgumentsDone(responseID: response, itemID: item, call)
        case 12: return .contentPartDone(path, type: "audio")
        default: return .error(RealtimeError(code: "conversation_already_has_active_response", message: ""))
        }
    }
}

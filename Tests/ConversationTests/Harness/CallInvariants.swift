import SansIO
import Testing

@testable import Conversation

/// Watches every event and action of a call, and writes down each rule that is broken.
struct CallInvariants {
    private(set) var violations: [String] = []
    private var now = Instant.zero

    // The model, as the call can know it.
    private var active: Set<String> = []
    private var lastEventAt: [String: Instant] = [:]
    private var pendingCreate: (eventID: String, number: String?, sentAt: Instant)?
    private var isTurnCommitted = false
    private var receivedBytes: [String: Int] = [:]
    private var texts: [String: String] = [:]
    private var answeredCalls: Set<String> = []
    private var endedResponses: Set<String> = []
    /// Responses that had begun before a flush, and the one that the last audio came for.
    private var staleResponses: Set<String> = []
    private var audioResponse = ""
    private var connection = 0
    private var isConnected = false
    /// Functions' calls that the connection of now knows, and messages that connections were told of.
    private var knownCalls: Set<String> = []
    private var replayed: Set<String> = []

    // The media.
    private var playedTags: Set<PlayoutTag> = []
    private var flushedTags: Set<PlayoutTag> = []
    private var finishedTags: Set<PlayoutTag> = []
    private var flushesUnderWay = 0
    private var isListening = false

    // The script.
    private enum Coroutine { case running, waiting, gone }
    private var coroutines: [ScriptTaskID: Coroutine] = [:]
    private var isHangUpStarted = false
    private var services: Set<ScriptTaskID> = []
    /// Functions that the script host keeps for later.
    private var kept: Set<ScriptFunctionID> = []
    private var handover: ScriptTaskID?
    private var isAnswered = false

    /// Whether the model is a pipeline.
    private let hasStages: Bool
    private var isPaused = false
    private var isConfigured = false
    private(set) var isFinished = false
    private(set) var isHungUp = false

    init(mode: AgentMode = .realtime) { hasStages = mode == .pipeline }

    mutating func watch(_ event: CallSession.Event, _ actions: [CallSession.Action], at now: Instant) {
        self.now = now
        if isFinished, !actions.isEmpty { fail("actions after finish: \(actions)") }
        audioResponse = ""
        note(event)
        for (index, action) in actions.enumerated() {
            check(action, isLast: index == actions.count - 1)
        }
    }

    private mutating func fail(_ text: String) {
        violations.append("\(now.nanoseconds / 1_000_000) ms: \(text)")
    }

    private mutating func note(_ event: CallSession.Event) {
        switch event {
        // What a connection says behind its end is not heard.
        case .model(_, let number) where number != connection || !isConnected: break
        case .model(.event(let event), _): note(event)
        case .script(let id, let outcome):
            guard coroutines[id] == .running else { return }
            guard !isFinished else {
                coroutines[id] = .gone
                return
            }
            if case .yielded = outcome { coroutines[id] = .waiting } else { coroutines[id] = .gone }
            switch outcome {
            case .yielded(.spawn(let function)), .yielded(.after(_, let function)): kept.insert(function)
            case .returned where handover == id:
                // The old version's coroutines are gone with it.
                for (other, state) in coroutines where state == .waiting { coroutines[other] = .gone }
                kept = []
            default: break
            }
        case .service(let id, _): services.remove(id)
        case .media(.flushed): flushesUnderWay -= 1
        case .pipeline(.ready): isConfigured = true
        default: break
        }
    }

    private mutating func note(_ event: RealtimeServerEvent) {
        switch event {
        case .sessionUpdated: isConfigured = true
        case .inputCommitted: isTurnCommitted = true
        case .responseCreated(let response):
            active.insert(response.id)
            lastEventAt[response.id] = now
            let number = response.metadata["moonline_request"]
            if let pending = pendingCreate, number == pending.number || (number == nil && !isTurnCommitted) {
                pendingCreate = nil
            }
            isTurnCommitted = false
        case .responseDone(let response):
            active.remove(response.id)
            endedResponses.insert(response.id)
        case .error(let error):
            // Some servers leave out which event they refuse.
            let isConflict = error.code == "conversation_already_has_active_response"
            if error.eventID == pendingCreate?.eventID || error.eventID == nil && isConflict { pendingCreate = nil }
        case .audioDelta(let path, let audio):
            receivedBytes[path.itemID, default: 0] += audio.count
            lastEventAt[path.responseID] = now
            audioResponse = path.responseID
        case .audioTranscriptDelta(let path, let text): texts[path.itemID, default: ""] += text
        case .functionArgumentsDone(let responseID, _, let call):
            lastEventAt[responseID] = now
            knownCalls.insert(call.callID)
        default: break
        }
    }

    private mutating func check(_ action: CallSession.Action, isLast: Bool) {
        switch action {
        case .sendModel(let event): check(event)
        case .sendLive: fail("a realtime call spoke the Live API")
        case .pipeline: if !hasStages { fail("a realtime call commanded a pipeline") }
        case .pausePlayout:
            if !hasStages || isPaused { fail("held what was held, or is never") }
            isPaused = true
        case .resumePlayout:
            if !isPaused { fail("let go on what was not held") }
            isPaused = false
        case .dial: if !isConfigured { fail("dialled before the model was configured") }
        case .listen, .keepAudio: isListening = true
        case .connectModel:
            connection += 1
            if isConnected { fail("two connections to the model") }
            isConnected = true
        case .closeModel:
            // Whatever was under way there is over.
            isConnected = false
            endedResponses.formUnion(active)
            active = []
            pendingCreate = nil
            isTurnCommitted = false
            knownCalls = []
        case .hangUp:
            if isHungUp { fail("hung up twice") }
            isHungUp = true
        case .play(let tag, let audio):
            if !isListening { fail("played before the answer") }
            if flushedTags.contains(tag) { fail("played \(tag) after its flush") }
            if finishedTags.contains(tag) { fail("played \(tag) after its end") }
            if staleResponses.contains(audioResponse) { fail("played \(audioResponse), which was interrupted") }
            if audio.isEmpty { fail("played nothing") }
            playedTags.insert(tag)
        case .finishPlayout(let tag):
            if !playedTags.contains(tag) { fail("finished \(tag), which was never played") }
            if !finishedTags.insert(tag).inserted { fail("finished \(tag) twice") }
        case .flush:
            flushedTags.formUnion(playedTags)
            staleResponses.formUnion(active)
            flushesUnderWay += 1
            isPaused = false
        case .script(let command): check(command)
        case .observe(.transcript(let entry)):
            if entry.role == .agent, !hasStages, !entry.itemID.hasPrefix("local_"),
                !(texts[entry.itemID] ?? "").hasPrefix(entry.text)
            {
                fail("heard \"\(entry.text)\" of \"\(texts[entry.itemID] ?? "")\"")
            }
        case .finish:
            if isFinished { fail("finished twice") }
            if !isLast { fail("finish is not the last action") }
            isFinished = true
        case .service(let id, _):
            if coroutines[id] != .waiting { fail("asked for a service for \(id), which doesn't wait") }
            if !services.insert(id).inserted { fail("asked twice for \(id)") }
        case .cancelService(let id):
            if services.remove(id) == nil { fail("cancelled a service of \(id), which has none") }
        case .answer:
            if isAnswered { fail("answered twice") }
            if !isConfigured { fail("answered before the model was configured") }
            isAnswered = true
        case .reject:
            if isAnswered || isHungUp { fail("rejected a call that was answered or over") }
            isHungUp = true
        case .transfer, .observe, .ring, .mute, .measure: break
        }
    }

    private mutating func check(_ event: RealtimeClientEvent) {
        switch event.body {
        case .createResponse(let parameters):
            // A response of which nothing was heard for so long is given up.
            let alive = active.filter { now - (lastEventAt[$0] ?? .zero) < .seconds(10) }
            if !alive.isEmpty { fail("response.create while \(alive) is active") }
            if let pending = pendingCreate, now - pending.sentAt < .seconds(10) {
                fail("two response.create at a time")
            }
            pendingCreate = (event.eventID, parameters.metadata["moonline_request"]?.string, now)
        case .createFunctionOutput(let callID, _):
            if !knownCalls.contains(callID) { fail("answered \(callID), which this connection does not know") }
            if !answeredCalls.insert("\(connection) \(callID)").inserted { fail("answered \(callID) twice") }
        case .replayFunctionCall(_, let call):
            if !knownCalls.insert(call.callID).inserted { fail("told of \(call.callID) twice") }
        case .replayMessage(let id, _, _, let text):
            if text.isEmpty { fail("told of a message without words") }
            if !replayed.insert("\(connection) \(id)").inserted { fail("told of \(id) twice") }
        case .truncateItem(let id, _, let milliseconds):
            let generated = (receivedBytes[id] ?? 0) / 8
            if milliseconds <= 0 || milliseconds > generated {
                fail("truncated \(id) to \(milliseconds) of \(generated) ms")
            }
        case .cancelResponse(let id):
            if let id, endedResponses.contains(id) { fail("cancelled \(id), which had ended") }
        default: break
        }
    }

    private mutating func check(_ command: ScriptCommand) {
        if isHangUpStarted, case .start = command { fail("started a handler after on_hangup") }
        switch command {
        case .start(let id, let entry, _):
            if coroutines[id] != nil { fail("started \(id) twice") }
            if coroutines.values.contains(.running) { fail("two coroutines run") }
            coroutines[id] = .running
            if case .function(let function) = entry, kept.remove(function) == nil {
                fail("started \(function), which was not kept")
            }
            if case .handler(.onHangup, _) = entry {
                isHangUpStarted = true
                if coroutines.contains(where: { $0.key != id && $0.value == .waiting }) {
                    fail("on_hangup while another handler waits")
                }
            }
        case .resume(let id, _, _):
            if coroutines[id] != .waiting { fail("resumed \(id), which doesn't wait") }
            if coroutines.values.contains(.running) { fail("two coroutines run") }
            coroutines[id] = .running
        case .cancel(let id):
            if coroutines[id] != .waiting { fail("cancelled \(id), which doesn't wait") }
            coroutines[id] = .gone
        case .forget(let function):
            if kept.remove(function) == nil { fail("forgot \(function), which was not kept") }
        case .handOver(let id, _, _):
            if coroutines[id] != nil { fail("handed over as \(id) twice") }
            if coroutines.values.contains(.running) { fail("handed over while a coroutine runs") }
            coroutines[id] = .running
            handover = id
        }
    }

    /// To be asked when the call has finished.
    mutating func checkEnd() {
        if !isFinished { fail("the call did not finish") }
        let forgotten = coroutines.filter { $0.value == .waiting }.keys
        if !forgotten.isEmpty { fail("left waiting: \(forgotten)") }
        if !services.isEmpty { fail("left services: \(services)") }
    }
}

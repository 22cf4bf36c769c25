import SansIO

@testable import Conversation

/// A model's server that speaks, calls functions, hears the caller and keeps the protocol, as a seed wants.
///
/// Each word that it says by itself is said once in its life: `r7-3` is the third word of its seventh answer. What it is
/// asked to say it says word for word; where an answer of its own was cut, it goes on behind what was heard.
struct SimulatedModel {
    enum Step {
        case generate(response: String, piece: Int)
        case speechStopped(item: String, utterance: Int)
        case transcribed(item: String, utterance: Int)
    }

    enum Effect {
        case send(RealtimeServerEvent)
        case later(Step, Duration)
    }

    private struct Response {
        let id: String
        let metadata: [String: String]
        let words: [String]
        let calls: [RealtimeFunctionCall]
    }

    private var random: SeededRandom
    private var active: Response?
    private var isSpeaking = false
    private var turnDetection = TurnDetection()
    private var nextNumber = 1
    private var effects: [Effect] = []
    /// Whether the server neither hears nor says anything any more, while its connection is open.
    var isDead = false

    init(random: SeededRandom) {
        self.random = random
    }

    private mutating func number() -> Int {
        defer { nextNumber += 1 }
        return nextNumber
    }

    private mutating func take() -> [Effect] {
        defer { effects = [] }
        return isDead ? [] : effects
    }

    /// A new session, which knows of nothing.
    mutating func connect() {
        active = nil
        isSpeaking = false
        isDead = false
        turnDetection = TurnDetection()
    }

    mutating func receive(_ event: RealtimeClientEvent) -> [Effect] {
        guard !isDead else { return [] }
        switch event.body {
        case .updateSession(let settings):
            turnDetection = settings.turnDetection
            effects.append(.send(.sessionUpdated(id: "sess", model: "simulated")))
        case .updateTurnDetection(let detection):
            turnDetection = detection
            effects.append(.send(.sessionUpdated(id: "sess", model: "simulated")))
        case .createResponse(let parameters):
            var metadata: [String: String] = [:]
            for member in parameters.metadata.members { metadata[member.key] = member.value.string }
            if active == nil {
                begin(
                    metadata: metadata, instructions: parameters.instructions ?? "",
                    mayCall: parameters.toolChoice != "none")
            } else {
                refuse(event.eventID, "conversation_already_has_active_response")
            }
        case .cancelResponse(let id):
            if let response = active, id == nil || id == response.id {
                finish(response, .cancelled(reason: "client_cancelled"))
            } else {
                refuse(event.eventID, "response_cancel_not_active")
            }
        case .createFunctionOutput(let callID, _):
            let item = RealtimeItem(id: "item_o\(number())", kind: .functionCallOutput(callID: callID))
            effects.append(.send(.itemAdded(item, previousItemID: nil)))
        case .truncateItem(let id, let index, let milliseconds):
            effects.append(.send(.itemTruncated(itemID: id, contentIndex: index, audioEndMilliseconds: milliseconds)))
        case .deleteItem(let id): effects.append(.send(.itemDeleted(itemID: id)))
        case .changeSession: effects.append(.send(.sessionUpdated(id: "sess", model: "simulated")))
        case .replayMessage(let id, let after, let role, _):
            effects.append(
                .send(.itemAdded(RealtimeItem(id: id, kind: .message(role: role)), previousItemID: after)))
        case .replayFunctionCall(let id, let call):
            effects.append(.send(.itemAdded(RealtimeItem(id: id, kind: .functionCall(call)), previousItemID: nil)))
        case .createMessage: break
        }
        return take()
    }

    private mutating func refuse(_ eventID: String, _ code: String) {
        effects.append(
            .send(.error(RealtimeError(type: "invalid_request_error", code: code, message: "no", eventID: eventID))))
    }

    /// The caller begins to speak, for so long.
    mutating func hear(_ utterance: Int, for duration: Duration) -> [Effect] {
        guard !isSpeaking else { return [] }
        isSpeaking = true
        let item = "item_u\(number())"
        effects.append(.send(.speechStarted(itemID: item, audioStartMilliseconds: 0)))
        if turnDetection.interruptsResponse, let response = active {
            finish(response, .cancelled(reason: "turn_detected"))
        }
        effects.append(.later(.speechStopped(item: item, utterance: utterance), duration))
        return take()
    }

    mutating func advance(_ step: Step) -> [Effect] {
        switch step {
        case .generate(let id, let piece):
            if let response = active, response.id == id { generate(response, piece) }
        case .speechStopped(let item, let utterance):
            isSpeaking = false
            effects.append(.send(.speechStopped(itemID: item, audioEndMilliseconds: 0)))
            effects.append(.send(.inputCommitted(itemID: item, previousItemID: nil)))
            effects.append(
                .later(
                    .transcribed(item: item, utterance: utterance),
                    .milliseconds(Int64.random(in: 50...4_000, using: &random))))
            if turnDetection.createsResponse {
                if active == nil {
                    begin(metadata: [:], instructions: "", mayCall: true)
                } else {
                    effects.append(
                        .send(.error(RealtimeError(code: "conversation_already_has_active_response", message: "busy"))))
                }
            }
        case .transcribed(let item, let utterance):
            if random.chance(0.1) {
                effects.append(.send(.inputTranscriptFailed(itemID: item, RealtimeError(message: "unclear"))))
            } else {
                effects.append(.send(.inputTranscriptDelta(itemID: item, delta: "I said ")))
                effects.append(.send(.inputTranscriptCompleted(itemID: item, transcript: "I said u\(utterance)")))
            }
        }
        return take()
    }

    private mutating func begin(metadata: [String: String], instructions: String, mayCall: Bool) {
        let id = "resp_\(number())"
        var calls: [RealtimeFunctionCall] = []
        if mayCall, random.chance(0.35) {
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let name =
                    random.chance(0.85)
                    ? "look_up" : ["end_call", "transfer_call", "nonsense"].randomElement(using: &random)
                calls.append(
                    RealtimeFunctionCall(
                        callID: "call_\(number())", name: name ?? "look_up", arguments: random.chance(0.9) ? "{}" : "[")
                )
            }
        }
        var words = words(instructions)
        if !calls.isEmpty, !random.chance(0.4), !metadata.values.contains("say") { words = [] }
        let response = Response(id: id, metadata: metadata, words: words, calls: calls)
        active = response
        effects.append(.send(.responseCreated(RealtimeResponse(id: id, status: .inProgress, metadata: metadata))))
        if random.chance(0.05) {
            finish(response, .failed(RealtimeError(code: "server_error", message: "overloaded")))
        } else if random.chance(0.98) {
            // Otherwise it never goes on.
            effects.append(
                .later(.generate(response: id, piece: 0), .milliseconds(Int64.random(in: 20...800, using: &random))))
        }
    }

    private mutating func words(_ instructions: String) -> [String] {
        func quoted(behind prefix: String) -> [String]? {
            guard let range = instructions.firstRange(of: prefix + "\"") else { return nil }
            return instructions[range.upperBound...].prefix { $0 != "\"" }.split(separator: " ").map(String.init)
        }
        if let words = quoted(behind: "and nothing else: ") { return words }
        let count = Int.random(in: 1...12, using: &random)
        let heard = CutSpeech.heard(in: instructions)?.split(separator: " ").last?.dropFirst().split(separator: "-").map
        { Int($0) }
        if let heard, heard.count == 2, let answer = heard[0], let word = heard[1] {
            return (1...count).map { "r\(answer)-\(word + $0)" }
        }
        let answer = number()
        return (1...count).map { "r\(answer)-\($0)" }
    }

    private mutating func generate(_ response: Response, _ piece: Int) {
        // A second item in one response, now and then.
        let index = piece / 6
        let path = RealtimePartPath(responseID: response.id, itemID: "item_\(response.id)_\(index)", outputIndex: index)
        if piece < response.words.count {
            if piece % 6 == 0 {
                let item = RealtimeItem(id: path.itemID, kind: .message(role: "assistant"), status: "in_progress")
                effects.append(.send(.outputItemAdded(item, responseID: response.id, outputIndex: index)))
            }
            effects.append(.send(.audioTranscriptDelta(path, response.words[piece] + " ")))
            let bytes = Int.random(in: 1...6_000, using: &random)
            effects.append(.send(.audioDelta(path, [UInt8](repeating: 0x7F, count: bytes))))
            if piece % 6 == 5 || piece == response.words.count - 1 {
                effects.append(.send(.audioDone(path)))
                effects.append(.send(.audioTranscriptDone(path, "")))
            }
            let pause = Int64.random(in: 1...120, using: &random)
            effects.append(.later(.generate(response: response.id, piece: piece + 1), .milliseconds(pause)))
            return
        }
        for call in response.calls {
            effects.append(
                .send(.functionArgumentsDone(responseID: response.id, itemID: "item_\(call.callID)", call)))
        }
        finish(response, .completed)
    }

    private mutating func finish(_ response: Response, _ status: RealtimeResponse.Status) {
        active = nil
        let output = response.calls.map {
            RealtimeItem(id: "item_\($0.callID)", kind: .functionCall($0), status: "completed")
        }
        let done = RealtimeResponse(id: response.id, status: status, output: output, metadata: response.metadata)
        effects.append(.send(.responseDone(done)))
    }
}

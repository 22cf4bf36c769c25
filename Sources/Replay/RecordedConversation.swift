import Conversation
import SansIO

/// What can be told of a recorded call without knowing its script: who said, did and pressed what, and when.
struct RecordedConversation {
    struct Moment {
        enum Kind {
            /// The call is dialled; an incoming one rings here.
            case dialled
            case answered
            /// What the far end heard.
            ///
            /// - isCut: The rest of it was not heard.
            /// - wanted: What the script wanted to be said, word for word.
            case agentSaid(String, isCut: Bool, wanted: String?)
            /// - interrupting: How long the agent had spoken when the far end began to speak over it.
            case calleeSaid(String, interrupting: Duration?)
            case pressed(String)
            case actionCalled(id: String, name: String, arguments: String)
            /// What the model got, or why it got nothing.
            case actionEnded(id: String, name: String, result: String)
            case transferRequested(String)
            case transferFailed(status: Int)
            case fault(String)
            case calleeHungUp
            case ended(CallOutcome)
        }

        var at: Duration
        var kind: Kind
    }

    private(set) var moments: [Moment] = []
    private let origin: Instant
    /// Items of the model of which only a part was heard.
    private var cutItems: Set<String> = []
    /// What the script wanted to be said, by item.
    private var wanted: [String: String] = [:]
    /// Requests for exact speech, by the number that the model's response echoes.
    private var requests: [String: String] = [:]
    /// Those requests by response.
    private var responses: [String: String] = [:]
    private var speechStartedAt: Instant?
    private let mode: AgentMode
    /// Of a live call: what the model was asked to say, by item.
    private var answered: [String: RecordedRequests.Request] = [:]
    /// Of a live call: the model was interrupted in the middle of words of its own.
    private(set) var hasCutOwnWords = false
    /// Of a pipeline: when its audio began, and when the last voice in it did.
    private var listenedSince: Instant?
    private var voiceStartedAt: Instant?
    /// Of a pipeline, and of a live call: what cut the answer that is about to be told as it was heard.
    private var cut: Cut?

    private struct Cut {
        /// When the far end began to speak; `nil` where it was a key.
        let by: Instant?
    }
    /// How long the agent had spoken, by when the far end began to speak over it.
    private var interruptions: [Instant: Duration] = [:]
    /// When each turn of the far end began.
    private var spoken: [(startedAt: Instant, text: String)] = []
    private var heard: [(at: Instant, item: String, text: String)] = []

    /// When each item of the far end began, those that became a turn, and those that were written down.
    private var turnStarts: [String: Duration] = [:]
    private var turns: [(at: Duration, item: String)] = []
    private var written: Set<String> = []

    init(_ log: CallLog) {
        origin = log.beginning.clock
        mode = log.beginning.configuration.definition.mode
        if mode == .live { answered = RecordedRequests(log).answered }
        for entry in log.entries {
            switch entry.direction {
            case .event: readEvent(entry)
            case .action: readAction(entry)
            }
        }
        for turn in spoken {
            add(turn.startedAt, .calleeSaid(turn.text, interrupting: interruptions[turn.startedAt]))
        }
        for turn in turns where !written.contains(turn.item) {
            add(turn.at, .calleeSaid("", interrupting: interruptions[origin + turn.at]))
        }
        for part in heard {
            let kind = Moment.Kind.agentSaid(
                part.text, isCut: cutItems.contains(part.item), wanted: wanted[part.item])
            add(part.at, kind)
        }
        // What happened at one time stands as it was told, but for the end: words that ended with it stand before it.
        moments = moments.enumerated().sorted { left, right in
            (left.element.at, left.element.kind.isEnd ? 1 : 0, left.offset)
                < (right.element.at, right.element.kind.isEnd ? 1 : 0, right.offset)
        }.map(\.element)
    }

    var wasAnswered: Bool {
        moments.contains { if case .answered = $0.kind { true } else { false } }
    }

    private mutating func add(_ at: Duration, _ kind: Moment.Kind) {
        moments.append(Moment(at: max(.zero, at), kind: kind))
    }

    private mutating func add(_ at: Instant, _ kind: Moment.Kind) { add(at - origin, kind) }

    private mutating func readEvent(_ entry: CallLog.Entry) {
        let body = entry.body
        cut = nil
        switch body["event"]?.string {
        case "answered": add(entry.elapsed, .answered)
        case "ended" where body["by_remote"]?.bool == true: add(entry.elapsed, .calleeHungUp)
        case "transfer_ended":
            let status = Int(clamping: body["status"]?.integer ?? 0)
            if !(200...299).contains(status) { add(entry.elapsed, .transferFailed(status: status)) }
        case "model": readModel(body["message"] ?? .null, at: entry.elapsed)
        case "voice_started" where mode == .pipeline:
            // The detector is sure of a voice when it has heard it for a while.
            let position = Int32(clamping: body["at_ms"]?.integer ?? 0)
            voiceStartedAt = listenedSince.map { $0 + .milliseconds(Int64(position)) }
        default: break
        }
    }

    /// Finds out which items of the model are what the script wanted to be said, and when the far end spoke.
    private mutating func readModel(_ message: JSON, at now: Duration) {
        switch message["type"]?.string {
        case "response.created":
            guard let id = message["response"]?["id"]?.string,
                let number = message["response"]?["metadata"]?["moonline_request"]?.string
            else { return }
            responses[id] = requests[number]
        case "input_audio_buffer.speech_started": turnStarts[message["item_id"]?.string ?? ""] = now
        case "input_audio_buffer.committed":
            if let item = message["item_id"]?.string, let start = turnStarts[item] { turns.append((start, item)) }
        case "conversation.item.input_audio_transcription.completed":
            if let item = message["item_id"]?.string, message["transcript"]?.string?.isEmpty == false {
                written.insert(item)
            }
        case "response.output_audio.delta":
            guard let response = message["response_id"]?.string, let item = message["item_id"]?.string else { return }
            wanted[item] = responses[response]
        default: break
        }
    }

    private mutating func readAction(_ entry: CallLog.Entry) {
        let body = entry.body
        switch body["action"]?.string {
        case "dial": add(entry.elapsed, .dialled)
        case "listen": listenedSince = listenedSince ?? origin + entry.elapsed
        case "keep_audio":
            // What was not understood yet is heard again, as another turn.
            let since = entry.elapsed - .nanoseconds(body["last_ns"]?.integer ?? 0)
            turns.removeAll { $0.at >= since && !written.contains($0.item) }
        case "transfer": add(entry.elapsed, .transferRequested(body["target"]?.string ?? ""))
        case "send_model": readSent(body["message"] ?? .null)
        case "finish":
            do throws(CallLogFormError) {
                add(entry.elapsed, .ended(try CallOutcome(logged: body)))
            } catch {
                return
            }
        case nil:
            do throws(CallLogFormError) {
                read(try Observation(logged: body), at: entry.elapsed)
            } catch {
                return
            }
        default: break
        }
    }

    private mutating func readSent(_ message: JSON) {
        switch message["type"]?.string {
        case "conversation.item.truncate", "conversation.item.delete":
            if let item = message["item_id"]?.string { cutItems.insert(item) }
        case "response.create":
            let response = message["response"]
            guard response?["metadata"]?["moonline"]?.string == "say",
                let number = response?["metadata"]?["moonline_request"]?.string,
                let text = Self.exactText(response?["instructions"]?.string ?? "")
            else { return }
            requests[number] = text
        default: break
        }
    }

    /// The text of `Say exactly the following, and nothing else: "…"`.
    private static func exactText(_ instructions: String) -> String? {
        guard let first = instructions.firstIndex(of: "\""), let last = instructions.lastIndex(of: "\""), first < last
        else { return nil }
        return String(instructions[instructions.index(after: first)..<last])
    }

    private mutating func read(_ observation: Observation, at elapsed: Duration) {
        switch observation {
        case .transcript(let entry) where entry.isFinal:
            switch entry.role {
            case .agent:
                heard.append((entry.endedAt, entry.itemID, entry.text))
                if case .say(let text)? = answered[entry.itemID] { wanted[entry.itemID] = text }
                guard let cut else { return }
                self.cut = nil
                guard mode != .live else {
                    readLive(cut, of: entry)
                    return
                }
                cutItems.insert(entry.itemID)
                if let start = cut.by { interruptions[start] = (voiceStartedAt ?? start) - entry.startedAt }
            case .user: spoken.append((entry.startedAt, entry.text))
            }
        case .callerSpeech(started: true): speechStartedAt = origin + elapsed
        case .interruption(let interruption):
            // That a live model has fallen silent for somebody is known when it has been silent for a while.
            let start = speechStartedAt.flatMap { mode == .live || origin + elapsed - $0 < .seconds(1) ? $0 : nil }
            guard mode == .realtime else {
                // What was played is that of a sentence; the answer has several.
                cut = Cut(by: start)
                return
            }
            guard let start else { return }
            interruptions[start] = .milliseconds(interruption.playedMilliseconds)
        case .actionCalled(let id, let name, let arguments):
            add(elapsed, .actionCalled(id: id, name: name, arguments: arguments))
        case .actionReturned(let id, let name, let output, _):
            add(elapsed, .actionEnded(id: id, name: name, result: output))
        case .actionRefused(let id, let name, let reason):
            add(elapsed, .actionEnded(id: id, name: name, result: "refused: \(reason)"))
        case .actionFailed(let id, let name, let message):
            add(elapsed, .actionEnded(id: id, name: name, result: "failed: \(message)"))
        case .digit(let digit, _): press(digit, at: elapsed)
        case .fault(let fault): add(elapsed, .fault(fault.message))
        default: break
        }
    }

    /// A live model's own words are known as far as they were heard: nothing is left of them that could be interrupted.
    private mutating func readLive(_ cut: Cut, of entry: TranscriptEntry) {
        guard wanted[entry.itemID] != nil else {
            hasCutOwnWords = true
            return
        }
        cutItems.insert(entry.itemID)
        if let start = cut.by, start > entry.startedAt { interruptions[start] = start - entry.startedAt }
    }

    /// Keys that are pressed one after the other are one number.
    private mutating func press(_ digit: Character, at elapsed: Duration) {
        if case .pressed(let keys)? = moments.last?.kind, let last = moments.last?.at, elapsed - last < .seconds(3) {
            moments[moments.count - 1] = Moment(at: elapsed, kind: .pressed(keys + String(digit)))
        } else {
            add(elapsed, .pressed(String(digit)))
        }
    }
}

extension RecordedConversation.Moment.Kind {
    fileprivate var isEnd: Bool {
        switch self {
        case .calleeHungUp, .ended: true
        default: false
        }
    }
}

import Conversation
import SansIO

/// What has happened in a test's call so far, as expectations ask for it.
struct CallMemory {
    /// Something that was said.
    struct Utterance {
        var speech: Matcher.Speech
        let itemID: String
        var isFinal: Bool
        let at: Duration
        /// Where it stands among all that happened.
        let sequence: Int
    }

    struct Action {
        enum Result {
            case returned(JSON)
            /// Refused by the script, or failed.
            case failed(String)
        }

        let callID: String
        let name: String
        let arguments: JSON
        var result: Result?
        let at: Duration
        let sequence: Int
    }

    struct Transfer {
        let target: String
        let at: Duration
        let sequence: Int
    }

    struct Interruption {
        let heard: String
        let unheard: String
        let at: Duration
        let sequence: Int
    }

    struct Key {
        let key: Character
        let at: Duration
        let sequence: Int
    }

    /// When the test began.
    var origin = Instant.zero
    private(set) var timeline: [TimelineEntry] = []
    /// What the callee heard of the agent.
    private(set) var agentSpeech: [Utterance] = []
    /// What the callee's recogniser understood of the agent.
    private(set) var recognised: [Utterance] = []
    /// What the model understood of the callee.
    private(set) var calleeSpeech: [Utterance] = []
    private(set) var actions: [Action] = []
    private(set) var transfers: [Transfer] = []
    private(set) var interruptions: [Interruption] = []
    private(set) var keys: [Key] = []
    private(set) var latencies: [TurnLatency] = []
    private(set) var ringingAt: Instant?
    private(set) var answeredAt: Instant?
    private(set) var agentIsSpeaking = false
    /// When the agent last began to speak, or fell silent.
    private(set) var agentSpeechChangedAt: Instant?
    private(set) var agentFirstSpokeAt: Instant?
    /// The callee's leg is over; whether the agent ended it.
    private(set) var calleeEnded: (byRemote: Bool, sequence: Int)?
    private(set) var outcome: CallOutcome?

    /// Whether nobody can hear anybody any more.
    var isOver: Bool { calleeEnded != nil || outcome != nil }

    /// Since when the agent has been silent; `nil` while it speaks, and before it has ever spoken.
    var agentSilentSince: Instant? { agentIsSpeaking ? nil : agentSpeechChangedAt }

    /// How long the callee waited for the agent's first sound.
    var firstWord: Duration? {
        guard let agentFirstSpokeAt, let answeredAt else { return nil }
        return agentFirstSpokeAt - answeredAt
    }

    mutating func append(_ event: TimelineEntry.Event, at now: Instant) {
        timeline.append(TimelineEntry(at: now - origin, event: event))
    }

    /// Takes what happened.
    mutating func record(_ event: TestEvent, at now: Instant) {
        switch event {
        case .began, .spoken, .pressed, .deadline: break
        case .ringing:
            if ringingAt == nil { ringingAt = now }
        case .answered:
            guard answeredAt == nil else { return }
            answeredAt = now
            append(.calleeDid("is connected"), at: now)
        case .agentSpeech(let started):
            guard started != agentIsSpeaking else { return }
            agentIsSpeaking = started
            agentSpeechChangedAt = now
            if started, agentFirstSpokeAt == nil { agentFirstSpokeAt = now }
        case .understood(let text):
            append(.recognised(text), at: now)
            recognised.append(utterance(text, source: .recognition, at: now))
        case .observed(let observation): record(observation, at: now)
        case .transferRequested(let target):
            append(.transferRequested(target), at: now)
            transfers.append(Transfer(target: target, at: now - origin, sequence: timeline.count - 1))
        case .calleeEnded(let byRemote, let reason):
            guard calleeEnded == nil else { return }
            append(.ended(byAgent: byRemote, reason: reason), at: now)
            calleeEnded = (byRemote, timeline.count - 1)
            agentIsSpeaking = false
        case .finished(let outcome):
            guard self.outcome == nil else { return }
            append(.outcome(outcome), at: now)
            self.outcome = outcome
            agentIsSpeaking = false
        }
    }

    private mutating func record(_ observation: Observation, at now: Instant) {
        switch observation {
        case .transcript(let entry): record(entry, at: now)
        case .actionCalled(let callID, let name, let arguments):
            append(.actionCalled(name: name, arguments: arguments), at: now)
            actions.append(
                Action(
                    callID: callID, name: name, arguments: Self.value(of: arguments), at: now - origin,
                    sequence: timeline.count - 1))
        case .actionReturned(let callID, let name, let output, let duration):
            append(.actionEnded(name: name, result: output, duration: duration), at: now)
            end(callID, .returned(Self.value(of: output)))
        case .actionRefused(let callID, let name, let reason), .actionFailed(let callID, let name, let reason):
            append(.actionFailed(name: name, reason: reason), at: now)
            end(callID, .failed(reason))
        case .interruption(let interruption):
            append(.interrupted(heard: interruption.heard, unheard: interruption.unheard), at: now)
            interruptions.append(
                Interruption(
                    heard: interruption.heard, unheard: interruption.unheard, at: now - origin,
                    sequence: timeline.count - 1))
        case .latency(let latency):
            append(.latency(turn: latency.turn, toFirstPacket: latency.toFirstPacket), at: now)
            latencies.append(latency)
        case .transfer(let status, let code): append(.transfer(status, code: code), at: now)
        case .digit(let key, _):
            append(.agentReceived(key: String(key)), at: now)
            keys.append(Key(key: key, at: now - origin, sequence: timeline.count - 1))
        case .fault(let fault): append(.fault(fault.kind, message: fault.message), at: now)
        case .status(let status): append(.status(status), at: now)
        case .flowChanged(let version, _):
            append(.note("the call goes on with version \(version) of the flow"), at: now)
        case .modelLost(let reason, let isPlanned):
            append(.note(isPlanned ? "the model's session is renewed" : "the model is away: \(reason)"), at: now)
        case .modelReconnected(_, let time, _, _):
            append(.note("the model is back after \(time.milliseconds) ms"), at: now)
        case .modelReady, .callerSpeech, .usage: break
        }
    }

    private mutating func record(_ entry: TranscriptEntry, at now: Instant) {
        guard !entry.text.isEmpty else { return }
        switch entry.role {
        case .agent: record(entry, in: \.agentSpeech, { .agentSaid($0) }, at: now)
        case .user: record(entry, in: \.calleeSpeech, { .agentHeard($0) }, at: now)
        }
    }

    /// An entry takes the place of an earlier one of its item that was not final yet.
    private mutating func record(
        _ entry: TranscriptEntry, in list: WritableKeyPath<CallMemory, [Utterance]>,
        _ event: (String) -> TimelineEntry.Event, at now: Instant
    ) {
        if let index = self[keyPath: list].lastIndex(where: { $0.itemID == entry.itemID && !$0.isFinal }) {
            let sequence = self[keyPath: list][index].sequence
            self[keyPath: list][index].speech = Matcher.Speech(entry.text, source: .transcript)
            self[keyPath: list][index].isFinal = entry.isFinal
            timeline[sequence].event = event(entry.text)
            return
        }
        append(event(entry.text), at: now)
        var utterance = utterance(entry.text, source: .transcript, itemID: entry.itemID, at: now)
        utterance.isFinal = entry.isFinal
        self[keyPath: list].append(utterance)
    }

    private func utterance(
        _ text: String, source: Matcher.Speech.Source, itemID: String = "", at now: Instant
    ) -> Utterance {
        Utterance(
            speech: Matcher.Speech(text, source: source), itemID: itemID, isFinal: true, at: now - origin,
            sequence: timeline.count - 1)
    }

    private mutating func end(_ callID: String, _ result: Action.Result) {
        guard let index = actions.lastIndex(where: { $0.callID == callID }) else { return }
        actions[index].result = result
    }

    /// What a text of JSON stands for, or the text itself when it is none.
    private static func value(of text: String) -> JSON {
        do throws(JSONError) {
            return try JSON(parsing: text)
        } catch {
            return .string(text)
        }
    }
}

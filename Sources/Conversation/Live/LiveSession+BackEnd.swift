import SansIO

/// The text model that the Live model hands questions to, and the functions that it calls.
///
/// A response of the back end is complete with its calls unanswered. Each output is added by itself, and one
/// `response.create` lets it go on when no call of the session is open: the server refuses less.
extension LiveSession {
    struct BackEnd: Sendable {
        /// Calls of the responses that are being written, by delegation.
        var writing: [String: [RealtimeFunctionCall]] = [:]
        /// When something was last heard of each of them.
        var heardAt: [String: Instant] = [:]
        /// Calls that were handed out and are not answered.
        var open: Set<String> = []
        var seen: Set<String> = []
        /// An output was added since the back end went on last.
        var hasOutput = false
        /// The event that told it to go on, while it has not begun.
        var continuation: String?
        /// Calls that an earlier session made, and that are still to be answered.
        var foreign: [String: RealtimeFunctionCall] = [:]
        /// Those of them whose outputs the session began with.
        private var told: Set<String> = []
        /// The session goes on with a conversation, and its back end has done nothing: it answers when it is asked to.
        private(set) var isResumed = false

        mutating func resume(_ history: [ConversationHistory.Item]) {
            isResumed = true
            for case .function(let call, _) in history { told.insert(call.callID) }
        }

        /// It works by itself again.
        mutating func begin() { isResumed = false }

        /// Takes a call of an earlier session, which is answered now; `nil` when it is known already, or was never made.
        mutating func takeForeign(_ callID: String) -> RealtimeFunctionCall? {
            guard let call = foreign.removeValue(forKey: callID), told.insert(callID).inserted else { return nil }
            isResumed = true
            return call
        }

        var isWorking: Bool { !writing.isEmpty || continuation != nil }

        /// Whether nothing is asked of it, and it asks for nothing.
        var isIdle: Bool { !isWorking && open.isEmpty }
    }

    mutating func receive(_ event: LiveBackEndEvent, delegation: String, at now: Instant) {
        defer { backEnd.heardAt[delegation] = backEnd.writing[delegation].map { _ in now } }
        switch event {
        case .created:
            backEnd.begin()
            backEnd.continuation = nil
            backEnd.writing[delegation] = []
        case .called(let call):
            if backEnd.seen.insert(call.callID).inserted { backEnd.writing[delegation, default: []].append(call) }
        case .completed(let usage):
            let calls = backEnd.writing.removeValue(forKey: delegation) ?? []
            if let usage { outputs.append(.usage(usage)) }
            if !calls.isEmpty {
                backEnd.open.formUnion(calls.map(\.callID))
                outputs.append(.calls(calls, responseID: makeID("resp")))
            }
            continueBackEnd()
        case .failed(let message):
            // Outputs of its calls would be refused.
            backEnd.writing[delegation] = nil
            backEnd.continuation = nil
            say(
                .error(
                    RealtimeError(
                        code: "back_end_failed", message: "the back end failed: \(message)", severity: .retryable)))
            continueBackEnd()
        case .cancelled:
            backEnd.writing[delegation] = nil
            backEnd.continuation = nil
            continueBackEnd()
        case .other: break
        }
    }

    /// Gives up responses that the server has begun to write and says nothing more of: they would hold up all others.
    mutating func giveUpBackEnd(at now: Instant) {
        let silent = backEnd.heardAt.filter { $0.value + options.longestPatience <= now }
        for delegation in silent.keys.sorted() {
            let message = "it said nothing for \(options.longestPatience.seconds) seconds"
            receive(.failed(message: message), delegation: delegation, at: now)
        }
    }

    mutating func answer(callID: String, _ output: String, eventID: String) {
        guard backEnd.open.remove(callID) != nil else {
            guard let call = backEnd.takeForeign(callID) else { return }
            append(LiveText.returned(call, output), eventID: eventID) { .appendThinking($0) }
            noteOutput(of: callID)
            return
        }
        send(.createFunctionOutput(callID: callID, output: output), eventID: eventID)
        noteOutput(of: callID)
        backEnd.hasOutput = true
        continueBackEnd()
    }

    private mutating func noteOutput(of callID: String) {
        say(
            .itemAdded(
                RealtimeItem(id: makeID("item"), kind: .functionCallOutput(callID: callID), status: "completed"),
                previousItemID: nil))
    }

    private mutating func continueBackEnd() {
        guard backEnd.hasOutput, backEnd.open.isEmpty, backEnd.writing.isEmpty else { return }
        backEnd.hasOutput = false
        let eventID = makeID("live")
        backEnd.continuation = eventID
        send(.createResponse, eventID: eventID)
    }
}

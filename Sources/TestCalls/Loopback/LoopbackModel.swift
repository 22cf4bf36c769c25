import OfflineModel
import Synchronization

/// The model's side of one call over the wire: what its session on the offline model's server is to do.
final class LoopbackModel: Sendable {
    private struct State {
        var brain: ModelBrain?
        /// What the callee has begun to say, and the model has not been told.
        var words: [String] = []
    }

    /// Names the call to the server.
    let key: String
    private let persona: PersonaDefinition?
    /// The day of the call, where the test says it.
    private let today: String?
    private let isScripted: Bool
    private let knowsWords: Bool
    private let state: Mutex<State>
    private let note: @Sendable (String) -> Void

    /// - Parameter note: Takes remarks for the test's timeline, from any thread.
    init(_ plan: LoopbackPlan, key: String, note: @escaping @Sendable (String) -> Void) {
        self.key = key
        persona = plan.item.persona
        today = plan.test.options.startTime.map { LocalDay.universal(unixTime: Int64($0)) }
        isScripted = plan.test.options.model != nil
        knowsWords = plan.stranger == nil
        state = Mutex(State(brain: plan.test.options.model.map { ModelBrain($0) }))
        self.note = note
    }

    /// What its session has of its own.
    var session: OfflineModelServer.SessionPlan {
        OfflineModelServer.SessionPlan(persona: persona, script: script, today: today)
    }

    /// What answers in the persona's place: the test's `t.model`. It knows the words of our own callee; a stranger's
    /// are the recogniser's affair, and so are those that a persona hears.
    private var script: ScriptedModel? {
        guard isScripted else { return nil }
        return ScriptedModel(
            answer: { self.answer($0) }, answerConversation: { self.answer(conversation: $0) },
            words: knowsWords ? { @Sendable in self.takeWords() } : nil)
    }

    /// The callee begins to say this.
    func hear(_ words: String) {
        state.withLock { $0.words.append(words) }
    }

    private func takeWords() -> String {
        state.withLock { state in
            defer { state.words = [] }
            return state.words.joined(separator: " ")
        }
    }

    /// What the test's model answers at the end of a conversation. A reply that is thrown away leaves no trace: each
    /// is found anew.
    private func answer(conversation requests: [PersonaRequest]) -> [PersonaStep] {
        guard let last = requests.last else { return [] }
        state.withLock { state in
            guard var brain = state.brain?.afresh else { return }
            for request in requests.dropLast() { _ = brain.answer(request) }
            state.brain = brain
        }
        return answer(last)
    }

    private func answer(_ request: PersonaRequest) -> [PersonaStep] {
        // A pause within a sentence ends a turn, and what was said has been told with the first.
        if case .heard(let words) = request.trigger, words.isEmpty { return [] }
        let (steps, unexpected) = state.withLock { state -> ([PersonaStep], [String]) in
            let known = state.brain?.unexpected.count ?? 0
            let steps = state.brain?.answer(request) ?? []
            return (steps, Array(state.brain?.unexpected.dropFirst(known) ?? []))
        }
        for sentence in unexpected { note(sentence) }
        return steps
    }
}

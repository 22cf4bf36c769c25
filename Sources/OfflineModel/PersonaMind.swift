/// Hears and answers in place of recogniser and persona: what a test says that the model does.
public struct ScriptedModel: Sendable {
    /// Answers in the persona's place.
    public var answer: @Sendable (PersonaRequest) -> [PersonaStep]
    /// Answers in place of a persona whose endpoint keeps nothing: what is asked now is the last request, those before
    /// it are the conversation's, oldest first. `nil` leaves the last one to ``answer``.
    public var answerConversation: (@Sendable ([PersonaRequest]) -> [PersonaStep])?
    /// The words of the utterance that has just ended, for who knows them; `nil` leaves it to the recogniser.
    public var words: (@Sendable () -> String)?

    public init(
        answer: @escaping @Sendable (PersonaRequest) -> [PersonaStep],
        answerConversation: (@Sendable ([PersonaRequest]) -> [PersonaStep])? = nil,
        words: (@Sendable () -> String)? = nil
    ) {
        self.answer = answer
        self.answerConversation = answerConversation
        self.words = words
    }
}

/// Who answers one session: a persona, or what a test has written down. Belongs to one thread at a time.
final class PersonaMind {
    private let definition: PersonaDefinition
    private let today: String
    private let seed: UInt64
    private let scripted: ((PersonaRequest) -> [PersonaStep])?
    private let scriptedConversation: (([PersonaRequest]) -> [PersonaStep])?
    /// Made by the first question, so that a session that asks none needs no script.
    private var session: PersonaSession?

    /// - Parameters:
    ///   - today: The day, ISO 8601, that "tomorrow" is counted from.
    ///   - answer: Answers in the persona's place.
    ///   - conversation: Answers in the persona's place where nothing is kept from one request to the next.
    init(
        definition: PersonaDefinition, today: String, seed: UInt64, answer: ((PersonaRequest) -> [PersonaStep])?,
        conversation: (([PersonaRequest]) -> [PersonaStep])? = nil
    ) {
        self.definition = definition
        self.today = today
        self.seed = seed
        scripted = answer
        scriptedConversation = conversation
    }

    /// - Throws: ``PersonaError``: the persona failed.
    func answer(_ request: PersonaRequest) throws(PersonaError) -> [PersonaStep] {
        if let scripted { return ExactSpeech.steps(for: request) ?? scripted(request) }
        guard !definition.source.isEmpty else { return ExactSpeech.steps(for: request) ?? [] }
        if let session { return try session.answer(request, today: today) }
        let session = try PersonaSession(source: definition.source, name: definition.name, seed: seed)
        self.session = session
        return try session.answer(request, today: today)
    }

    /// Answers the last of a conversation's requests, as an endpoint must that keeps nothing: a persona that keeps
    /// something in `context.state` is walked through the conversation anew. So an answer depends on nothing but the
    /// request, and one that nobody wanted in the end has left no trace.
    ///
    /// - Throws: ``PersonaError``: the persona failed at the last request.
    func answer(_ conversation: [PersonaRequest]) throws(PersonaError) -> [PersonaStep] {
        guard let request = conversation.last else { return [] }
        if let steps = ExactSpeech.steps(for: request) { return steps }
        if let scriptedConversation { return scriptedConversation(conversation) }
        if let scripted { return scripted(request) }
        guard !definition.source.isEmpty else { return [] }
        let session = try PersonaSession(source: definition.source, name: definition.name, seed: seed)
        for earlier in conversation.dropLast() {
            // What failed then has failed: the conversation went on.
            do { _ = try session.answer(earlier, today: today) } catch { continue }
        }
        return try session.answer(request, today: today)
    }
}

/// Hears and answers in place of recogniser and persona: what a test says that the model does.
public struct ScriptedModel: Sendable {
    /// Answers in the persona's place.
    public var answer: @Sendable (PersonaRequest) -> [PersonaStep]
    /// The words of the utterance that has just ended, for who knows them; `nil` leaves it to the recogniser.
    public var words: (@Sendable () -> String)?

    public init(
        answer: @escaping @Sendable (PersonaRequest) -> [PersonaStep], words: (@Sendable () -> String)? = nil
    ) {
        self.answer = answer
        self.words = words
    }
}

/// Who answers one session: a persona, or what a test has written down. Belongs to one thread at a time.
final class PersonaMind {
    private let definition: PersonaDefinition
    private let today: String
    private let seed: UInt64
    private let scripted: ((PersonaRequest) -> [PersonaStep])?
    /// Made by the first question, so that a session that asks none needs no script.
    private var session: PersonaSession?

    /// - Parameters:
    ///   - today: The day, ISO 8601, that "tomorrow" is counted from.
    ///   - answer: Answers in the persona's place.
    init(definition: PersonaDefinition, today: String, seed: UInt64, answer: ((PersonaRequest) -> [PersonaStep])?) {
        self.definition = definition
        self.today = today
        self.seed = seed
        scripted = answer
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
}

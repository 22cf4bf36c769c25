import AgentHost
import Conversation
import OfflineModel
import SansIO
import ScriptAPI
import Speech
import VoiceAgent

// The model's side.
extension VirtualCall {
    /// Whether the model hears and speaks at the same time.
    var isLive: Bool { plan.flow.definition.mode == .live }

    func openModel() {
        guard outcome == nil else { return }
        do {
            let model = try makeModel()
            liveEars = isLive ? try CallerAudio(settings: CallerAudio.Settings(live: LiveOptions())) : nil
            self.model = model
            tellModel(.connected)
            withModel { $0.start(at: now) }
        } catch {
            tellModel(.failed(message: "\(error)"))
        }
    }

    private func makeModel() throws -> VirtualModel {
        let unixTime = Int64(startTime + (now - .zero).seconds)
        let today = LocalDay.universal(unixTime: Int64(startTime))
        let answer: ((PersonaRequest) -> [PersonaStep])? = brain == nil ? nil : { [unowned self] in self.answer($0) }
        let words: (() -> String)? =
            stage.configuration.recognizes && brain == nil ? nil : { [unowned self] in knownWords() }
        // Each session names its items in its own way.
        let seed = modelSeed &+ UInt64(modelConnection - 1)
        if isLive {
            return try VirtualModel(
                live: LiveServerSession.Configuration(seed: seed, unixTime: unixTime), key: "test",
                persona: plan.persona, services: stage.model, answer: answer, words: words, faults: faults,
                today: today, at: now)
        }
        return try VirtualModel(
            RealtimeServerSession.Configuration(seed: seed, unixTime: unixTime),
            handshake: RealtimeServerSession.Handshake(model: "offline", key: "test"),
            persona: plan.persona, services: stage.model, answer: answer, words: words, faults: faults, today: today,
            at: now)
    }

    /// What the connection of now tells the call.
    func tellModel(_ event: ModelEvent) {
        deliver(.model(event, connection: modelConnection))
    }

    /// A message of the call.
    func sendToModel(_ message: JSON) {
        if model != nil { plan(.toModel(message.bytes, connection: modelConnection), in: VirtualCall.modelDelay) }
    }

    func send(_ outputs: [VirtualModel.Output]) {
        for output in outputs { plan(.fromModel(output, connection: modelConnection), in: VirtualCall.modelDelay) }
    }

    func receive(_ output: VirtualModel.Output) {
        guard model != nil else { return }
        switch output {
        case .text(let bytes):
            tellModel(isLive ? ModelEvent(LiveConnection.parse(bytes)) : ModelEvent(RealtimeConnection.parse(bytes)))
        case .closed(let code, let reason):
            model = nil
            tellModel(.closed(code: Int(code), reason: reason))
        case .dropped:
            model = nil
            tellModel(.closed(code: 1006, reason: "the connection was dropped"))
        }
    }

    /// What the callee has said since the model was last told: for a persona as its recogniser writes it.
    func knownWords() -> String {
        defer {
            if !spokenWords.isEmpty { toldWords = spokenWords }
            spokenWords = []
        }
        let text = spokenWords.joined(separator: " ")
        // A persona is written for what recognisers hear.
        return brain == nil ? SpokenText.words(text).joined(separator: " ") : text
    }

    func answer(_ request: PersonaRequest) -> [PersonaStep] {
        // A pause within a sentence ends a turn, and what was said has been told with the first.
        if case .heard(let words) = request.trigger, words.isEmpty { return [] }
        let known = brain?.unexpected.count ?? 0
        let steps = brain?.answer(request) ?? []
        for sentence in brain?.unexpected.dropFirst(known) ?? [] { run.note(sentence, at: now) }
        return steps
    }
}

import Conversation
import OfflineModel
import SansIO
import ScriptAPI

// The model's side in pipeline mode.
extension VirtualCall {
    /// Opens the stages and hands a command on to them.
    func perform(_ command: PipelineCommand) {
        if case .open = command { openStages() }
        guard let stages else { return }
        let (events, sent) = stages.perform(command)
        for event in events { deliver(.pipeline(event)) }
        for delivery in sent { plan(.stage(delivery), in: VirtualStages.networkDelay) }
        if case .close = command { self.stages = nil }
    }

    private func openStages() {
        let endpoints = VirtualEndpoints(
            VirtualEndpoints.Configuration(seed: modelSeed, unixTime: Int64(startTime)), persona: plan.persona,
            services: stage.model, answer: brain == nil ? nil : { [unowned self] in answer($0) },
            words: stage.configuration.recognizes && brain == nil ? nil : { [unowned self] in knownSegment() },
            faults: faults,
            today: LocalDay.universal(unixTime: Int64(startTime)))
        do throws(StageFailure) {
            stages = try VirtualStages(endpoints, turns: plan.flow.definition.turns, unixTime: Int64(startTime))
        } catch {
            deliver(.pipeline(.failed(error)))
        }
    }

    /// The words of the segment that is to be transcribed; the same whenever it is.
    private func knownSegment() -> String {
        let range = stages?.servedRange
        if let told = toldSegment, told.range == range { return told.words }
        let words = knownWords()
        toldSegment = (range, words)
        return words
    }

    /// What the test's model answers at the end of a conversation. A reply that is thrown away leaves no trace: each
    /// is found anew.
    private func answer(_ requests: [PersonaRequest]) -> [PersonaStep] {
        guard var brain = brain?.afresh, let last = requests.last else { return [] }
        for request in requests.dropLast() { _ = brain.answer(request) }
        self.brain = brain
        return answer(last)
    }

    func receive(_ delivery: VirtualStages.Delivery) {
        guard let stages else { return }
        if case .request(let id, let request) = delivery {
            for (reply, delay) in stages.serve(id, request, at: now) {
                plan(.stage(reply), in: delay + VirtualStages.networkDelay)
            }
        }
        for event in stages.receive(delivery) { deliver(.pipeline(event)) }
    }
}

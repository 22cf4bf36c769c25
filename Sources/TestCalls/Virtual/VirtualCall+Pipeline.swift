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
        var configuration = VirtualEndpoints.Configuration(seed: modelSeed, unixTime: Int64(startTime))
        // A flow names the models and voices of whatever servers it is written for.
        configuration.names = .any
        let endpoints = VirtualEndpoints(
            configuration, persona: plan.persona,
            services: stage.model, answer: brain == nil ? nil : { [unowned self] in answer($0) },
            words: stage.configuration.recognizes && brain == nil ? nil : { [unowned self] in knownSegment() },
            faults: faults,
            today: LocalDay.universal(unixTime: Int64(startTime)))
        do {
            stages = try VirtualStages(
                try VirtualStages.configuration(for: plan.flow.definition), endpoints, unixTime: Int64(startTime))
        } catch let failure as StageFailure {
            deliver(.pipeline(.failed(failure)))
        } catch {
            deliver(.pipeline(.failed(StageFailure(stage: .llm, severity: .fatal, message: "\(error)"))))
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
        switch delivery {
        case .request(let work, let request):
            for (event, delay) in stages.serve(work, request, at: now) {
                plan(.stage(.reply(work, event)), in: delay + VirtualStages.networkDelay)
            }
        case .reply(let work, let event):
            for event in stages.receive(event, of: work) { deliver(.pipeline(event)) }
        }
    }
}

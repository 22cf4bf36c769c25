import SansIO

@testable import Conversation

/// The three stages of a pipeline: they answer after a while, fail, or say nothing at all.
struct SimulatedStages {
    enum Work: Hashable {
        case segment(UInt64), generation(UInt64), synthesis(UInt64)
    }

    enum Effect {
        case report(PipelineEvent, after: Duration, of: Work?)
    }

    /// What somebody said: where, and the words.
    struct Speech {
        let range: Range<Int>
        let words: String
    }

    private var random: SeededRandom
    /// What is under way; what comes of anything else is not sent.
    private(set) var open: Set<Work> = []
    /// Segments that are listened to, but not whole.
    private(set) var listening: Set<UInt64> = []
    private(set) var isOpen = false
    private(set) var violations: [String] = []
    private var usedNumbers: Set<UInt64> = []
    var speech: [Speech] = []
    private var nextSentence = 0
    private var nextCall = 0
    /// Every sentence of the model's that is to be heard.
    private(set) var written: [String] = []

    init(random: SeededRandom) { self.random = random }

    func isWanted(_ work: Work) -> Bool { open.contains(work) }

    mutating func isOver(_ work: Work) { open.remove(work) }

    mutating func receive(_ command: PipelineCommand) -> [Effect] {
        switch command {
        case .open:
            isOpen = true
            return [.report(.ready(models: "simulated"), after: random.delay(20...400), of: nil)]
        case .beginSegment(let id, _, _):
            use(id)
            listening.insert(id)
            return []
        case .endSegment(let id, _, let range):
            // A provider that is asked behind another one gets the segment whole.
            if listening.remove(id) == nil { use(id) }
            return transcribe(id, range)
        case .dropSegment(let id):
            if listening.remove(id) == nil, open.remove(.segment(id)) == nil { return [] }
            return []
        case .generate(let request):
            use(request.id)
            return write(request)
        case .cancelGeneration(let id): open.remove(.generation(id))
        case .synthesize(let request):
            use(request.id)
            return speak(request)
        case .cancelSynthesis(let id): open.remove(.synthesis(id))
        case .close:
            isOpen = false
            open = []
            listening = []
        }
        return []
    }

    private mutating func use(_ id: UInt64) {
        if !isOpen { violations.append("asked number \(id) of closed stages") }
        if !usedNumbers.insert(id).inserted { violations.append("number \(id) is used twice") }
    }

    /// What comes of a piece of work, in order.
    private struct Answer {
        let work: Work
        /// When the next event comes.
        var after: Duration
        private(set) var effects: [Effect] = []

        mutating func tell(_ event: PipelineEvent) { effects.append(.report(event, after: after, of: work)) }
    }

    private mutating func begin(_ work: Work, after: ClosedRange<Int64>) -> Answer {
        open.insert(work)
        return Answer(work: work, after: random.delay(after))
    }

    private mutating func transcribe(_ id: UInt64, _ range: Range<Int>) -> [Effect] {
        let work = Work.segment(id)
        open.insert(work)
        let words = speech.filter { $0.range.overlaps(range) }.map(\.words).joined(separator: " ")
        switch Int.random(in: 0..<20, using: &random) {
        case 0:
            return [.report(.transcriptionFailed(segment: id, failure(.stt)), after: random.delay(10...500), of: work)]
        case 1: return []
        default: return [.report(.transcribed(segment: id, words), after: random.delay(50...1_200), of: work)]
        }
    }

    private mutating func write(_ request: GenerationRequest) -> [Effect] {
        var answer = begin(.generation(request.id), after: 80...1_800)
        func tell(_ event: GenerationEvent) { answer.tell(.generation(request.id, event)) }
        let outcome = Int.random(in: 0..<20, using: &random)
        if outcome == 0 {
            tell(.failed(failure(.llm)))
            return answer.effects
        }
        if outcome == 1 { return [] }
        let calls = !request.tools.isEmpty && random.chance(0.2)
        for _ in 0..<Int.random(in: calls ? 0...1 : 1...3, using: &random) {
            nextSentence += 1
            let words = (1...Int.random(in: 2...9, using: &random)).map { "M\(nextSentence)-\($0)" }
            written.append(words.joined(separator: " ") + ".")
            for (index, word) in words.enumerated() {
                tell(.text(word + (index == words.count - 1 ? ". " : " ")))
                answer.after += random.delay(0...60)
            }
            if outcome == 2 {
                tell(.failed(failure(.llm)))
                return answer.effects
            }
        }
        if calls {
            nextCall += 1
            tell(.call(RealtimeFunctionCall(callID: "call_\(nextCall)", name: "look_up", arguments: "{}")))
        }
        tell(.ended(reason: calls ? "tool_calls" : "stop", usage: nil))
        return answer.effects
    }

    private mutating func speak(_ request: SynthesisRequest) -> [Effect] {
        var answer = begin(.synthesis(request.id), after: 40...900)
        func tell(_ event: SynthesisEvent) { answer.tell(.synthesis(request.id, event)) }
        switch Int.random(in: 0..<25, using: &random) {
        case 0: tell(.failed(failure(.tts)))
        case 1: return []
        default:
            var left = request.text.count * 480
            while left > 0 {
                let count = min(left, Int.random(in: 1...12_000, using: &random))
                tell(.audio([UInt8](repeating: 1, count: count)))
                left -= count
                answer.after += random.delay(0...300)
            }
            tell(.ended)
        }
        return answer.effects
    }

    private func failure(_ stage: PipelineStage) -> StageFailure {
        StageFailure(stage: stage, severity: .retryable, message: "The \(stage.rawValue) stage failed.")
    }
}

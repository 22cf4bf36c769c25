import SansIO
import Testing

@testable import Conversation

/// Drives one call in pipeline mode by hand, in virtual time.
struct PipelineHarness {
    var session: CallSession
    var now = Instant.zero
    /// Every action so far.
    var log: [CallSession.Action] = []
    /// Milliseconds of the caller's audio.
    private var position: Int { Int((now - .zero).milliseconds) }

    init(
        handlers: Set<ScriptHandler> = [], tools: [String] = ["look_up"], providers: [PipelineStage: Int] = [:],
        turns: TurnOptions = TurnOptions(), fallback: AgentDefinition.Fallback? = nil, language: String? = nil
    ) {
        var definition = AgentDefinition(
            name: "test", mode: .pipeline, voice: "alloy", instructions: "Be brief.",
            tools: tools.map { .init(name: $0, description: "Does \($0).", parameters: ["type": "object"]) },
            handlers: handlers.union([.onAnswered]), fallback: fallback)
        definition.turns = turns
        definition.language = language
        var configuration = CallSession.Configuration(
            facts: CallFacts(
                id: "call_1", to: "+15105550100", from: "+15105550199", direction: .outbound, metadata: [:],
                startedAt: 1_700_000_000, room: "room", mode: "pipeline", version: "v1"),
            definition: definition)
        for (stage, count) in providers { configuration.pipeline.providers[stage] = count }
        configuration.fallbackAudio = [UInt8](repeating: 0xFF, count: 800)
        session = CallSession(configuration: configuration)
    }

    /// A call that was answered and whose `on_answered` has returned.
    static func answered(
        handlers: Set<ScriptHandler> = [], tools: [String] = ["look_up"], providers: [PipelineStage: Int] = [:],
        turns: TurnOptions = TurnOptions(), fallback: AgentDefinition.Fallback? = nil
    ) -> PipelineHarness {
        var call = PipelineHarness(
            handlers: handlers, tools: tools, providers: providers, turns: turns, fallback: fallback)
        call.send(.start)
        call.send(.pipeline(.ready(models: "test")))
        call.send(.telephony(.answered(headers: [:])))
        call.send(.media(.started))
        call.returns(to: .onAnswered)
        return call
    }

    @discardableResult
    mutating func send(_ event: CallSession.Event) -> [CallSession.Action] {
        let actions = session.receive(event, at: now)
        log += actions
        return actions
    }

    /// Lets time pass, with every deadline at its time.
    mutating func advance(_ duration: Duration) {
        let end = now + duration
        while let deadline = session.nextDeadline, deadline <= end {
            now = max(now, deadline)
            send(.deadline)
        }
        now = end
    }

    // MARK: Script

    mutating func returns(_ values: [JSON] = [], to handler: ScriptHandler) {
        guard let id = task(handler) else {
            Issue.record("\(handler) was not started")
            return
        }
        send(.script(id, .returned(values)))
    }

    /// The coroutine of the last start of a handler.
    func task(_ handler: ScriptHandler) -> ScriptTaskID? {
        for action in log.reversed() {
            if case .script(.start(let id, .handler(handler, _), _)) = action { return id }
        }
        return nil
    }

    /// What a handler was given, each time that it was started.
    func arguments(_ handler: ScriptHandler) -> [[JSON]] {
        log.compactMap {
            if case .script(.start(_, .handler(handler, let arguments), _)) = $0 { arguments } else { nil }
        }
    }

    // MARK: The caller

    /// The caller says something; the transcript is there a tenth of a second after the end.
    mutating func hears(_ text: String, lasting duration: Duration = .seconds(1)) {
        send(.pipeline(.voiceStarted(at: position)))
        advance(duration)
        send(.pipeline(.voiceStopped(at: position)))
        guard let segment = commands.reversed().firstSegmentEnd else {
            Issue.record("the segment was not to be transcribed")
            return
        }
        advance(.milliseconds(100))
        send(.pipeline(.transcribed(segment: segment, text)))
    }

    /// The caller says something, and waits until the turn is over.
    mutating func takesTurn(_ text: String) {
        hears(text)
        advance(.seconds(1))
    }

    // MARK: Stages

    var commands: [PipelineCommand] {
        log.compactMap { if case .pipeline(let command) = $0 { command } else { nil } }
    }

    var generations: [GenerationRequest] {
        commands.compactMap { if case .generate(let request) = $0 { request } else { nil } }
    }

    var syntheses: [SynthesisRequest] {
        commands.compactMap { if case .synthesize(let request) = $0 { request } else { nil } }
    }

    var cancelledGenerations: [UInt64] {
        commands.compactMap { if case .cancelGeneration(let id) = $0 { id } else { nil } }
    }

    var cancelledSyntheses: [UInt64] {
        commands.compactMap { if case .cancelSynthesis(let id) = $0 { id } else { nil } }
    }

    /// The model writes in answer to the last request.
    mutating func writes(_ pieces: String..., calls: [RealtimeFunctionCall] = [], ends: Bool = true) {
        guard let id = generations.last?.id else {
            Issue.record("no text was asked for")
            return
        }
        for piece in pieces { send(.pipeline(.generation(id, .text(piece)))) }
        for call in calls { send(.pipeline(.generation(id, .call(call)))) }
        if ends { send(.pipeline(.generation(id, .ended(reason: calls.isEmpty ? "stop" : "tool_calls", usage: nil)))) }
    }

    /// All sentences that were asked for and not spoken yet are spoken, 60 ms a character.
    mutating func speaks(from first: Int = 0) {
        var index = first
        while index < syntheses.count {
            let request = syntheses[index]
            let audio = [UInt8](repeating: 0xFF, count: request.text.count * 480)
            send(.pipeline(.synthesis(request.id, .audio(audio))))
            send(.pipeline(.synthesis(request.id, .ended)))
            index += 1
        }
    }

    /// The far end hears all that is queued.
    mutating func plays() {
        while let part = session.ledger.parts.first(where: { $0.isLive && $0.hasAudio }) {
            send(.media(.playoutStarted(tag: part.tag, at: now)))
            advance(.milliseconds(part.transcript.audioBytes / 8))
            send(.media(.playoutEnded(tag: part.tag, bytes: part.transcript.audioBytes)))
        }
    }

    /// The far end hears so much of the part that is next.
    mutating func plays(milliseconds: Int) {
        guard let part = session.ledger.parts.first(where: { $0.isLive && $0.hasAudio }) else { return }
        if case .queued = part.playout { send(.media(.playoutStarted(tag: part.tag, at: now))) }
        advance(.milliseconds(milliseconds))
    }

    /// The media session answers a flush.
    mutating func flushed(playedMilliseconds: Int) {
        let part = session.ledger.parts.first { part in
            if case .playing = part.playout { true } else { false }
        }
        send(.media(.flushed(tag: part?.tag, played: playedMilliseconds * 8, dropped: 0)))
    }

    // MARK: What was done

    var heard: [String] {
        log.observations.compactMap {
            if case .transcript(let entry) = $0, entry.role == .agent, entry.isFinal { entry.text } else { nil }
        }
    }

    var said: [String] {
        log.observations.compactMap {
            if case .transcript(let entry) = $0, entry.role == .user, entry.isFinal { entry.text } else { nil }
        }
    }

    var faults: [CallFault] {
        log.observations.compactMap { if case .fault(let fault) = $0 { fault } else { nil } }
    }

    var latencies: [TurnLatency] {
        log.observations.compactMap { if case .latency(let latency) = $0 { latency } else { nil } }
    }

    /// The conversation as the model would be told it now.
    var context: [String] {
        session.pipeline?.context.messages(limit: 100_000).map { message in
            let calls = message.calls.map { "\($0.name)(\($0.arguments))" }.joined()
            return "\(message.role.rawValue): \(message.text)\(calls)"
        } ?? []
    }
}

extension Sequence<PipelineCommand> {
    /// The number of the first segment in the sequence that is to be transcribed.
    fileprivate var firstSegmentEnd: UInt64? {
        for case .endSegment(let id, _, _) in self { return id }
        return nil
    }
}

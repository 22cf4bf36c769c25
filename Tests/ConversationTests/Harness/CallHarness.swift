import SansIO
import Testing

@testable import Conversation

/// Drives one call by hand, in virtual time, and keeps what it did.
struct CallHarness {
    var session: CallSession
    var now = Instant.zero
    /// Every action so far, with its time.
    var log: [CallSession.Action] = []
    /// Actions of the last event.
    var last: [CallSession.Action] = []
    /// Number of the response that the fake model begins next.
    private var nextResponse = 1

    init(
        handlers: Set<ScriptHandler> = [], tools: [String] = ["look_up", "end_call", "transfer_call"],
        options: CallSession.ModelOptions = .init(), limits: CallSession.Limits = .init(),
        direction: CallFacts.Direction = .outbound, fallback: AgentDefinition.Fallback? = nil,
        fallbackAudio: [UInt8] = []
    ) {
        var configuration = CallSession.Configuration(
            facts: CallFacts(
                id: "call_1", to: "+15105550100", from: "+15105550199", direction: direction, metadata: [:],
                startedAt: 1_700_000_000, room: "room", version: "v1"),
            definition: CallHarness.definition(tools: tools, handlers: handlers, fallback: fallback),
            model: options, limits: limits)
        configuration.fallbackAudio = fallbackAudio
        session = CallSession(configuration: configuration)
    }

    static func definition(
        tools: [String] = [], handlers: Set<ScriptHandler> = [], fallback: AgentDefinition.Fallback? = nil,
        instructions: String = "Be brief."
    ) -> AgentDefinition {
        AgentDefinition(
            name: "test", voice: "marin", instructions: instructions,
            tools: tools.map { .init(name: $0, description: "Does \($0).", parameters: ["type": "object"]) },
            handlers: handlers, fallback: fallback)
    }

    @discardableResult
    mutating func send(_ event: CallSession.Event) -> [CallSession.Action] {
        last = session.receive(event, at: now)
        log += last
        return last
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

    // MARK: Ways to a state

    /// To the settings being in force; the INVITE is out.
    mutating func configure() {
        send(.start)
        send(.model(.connected))
        server(.sessionUpdated(id: "sess_1", model: "test"))
    }

    /// To the conversation.
    mutating func answer() {
        configure()
        send(.telephony(.ringing(earlyMedia: false)))
        send(.telephony(.answered(headers: ["x-twilio-callsid": "CA1"])))
        send(.media(.started))
    }

    // MARK: The model

    @discardableResult
    mutating func server(_ event: RealtimeServerEvent) -> [CallSession.Action] { model(.event(event)) }

    /// What the connection of now says.
    @discardableResult
    mutating func model(_ event: ModelEvent) -> [CallSession.Action] {
        send(.model(event, connection: session.modelConnection))
    }

    /// Begins the response that was asked for last, or one of the server's own.
    @discardableResult
    mutating func beginResponse(own: Bool = false) -> String {
        let id = "resp_\(nextResponse)"
        nextResponse += 1
        var metadata: [String: String] = [:]
        if !own {
            for member in created.last?.metadata.members ?? [] { metadata[member.key] = member.value.string }
        }
        server(.responseCreated(RealtimeResponse(id: id, status: .inProgress, metadata: metadata)))
        return id
    }

    /// Generates a sentence and its audio, up to the end of the item.
    mutating func speak(_ text: String, milliseconds: Int, in response: String, item: String) {
        let path = RealtimePartPath(responseID: response, itemID: item)
        server(
            .outputItemAdded(
                RealtimeItem(id: item, kind: .message(role: "assistant"), status: "in_progress"),
                responseID: response, outputIndex: 0))
        server(.audioTranscriptDelta(path, text))
        server(.audioDelta(path, [UInt8](repeating: 0xFF, count: milliseconds * 8)))
        server(.audioDone(path))
        server(.audioTranscriptDone(path, text))
    }

    mutating func finishResponse(
        _ id: String, status: RealtimeResponse.Status = .completed, calls: [RealtimeFunctionCall] = []
    ) {
        for call in calls {
            server(.functionArgumentsDone(responseID: id, itemID: "item_\(call.callID)", call))
        }
        let output = calls.map {
            RealtimeItem(id: "item_\($0.callID)", kind: .functionCall($0), status: "completed")
        }
        server(.responseDone(RealtimeResponse(id: id, status: status, output: output)))
    }

    /// The script's greeting, generated and heard: what every conversation begins with.
    mutating func greet() {
        let id = beginResponse()
        speak("Hello, this is the dental practice.", milliseconds: 2_000, in: id, item: "item_greeting")
        finishResponse(id)
        hear("item_greeting")
    }

    /// The model calls functions in a response of its own.
    mutating func call(_ names: String...) {
        let id = beginResponse(own: true)
        let calls = names.enumerated().map { index, name in
            RealtimeFunctionCall(
                callID: "call_\(name)_\(index)", name: name,
                arguments: index == 0 ? "{\"date\":\"today\"}" : "{\"date\":\"in \(index) days\"}")
        }
        finishResponse(id, calls: calls)
    }

    // MARK: Media

    /// Plays a whole item.
    mutating func hear(_ item: String) {
        guard let part = session.ledger.parts.first(where: { $0.path.itemID == item }) else { return }
        let bytes = part.transcript.audioBytes
        send(.media(.playoutStarted(tag: part.tag, at: now)))
        advance(.milliseconds(bytes / 8))
        send(.media(.playoutEnded(tag: part.tag, bytes: bytes)))
    }

    func tag(_ item: String) -> PlayoutTag? { session.ledger.parts.first { $0.path.itemID == item }?.tag }

    // MARK: The script

    /// The coroutine that the script host was given last.
    var lastTask: ScriptTaskID {
        for action in log.reversed() {
            switch action {
            case .script(.start(let id, _, _)), .script(.resume(let id, _, _)), .script(.handOver(let id, _, _)):
                return id
            default: continue
            }
        }
        return ScriptTaskID(number: 0)
    }

    @discardableResult
    mutating func yields(_ request: ScriptRequest, _ id: ScriptTaskID? = nil) -> [CallSession.Action] {
        send(.script(id ?? lastTask, .yielded(request)))
    }

    @discardableResult
    mutating func returns(_ values: [JSON] = [], _ id: ScriptTaskID? = nil) -> [CallSession.Action] {
        send(.script(id ?? lastTask, .returned(values)))
    }

    // MARK: What was done

    var created: [RealtimeClientEvent.ResponseParameters] {
        sent.compactMap { if case .createResponse(let parameters) = $0 { parameters } else { nil } }
    }

    var sent: [RealtimeClientEvent.Body] { log.sent }
    var outputs: [String: String] {
        sent.reduce(into: [:]) { if case .createFunctionOutput(let id, let output) = $1 { $0[id] = output } }
    }

    var outcome: CallOutcome? {
        if case .finish(let outcome)? = log.last { outcome } else { nil }
    }

    var observations: [Observation] { log.observations }

    var heard: [String] {
        observations.compactMap {
            if case .transcript(let entry) = $0, entry.role == .agent, entry.isFinal { entry.text } else { nil }
        }
    }

    var said: [String] {
        observations.compactMap {
            if case .transcript(let entry) = $0, entry.role == .user, entry.isFinal { entry.text } else { nil }
        }
    }

    var faults: [CallFault] {
        observations.compactMap { if case .fault(let fault) = $0 { fault } else { nil } }
    }

    /// Entries that were started, in order.
    var started: [ScriptEntry] {
        log.compactMap { if case .script(.start(_, let entry, _)) = $0 { entry } else { nil } }
    }

    var startedHandlers: [ScriptHandler] {
        started.compactMap { if case .handler(let handler, _) = $0 { handler } else { nil } }
    }

    func reply(to id: ScriptTaskID) -> ScriptReply? {
        for action in log.reversed() {
            if case .script(.resume(id, let reply, _)) = action { return reply }
        }
        return nil
    }
}

extension [CallSession.Action] {
    var sent: [RealtimeClientEvent.Body] {
        compactMap { if case .sendModel(let event) = $0 { event.body } else { nil } }
    }

    var observations: [Observation] {
        compactMap { if case .observe(let observation) = $0 { observation } else { nil } }
    }

    var isDialled: Bool { contains { if case .dial = $0 { true } else { false } } }
}

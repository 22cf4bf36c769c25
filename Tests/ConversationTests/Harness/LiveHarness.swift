import SansIO
import Testing

@testable import Conversation

/// Drives one call in live mode, in virtual time: its media play by themselves, and the server's events come when they
/// are planned.
struct LiveHarness {
    private enum Happening {
        case event(CallSession.Event)
        /// From the connection that is there then.
        case server(LiveServerEvent)
        case tick
    }

    var session: CallSession
    var now = Instant.zero
    /// Every action so far, with its time.
    private(set) var log: [(at: Instant, action: CallSession.Action)] = []
    /// All that the call was told.
    private(set) var events: [(at: Instant, event: CallSession.Event)] = []
    private var agenda: [(at: Instant, order: Int, what: Happening)] = []
    private var nextOrder = 0
    private var media = SimulatedMedia()
    /// Where the model's stream has been planned to.
    private(set) var streamEnds = Instant.zero
    /// Whether the server takes note of what it is given.
    var notes = true
    /// Whether the server hangs: it answers nothing, not even whether it is there.
    var hangs = false
    /// Whether a coroutine ends when it has been answered.
    var endsCoroutines = true
    /// Whether actions return at once.
    var runsActions = false

    /// Handlers that do what an example says; others do nothing.
    private static let examples: Set<ScriptHandler> = [.onDial, .onAnswered, .onDTMF]

    init(
        handlers: Set<ScriptHandler> = [], tools: [String] = ["look_up"], fallback: AgentDefinition.Fallback? = nil
    ) {
        let definition = AgentDefinition(
            name: "test", mode: .live, voice: "marin", instructions: "Be brief.",
            tools: tools.map { .init(name: $0, description: "Does \($0).", parameters: ["type": "object"]) },
            handlers: handlers, fallback: fallback)
        var configuration = CallSession.Configuration(
            facts: CallFacts(
                id: "call_1", to: "+15105550100", from: "+15105550199", direction: .outbound, metadata: [:],
                startedAt: 1_700_000_000, room: "room", mode: "live", version: "v1"),
            definition: definition)
        configuration.fallbackAudio = [UInt8](repeating: 0x80, count: 800)
        session = CallSession(configuration: configuration)
    }

    /// A call that was answered and whose `on_answered` has returned.
    static func answered(
        handlers: Set<ScriptHandler> = [], tools: [String] = ["look_up"], fallback: AgentDefinition.Fallback? = nil,
        expiresAt: Int64? = nil
    ) -> LiveHarness {
        var call = LiveHarness(handlers: handlers.union([.onAnswered]), tools: tools, fallback: fallback)
        call.connect(expiresAt: expiresAt)
        call.answer()
        call.returns(to: .onAnswered)
        return call
    }

    mutating func connect(expiresAt: Int64? = nil) {
        send(.start)
        send(.model(.connected))
        server(.started(id: "live_1", model: "gpt-live-1", expiresAt: expiresAt))
    }

    mutating func answer() {
        send(.telephony(.answered(headers: [:])))
        send(.media(.started))
    }

    @discardableResult
    mutating func send(_ event: CallSession.Event) -> [CallSession.Action] {
        let actions = session.receive(event, at: now)
        events.append((now, event))
        for action in actions {
            log.append((now, action))
            switch action {
            case .play(let tag, let audio): perform(.play(tag, audio.count))
            case .finishPlayout(let tag): perform(.finish(tag))
            case .flush: perform(.flush)
            case .sendLive(let event) where event.body.isProbe:
                guard !hangs else { continue }
                plan(.server(.unknown(type: "session.input_audio.unmuted")), in: .milliseconds(50))
            case .sendLive(let event):
                guard notes, !hangs, event.isAppended else { continue }
                plan(.server(.appended(eventID: event.eventID)), in: .milliseconds(50))
            case .script(.resume(let id, _, _)):
                if endsCoroutines { plan(.event(.script(id, .returned([]))), in: .zero) }
            case .script(.start(let id, .handler(let handler, _), _)):
                if !Self.examples.contains(handler) { plan(.event(.script(id, .returned([]))), in: .zero) }
            case .script(.start(let id, .action, _)):
                if runsActions { plan(.event(.script(id, .returned(["done"]))), in: .zero) }
            default: break
            }
        }
        return actions
    }

    /// The model's connection of now tells the call something.
    @discardableResult
    mutating func model(_ event: ModelEvent) -> [CallSession.Action] {
        send(.model(event, connection: session.modelConnection))
    }

    @discardableResult
    mutating func server(_ event: LiveServerEvent) -> [CallSession.Action] { model(.live(event)) }

    private mutating func perform(_ order: SimulatedMedia.Order) {
        perform(media.receive(order, at: now))
    }

    private mutating func perform(_ effects: [SimulatedMedia.Effect]) {
        for effect in effects {
            switch effect {
            case .report(let report): plan(.event(.media(report)), in: .zero)
            case .tick(let duration): plan(.tick, in: duration)
            }
        }
    }

    private mutating func plan(_ what: Happening, in delay: Duration) {
        agenda.append((now + delay, nextOrder, what))
        nextOrder += 1
    }

    mutating func plan(_ event: LiveServerEvent, at instant: Instant) {
        plan(.server(event), in: instant - now)
    }

    /// Lets time pass, with every deadline and every planned event at its time.
    mutating func advance(_ duration: Duration) {
        let end = now + duration
        while true {
            let next = agenda.indices.min { (agenda[$0].at, agenda[$0].order) < (agenda[$1].at, agenda[$1].order) }
            let due = next.map { agenda[$0].at } ?? .distantFuture
            if let deadline = session.nextDeadline, deadline <= min(due, end) {
                now = max(now, deadline)
                send(.deadline)
            } else if let next, due <= end {
                now = max(now, due)
                switch agenda.remove(at: next).what {
                case .event(let event): send(event)
                case .server(let event): server(event)
                case .tick: perform(media.tick(at: now))
                }
            } else {
                break
            }
        }
        now = end
    }

    // MARK: The model

    /// The model says something in real time, in pieces of 100 ms, its words ahead of it.
    ///
    /// - Parameter quiet: Silence that it sends behind the words.
    mutating func speaks(_ text: String, milliseconds: Int, after delay: Duration = .zero, quiet: Int = 1_000) {
        var at = max(streamEnds, now + delay)
        plan(.outputTranscript(LiveTranscript(text: text, startMilliseconds: 0, endMilliseconds: 0)), at: at)
        for index in 0..<(milliseconds + quiet) / 100 {
            let byte: UInt8 = index * 100 < milliseconds ? 0x90 : 0xFF
            plan(.outputAudio([UInt8](repeating: byte, count: 800)), at: at)
            at = at + .milliseconds(100)
        }
        streamEnds = at
    }

    /// The caller says something: its words come one after the other, 300 ms apart and as late.
    mutating func callerSays(_ words: String..., after delay: Duration = .zero) {
        for (index, word) in words.enumerated() {
            let at = now + delay + .milliseconds(Int64(index + 1) * 300)
            let position = Int((at - .zero).milliseconds)
            let text = index == 0 ? word : " " + word
            plan(
                .inputTranscript(
                    LiveTranscript(text: text, startMilliseconds: position - 300, endMilliseconds: position)), at: at)
        }
    }

    /// A voice of the caller, as the detector tells of it: its end half a second late.
    mutating func callerIsHeard(milliseconds: Int, after delay: Duration = .zero) {
        plan(.event(.pipeline(.voiceStarted(at: 0))), in: delay)
        plan(
            .event(.pipeline(.voiceStopped(at: milliseconds))),
            in: delay + .milliseconds(Int64(milliseconds)) + .milliseconds(500))
    }

    /// The connection that the call waits for is made, and its session begins.
    mutating func reconnect(expiresAt: Int64? = nil) {
        model(.connected)
        server(.started(id: "live_2", model: "gpt-live-1", expiresAt: expiresAt))
    }

    /// The back end calls functions in one response.
    mutating func backEndCalls(_ ids: String..., delegation: String = "del_1", completes: Bool = true) {
        server(.delegationCreated(id: delegation, target: "responses"))
        server(.backEnd(.created, delegation: delegation))
        for id in ids {
            server(
                .backEnd(
                    .called(RealtimeFunctionCall(callID: id, name: "look_up", arguments: #"{"id":"\#(id)"}"#)),
                    delegation: delegation))
        }
        if completes { server(.backEnd(.completed(usage: nil), delegation: delegation)) }
    }

    // MARK: Script

    mutating func returns(_ values: [JSON] = [], to handler: ScriptHandler) {
        guard let id = task(handler) else {
            Issue.record("\(handler) was not started")
            return
        }
        send(.script(id, .returned(values)))
    }

    /// A handler of its own asks for something.
    @discardableResult
    mutating func script(_ request: ScriptRequest) -> ScriptTaskID? {
        advance(.zero)
        send(.media(.digit("1", milliseconds: 100)))
        guard let id = task(.onDTMF) else {
            Issue.record("the flow has no on_dtmf")
            return nil
        }
        send(.script(id, .yielded(request)))
        return id
    }

    /// The coroutine of the last start of a handler.
    func task(_ handler: ScriptHandler) -> ScriptTaskID? {
        for action in actions.reversed() {
            if case .script(.start(let id, .handler(handler, _), _)) = action { return id }
        }
        return nil
    }

    func reply(to id: ScriptTaskID?) -> ScriptReply? {
        for action in actions.reversed() {
            if let id, case .script(.resume(id, let reply, _)) = action { return reply }
        }
        return nil
    }

    func code(for id: ScriptTaskID?) -> ScriptErrorCode? {
        if case .failure(let code, _)? = reply(to: id) { code } else { nil }
    }

    /// When a coroutine was resumed last.
    func resumed(_ id: ScriptTaskID?) -> Instant? {
        log.last { entry in
            if let id, case .script(.resume(id, _, _)) = entry.action { true } else { false }
        }?.at
    }

    /// The coroutine of each action that was started, in order.
    var actionTasks: [ScriptTaskID] {
        actions.compactMap { if case .script(.start(let id, .action, _)) = $0 { id } else { nil } }
    }

    /// The coroutines of a function of `spawn` or `after`, in order.
    func tasks(function number: UInt64) -> [ScriptTaskID] {
        actions.compactMap {
            if case .script(.start(let id, .function(ScriptFunctionID(number: number)), _)) = $0 { id } else { nil }
        }
    }

    /// - Parameter id: The coroutine of an action; the one that was started last.
    mutating func actionDoes(_ outcome: ScriptOutcome, _ id: ScriptTaskID? = nil) {
        guard let id = id ?? actionTasks.last else {
            Issue.record("no action was started")
            return
        }
        send(.script(id, outcome))
    }

    func arguments(_ handler: ScriptHandler) -> [[JSON]] {
        actions.compactMap {
            if case .script(.start(_, .handler(handler, let arguments), _)) = $0 { arguments } else { nil }
        }
    }

    // MARK: What was done

    var actions: [CallSession.Action] { log.map(\.action) }
    private var clientEvents: [LiveClientEvent] {
        actions.compactMap { if case .sendLive(let event) = $0 { event } else { nil } }
    }
    /// Without questions whether the server is there.
    var sent: [LiveClientEvent.Body] { clientEvents.map(\.body).filter { !$0.isProbe } }
    var lastSent: LiveClientEvent? { clientEvents.last }
    /// How often the server was asked whether it is there.
    var probes: Int { clientEvents.count { $0.body.isProbe } }
    var commentary: [String] {
        sent.compactMap { if case .appendCommentary(let text, _) = $0 { text } else { nil } }
    }
    var continuations: Int { sent.count { $0 == .createResponse } }
    var observations: [Observation] { actions.observations }
    var losses: [(reason: String, isPlanned: Bool)] {
        observations.compactMap {
            if case .modelLost(let reason, let isPlanned) = $0 { (reason, isPlanned) } else { nil }
        }
    }
    /// The audio that was kept at the last loss.
    var keptAudio: Duration? {
        for action in actions.reversed() { if case .keepAudio(let duration) = action { return duration } }
        return nil
    }
    var flushes: Int { actions.count { $0 == .flush } }

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

    /// Final transcripts of both, in the order in which they were told.
    var conversation: [String] {
        observations.compactMap {
            if case .transcript(let entry) = $0, entry.isFinal { "\(entry.role.rawValue): \(entry.text)" } else { nil }
        }
    }

    var faults: [String] {
        observations.compactMap { if case .fault(let fault) = $0 { fault.message } else { nil } }
    }

    var latencies: [TurnLatency] {
        observations.compactMap { if case .latency(let latency) = $0 { latency } else { nil } }
    }

    var outcome: CallOutcome? {
        if case .finish(let outcome)? = log.last?.action { outcome } else { nil }
    }
}

extension LiveClientEvent.Body {
    fileprivate var isProbe: Bool { if case .probe = self { true } else { false } }
}

extension LiveClientEvent {
    /// Whether a server says that it took note.
    var isAppended: Bool {
        switch body {
        case .appendInstructions, .appendThinking, .appendCommentary: true
        default: false
        }
    }
}

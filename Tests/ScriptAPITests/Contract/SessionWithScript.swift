import Conversation
import SansIO

@testable import ScriptAPI

/// A whole call in virtual time whose script is a real one: the session and the script of production, between a model,
/// a telephone and a media session that do what a seed wants.
final class SessionWithScript {
    private(set) var session: CallSession
    private(set) var script: CallScript
    private(set) var now = Instant.zero
    private(set) var outcome: CallOutcome?
    private(set) var observations: [Observation] = []
    /// What is broken of the host's promises.
    private(set) var violations: [String] = []
    /// Each start and resumption, in order: `start on_dtmf`, `resume 4`.
    private(set) var steps: [String] = []
    /// How a service is done; it is asked in the order of the requests.
    var serve: (ServiceRequest) -> ServiceResult = { _ in .reply(.value("served")) }
    /// The model's function calls, one a turn of the caller's.
    var functionCalls: [(name: String, arguments: String)] = []

    private let sink = Sink()
    private let limits: ScriptLimits
    private let environment: ScriptEnvironment
    private var flows: [String: Flow] = [:]
    private var agenda: [(at: Instant, order: Int, event: () -> Void)] = []
    private var nextOrder = 0
    private var random: SeededRandom
    private let isHasty: Bool
    /// The coroutine whose outcome is on its way to the session.
    private var outstanding: ScriptTaskID?
    private var waiting: Set<ScriptTaskID> = []
    private var cancelled: Set<ScriptTaskID> = []
    private var model = Model()
    private var media: [Part] = []
    private var isMediaTicking = false

    private final class Sink {
        var lines: [String] = []
    }

    private struct Model {
        var nextResponse = 1
        var active: String?
        var isTalking = true
    }

    private struct Part {
        let tag: PlayoutTag
        var queued = 0
        var played = 0
        var isFinished = false
        var isStarted = false
    }

    /// - Parameter hasty: The script host, the services and the model answer at once.
    init(
        _ flow: Flow, seed: UInt64 = 1, hasty: Bool = true, limits: ScriptLimits = ScriptLimits(),
        environment: ScriptEnvironment = ScriptEnvironment(), callLimits: CallSession.Limits = .init(),
        direction: CallFacts.Direction = .outbound, fallbackAudio: [UInt8] = []
    ) throws(ScriptFault) {
        let facts = CallFacts(
            id: "call-1", to: "+15105550100", from: "+15105550111", direction: direction,
            metadata: ["phone_number": "+15105550100"], startedAt: 1_000, room: "room-1", version: flow.version)
        var configuration = CallSession.Configuration(facts: facts, definition: flow.definition, limits: callLimits)
        configuration.fallbackAudio = fallbackAudio
        session = CallSession(configuration: configuration)
        random = SeededRandom(seed: seed)
        isHasty = hasty
        self.limits = limits
        self.environment = environment
        flows[flow.version] = flow
        script = try Self.script(flow, facts, limits, environment, sink)
    }

    private static func script(
        _ flow: Flow, _ facts: CallFacts, _ limits: ScriptLimits, _ environment: ScriptEnvironment, _ sink: Sink
    ) throws(ScriptFault) -> CallScript {
        try CallScript(flow: flow, facts: facts, limits: limits, environment: environment, seed: 7) { _, message, _ in
            sink.lines.append(message)
        }
    }

    /// What the script has printed.
    var lines: [String] { sink.lines }

    // MARK: What happens

    func plan(after delay: Duration, _ event: @escaping () -> Void) {
        agenda.append((now + delay, nextOrder, event))
        nextOrder += 1
    }

    func press(_ key: Character, after delay: Duration) {
        plan(after: delay) { [unowned self] in receive(.media(.digit(key, milliseconds: 80))) }
    }

    /// The caller says something; the model answers, or calls a function.
    func speak(_ text: String, after delay: Duration) {
        let item = "user_\(nextOrder)"
        plan(after: delay) { [unowned self] in
            server(.speechStarted(itemID: item, audioStartMilliseconds: 0))
            if let id = model.active { finish(id, .cancelled(reason: "turn_detected")) }
        }
        plan(after: delay + .milliseconds(400)) { [unowned self] in
            server(.speechStopped(itemID: item, audioEndMilliseconds: 400))
            server(.inputCommitted(itemID: item, previousItemID: nil))
            server(.inputTranscriptCompleted(itemID: item, transcript: text))
            if model.active == nil { begin(metadata: [:], mayCall: true) }
        }
    }

    func hangUp(after delay: Duration) {
        plan(after: delay) { [unowned self] in receive(.telephony(.ended(byRemote: true, reason: ""))) }
    }

    func offer(_ flow: Flow, after delay: Duration) {
        flows[flow.version] = flow
        plan(after: delay) { [unowned self] in receive(.flowOffered(version: flow.version, flow.definition)) }
    }

    /// Runs the call to its end, or until a time.
    func run(until end: Duration = .seconds(600)) {
        if nextOrder == 0 || outcome == nil && steps.isEmpty && now == .zero { receive(.start) }
        let limit = Instant.zero + end
        var rounds = 0
        while outcome == nil, rounds < 200_000 {
            rounds += 1
            let next = agenda.indices.min { (agenda[$0].at, agenda[$0].order) < (agenda[$1].at, agenda[$1].order) }
            let deadline = session.nextDeadline ?? .distantFuture
            guard let index = next, agenda[index].at <= deadline else {
                guard deadline <= limit else { break }
                now = max(now, deadline)
                receive(.deadline)
                continue
            }
            guard agenda[index].at <= limit else { break }
            let entry = agenda.remove(at: index)
            now = max(now, entry.at)
            entry.event()
        }
        if rounds == 200_000 { violations.append("the call goes in circles") }
        if outcome != nil { script.close() } else { now = max(now, limit) }
    }

    private func receive(_ event: CallSession.Event) {
        for action in session.receive(event, at: now) { perform(action) }
    }

    private func server(_ event: RealtimeServerEvent) { receive(.model(.event(event))) }

    private func delay(_ range: ClosedRange<Int64>) -> Duration {
        isHasty ? .zero : .milliseconds(Int64.random(in: range, using: &random))
    }

    // MARK: What the session wants

    private func perform(_ action: CallSession.Action) {
        switch action {
        case .connectModel: plan(after: delay(1...50)) { [unowned self] in receive(.model(.connected)) }
        case .sendModel(let event): plan(after: delay(1...40)) { [unowned self] in send(event) }
        case .dial:
            plan(after: .milliseconds(100)) { [unowned self] in receive(.telephony(.ringing(earlyMedia: false))) }
            plan(after: .milliseconds(1_000)) { [unowned self] in receive(.telephony(.answered(headers: [:]))) }
            plan(after: .milliseconds(1_000)) { [unowned self] in receive(.media(.started)) }
        case .answer:
            plan(after: .milliseconds(100)) { [unowned self] in receive(.telephony(.answered(headers: [:]))) }
            plan(after: .milliseconds(100)) { [unowned self] in receive(.media(.started)) }
        case .transfer:
            plan(after: .seconds(1)) { [unowned self] in
                receive(.telephony(.transferEnded(status: 603, reason: "Decline")))
            }
        case .play(let tag, let audio): queue(tag, audio.count)
        case .finishPlayout(let tag):
            if let index = media.firstIndex(where: { $0.tag == tag }) { media[index].isFinished = true }
        case .flush: flush()
        case .script(let command): perform(command)
        case .service(let id, let request):
            let result = serve(request)
            plan(after: delay(1...2_000)) { [unowned self] in
                if cancelled.remove(id) == nil { receive(.service(id, result)) }
            }
        case .cancelService(let id): cancelled.insert(id)
        case .observe(let observation): observations.append(observation)
        case .finish(let outcome): self.outcome = outcome
        case .closeModel, .ring, .reject, .listen, .keepAudio, .hangUp, .mute, .measure, .pipeline, .sendLive,
            .pausePlayout, .resumePlayout:
            break
        }
    }

    private func perform(_ command: ScriptCommand) {
        switch command {
        case .start(let id, let entry, _):
            note(id, "start \(Self.name(of: entry))")
        case .resume(let id, _, _):
            if waiting.remove(id) == nil { violations.append("resumed \(id.number), which doesn't wait") }
            note(id, "resume \(id.number)")
        case .cancel(let id):
            if waiting.remove(id) == nil { violations.append("cancelled \(id.number), which doesn't wait") }
        case .handOver(let id, let version, let facts):
            note(id, "hand over")
            let outcome = handOver(to: version, facts)
            if case .returned = outcome { waiting = [] }
            report(id, outcome)
            return
        case .forget: break
        }
        guard let (id, outcome) = script.run(command) else {
            if outstanding != nil, case .cancel = command { return }
            if case .start = command { violations.append("a start without an outcome") }
            if case .resume = command { violations.append("a resumption without an outcome") }
            return
        }
        report(id, outcome)
    }

    private func note(_ id: ScriptTaskID, _ step: String) {
        if let outstanding { violations.append("\(step) while \(outstanding.number) runs") }
        outstanding = id
        steps.append(step)
    }

    private static func name(of entry: ScriptEntry) -> String {
        switch entry {
        case .handler(let handler, _): handler.rawValue
        case .action(let name, _): name
        case .function(let id): "function \(id.number)"
        }
    }

    private func report(_ id: ScriptTaskID, _ outcome: ScriptOutcome) {
        plan(after: delay(0...30)) { [unowned self] in
            outstanding = nil
            if case .yielded = outcome { waiting.insert(id) }
            receive(.script(id, outcome))
        }
    }

    private func handOver(to version: String, _ facts: CallFacts) -> ScriptOutcome {
        var facts = facts
        facts.version = version
        do throws(ScriptFault) {
            guard let flow = flows[version] else { throw ScriptFault(kind: .error, message: "no such version") }
            let state = try script.state()
            let next = try Self.script(flow, facts, limits, environment, sink)
            try next.takeOver(state: state)
            script.close()
            script = next
            return .returned([])
        } catch {
            return .failed(error)
        }
    }

    // MARK: Model

    private func send(_ event: RealtimeClientEvent) {
        switch event.body {
        case .updateSession: server(.sessionUpdated(id: "sess_1", model: "test"))
        case .createResponse(let parameters):
            guard model.active == nil else {
                let message = "there is one"
                server(
                    .error(
                        RealtimeError(
                            type: "invalid_request_error", code: "conversation_already_has_active_response",
                            message: message, eventID: event.eventID)))
                return
            }
            var metadata: [String: String] = [:]
            for member in parameters.metadata.members { metadata[member.key] = member.value.string }
            begin(metadata: metadata, mayCall: parameters.toolChoice != "none")
        case .cancelResponse(let id):
            if let id, model.active == id { finish(id, .cancelled(reason: "client_cancelled")) }
        case .createFunctionOutput(let callID, _):
            server(
                .itemAdded(
                    RealtimeItem(id: "out_\(callID)", kind: .functionCallOutput(callID: callID)), previousItemID: nil))
        default: break
        }
    }

    /// A response: a function call when one is due, and half a second of speech otherwise.
    private func begin(metadata: [String: String], mayCall: Bool) {
        let id = "resp_\(model.nextResponse)"
        model.nextResponse += 1
        model.active = id
        server(.responseCreated(RealtimeResponse(id: id, status: .inProgress, metadata: metadata)))
        if mayCall, metadata.isEmpty, !functionCalls.isEmpty {
            let call = functionCalls.removeFirst()
            let item = RealtimeItem(
                id: "item_\(id)",
                kind: .functionCall(
                    RealtimeFunctionCall(callID: "c_\(id)", name: call.name, arguments: call.arguments)),
                status: "completed")
            plan(after: delay(1...50)) { [unowned self] in finish(id, .completed, [item]) }
            return
        }
        let path = RealtimePartPath(responseID: id, itemID: "item_\(id)")
        plan(after: delay(1...200)) { [unowned self] in
            guard model.active == id else { return }
            server(.audioTranscriptDelta(path, "Of course."))
            server(.audioDelta(path, [UInt8](repeating: 0xFF, count: 4_000)))
            server(.audioDone(path))
            server(.audioTranscriptDone(path, "Of course."))
            finish(id, .completed)
        }
    }

    private func finish(_ id: String, _ status: RealtimeResponse.Status, _ output: [RealtimeItem] = []) {
        guard model.active == id else { return }
        model.active = nil
        server(.responseDone(RealtimeResponse(id: id, status: status, output: output)))
    }

    // MARK: Media

    private func queue(_ tag: PlayoutTag, _ bytes: Int) {
        if let index = media.firstIndex(where: { $0.tag == tag }) {
            media[index].queued += bytes
        } else {
            media.append(Part(tag: tag, queued: bytes))
        }
        guard !isMediaTicking else { return }
        isMediaTicking = true
        plan(after: .milliseconds(20)) { [unowned self] in tick() }
    }

    /// Plays twenty milliseconds.
    private func tick() {
        guard !media.isEmpty else {
            isMediaTicking = false
            return
        }
        let bytes = min(160, media[0].queued - media[0].played)
        media[0].played += bytes
        plan(after: .milliseconds(20)) { [unowned self] in tick() }
        let part = media[0]
        if !part.isStarted {
            media[0].isStarted = true
            receive(.media(.playoutStarted(tag: part.tag, at: now)))
        }
        guard let first = media.first, first.tag == part.tag, first.isFinished, first.played == first.queued else {
            return
        }
        media.removeFirst()
        receive(.media(.playoutEnded(tag: first.tag, bytes: first.played)))
    }

    private func flush() {
        let current = media.first.flatMap { $0.isStarted ? $0 : nil }
        let dropped = media.reduce(0) { $0 + $1.queued - $1.played }
        media = []
        plan(after: .milliseconds(1)) { [unowned self] in
            receive(.media(.flushed(tag: current?.tag, played: current?.played ?? 0, dropped: dropped)))
        }
    }
}

import Conversation
import SansIO
import ScriptAPI
import TestSupport

/// A whole call in virtual time whose script is a real one, and the event log that it leaves.
///
/// The model says what it is asked to say, and of its own what the test has given it; the callee speaks, presses keys and
/// hangs up when the test says so.
final class RecordedCall {
    /// What the model does in a response of its own.
    enum Answer {
        case says(String)
        case calls(String, String)
    }

    let flow: Flow
    private(set) var session: CallSession
    private(set) var now: Instant
    private(set) var outcome: CallOutcome?
    var answers: [Answer] = []
    var serve: (ServiceRequest) -> ServiceResult = { _ in .reply(.value("served")) }

    private let clock: Instant
    private var script: CallScript
    private let surroundings: ScriptSurroundings
    private let environment: ScriptEnvironment
    private let seed: UInt64
    private var flows: [String: Flow] = [:]
    private var agenda: [(at: Instant, order: Int, event: () -> Void)] = []
    private var nextOrder = 0
    private var random: SeededRandom
    private var lines: [[UInt8]] = []
    private var nextNumber = 1
    private var active: String?
    private var parts: [(tag: PlayoutTag, queued: Int, played: Int, isFinished: Bool)] = []
    private var isTicking = false

    init(
        _ flow: Flow, seed: UInt64 = 1, metadata: JSON = ["phone_number": "+15105550100"],
        environment: ScriptEnvironment = ScriptEnvironment(), limits: ScriptLimits = ScriptLimits(),
        direction: CallFacts.Direction = .outbound
    ) throws {
        self.flow = flow
        self.seed = seed
        self.environment = environment
        random = SeededRandom(seed: seed)
        clock = Instant(nanoseconds: 77_000_000_123)
        now = clock
        flows[flow.version] = flow
        let facts = CallFacts(
            id: "call_1", to: "+15105550100", from: "+15105550123", direction: direction, metadata: metadata,
            startedAt: 1_764_590_400.25, room: "room", version: flow.version)
        var configuration = CallSession.Configuration(
            facts: facts, definition: flow.definition, callerID: "+15105550123")
        configuration.fallbackAudio = [UInt8](repeating: 0xFF, count: 1_600)
        session = CallSession(configuration: configuration)
        surroundings = ScriptSurroundings(limits: limits, environment: environment)
        script = try CallScript(flow: flow, facts: facts, limits: limits, environment: environment, seed: seed) {
            _, _, _ in
        }
        let beginning = CallLogBeginning(
            seed: seed, clock: clock, flowPath: flow.path, configuration: configuration, script: surroundings.logged)
        lines.append(CallLog.line(.begin, elapsed: .zero, body: beginning.logged))
        lines.append(CallLog.line(.flow, elapsed: .zero, body: flow.logged.logged))
    }

    /// The log as it stands in a file.
    var bytes: [UInt8] { Array(lines.map { $0 + [10] }.joined()) }

    func log() throws -> CallLog { try CallLog(parsing: bytes) }

    // MARK: What the callee does

    func after(_ delay: Duration, _ event: @escaping () -> Void) {
        agenda.append((now + delay, nextOrder, event))
        nextOrder += 1
    }

    func says(_ text: String, after delay: Duration) {
        let item = "user_\(nextOrder)"
        after(delay) { [unowned self] in
            server(.speechStarted(itemID: item, audioStartMilliseconds: 0))
            if let active { finish(active, .cancelled(reason: "turn_detected")) }
        }
        after(delay + .milliseconds(800)) { [unowned self] in
            server(.speechStopped(itemID: item, audioEndMilliseconds: 800))
            server(.inputCommitted(itemID: item, previousItemID: nil))
            if !text.isEmpty { server(.inputTranscriptCompleted(itemID: item, transcript: text)) }
            if active == nil { begin(metadata: [:], exactly: nil) }
        }
    }

    func presses(_ keys: String, after delay: Duration) {
        for (index, key) in keys.enumerated() {
            after(delay + .milliseconds(Int64(index) * 300)) { [unowned self] in
                receive(.media(.digit(key, milliseconds: 100)))
            }
        }
    }

    func hangsUp(after delay: Duration) {
        after(delay) { [unowned self] in receive(.telephony(.ended(byRemote: true, reason: ""))) }
    }

    func offer(_ flow: Flow, after delay: Duration, isKept: Bool = true) {
        flows[flow.version] = flow
        after(delay) { [unowned self] in
            if isKept { lines.append(CallLog.line(.flow, elapsed: now - clock, body: flow.logged.logged)) }
            receive(.flowOffered(version: flow.version, flow.definition))
        }
    }

    // MARK: Running

    @discardableResult
    func run(until end: Duration = .seconds(600)) -> RecordedCall {
        receive(.start)
        while outcome == nil {
            let index = agenda.indices.min { (agenda[$0].at, agenda[$0].order) < (agenda[$1].at, agenda[$1].order) }
            let deadline = session.nextDeadline ?? .distantFuture
            guard let index, agenda[index].at <= deadline else {
                // Timers of a host are late by a little.
                now = max(now, deadline + .microseconds(Int64.random(in: 50...900, using: &random)))
                guard now - clock < end else { break }
                receive(.deadline)
                continue
            }
            let entry = agenda.remove(at: index)
            now = max(now, entry.at)
            guard now - clock < end else { break }
            entry.event()
        }
        script.close()
        return self
    }

    private func receive(_ event: CallSession.Event) {
        guard outcome == nil else { return }
        lines.append(CallLog.line(.event, elapsed: now - clock, body: event.logged))
        let actions = session.receive(event, at: now)
        for action in actions { lines.append(CallLog.line(.action, elapsed: now - clock, body: action.logged)) }
        for action in actions { perform(action) }
    }

    private func server(_ event: RealtimeServerEvent) { receive(.model(.event(event))) }

    private func delay(_ range: ClosedRange<Int64>) -> Duration {
        .microseconds(Int64.random(in: (range.lowerBound * 1_000)...(range.upperBound * 1_000), using: &random))
    }

    private func perform(_ action: CallSession.Action) {
        switch action {
        case .connectModel: after(delay(10...50)) { [unowned self] in receive(.model(.connected)) }
        case .sendModel(let event): after(delay(1...20)) { [unowned self] in send(event) }
        case .dial: ring()
        case .answer: pickUp(after: .milliseconds(100))
        case .transfer:
            after(.seconds(1)) { [unowned self] in
                receive(.telephony(.transferEnded(status: 603, reason: "Decline")))
            }
        case .play(let tag, let audio): play(tag, audio.count)
        case .finishPlayout(let tag):
            if let index = parts.firstIndex(where: { $0.tag == tag }) { parts[index].isFinished = true }
        case .flush: flush()
        case .script(let command): perform(command)
        case .service(let id, let request):
            let result = serve(request)
            after(delay(5...500)) { [unowned self] in receive(.service(id, result)) }
        case .measure:
            let quality = MediaQuality(
                packetsSent: 10, packetsReceived: 9, packetsLost: 1, jitterMilliseconds: 2.5, roundTripMilliseconds: 18)
            after(.milliseconds(1)) { [unowned self] in receive(.media(.measured(quality))) }
        case .finish(let outcome): self.outcome = outcome
        case .cancelService, .closeModel, .pipeline, .sendLive, .ring, .reject, .listen, .keepAudio, .hangUp, .mute,
            .observe, .pausePlayout, .resumePlayout:
            break
        }
    }

    private func ring() {
        after(.milliseconds(200)) { [unowned self] in receive(.telephony(.ringing(earlyMedia: false))) }
        pickUp(after: .milliseconds(2_040))
    }

    private func pickUp(after delay: Duration) {
        after(delay) { [unowned self] in
            receive(.telephony(.answered(headers: ["x-a": "1"])))
            receive(.media(.started))
        }
    }

    private func perform(_ command: ScriptCommand) {
        let done: (ScriptTaskID, ScriptOutcome)?
        if case .handOver(let id, let version, let facts) = command {
            done = (id, handOver(to: version, facts))
        } else {
            done = script.run(command)
        }
        guard let (id, outcome) = done else { return }
        after(delay(1...5)) { [unowned self] in receive(.script(id, outcome)) }
    }

    private func handOver(to version: String, _ facts: CallFacts) -> ScriptOutcome {
        var facts = facts
        facts.version = version
        do throws(ScriptFault) {
            guard let flow = flows[version] else { throw ScriptFault(kind: .error, message: "no such version") }
            let next = try CallScript(
                flow: flow, facts: facts, limits: surroundings.limits, environment: environment, seed: seed
            ) { _, _, _ in }
            try next.takeOver(state: try script.state())
            script.close()
            script = next
            return .returned([])
        } catch {
            return .failed(error)
        }
    }

    // MARK: Model

    private func number() -> Int {
        defer { nextNumber += 1 }
        return nextNumber
    }

    private func send(_ event: RealtimeClientEvent) {
        switch event.body {
        case .updateSession, .changeSession, .updateTurnDetection:
            server(.sessionUpdated(id: "sess_1", model: "test"))
        case .createResponse(let parameters):
            guard active == nil else { return }
            var metadata: [String: String] = [:]
            for member in parameters.metadata.members { metadata[member.key] = member.value.string }
            let text = parameters.instructions ?? ""
            let isExact = metadata["moonline"] == "say"
            begin(metadata: metadata, exactly: isExact ? String(text.split(separator: "\"")[1]) : nil)
        case .cancelResponse(let id): if let id, active == id { finish(id, .cancelled(reason: "client_cancelled")) }
        case .createFunctionOutput(let callID, _):
            let item = RealtimeItem(id: "out_\(callID)", kind: .functionCallOutput(callID: callID))
            server(.itemAdded(item, previousItemID: nil))
        default: break
        }
    }

    private func begin(metadata: [String: String], exactly text: String?) {
        let id = "resp_\(number())"
        active = id
        server(.responseCreated(RealtimeResponse(id: id, status: .inProgress, metadata: metadata)))
        let answer = text.map { Answer.says($0) } ?? (answers.isEmpty ? .says("Of course.") : answers.removeFirst())
        after(delay(50...300)) { [unowned self] in
            guard active == id else { return }
            switch answer {
            case .says(let text):
                let path = RealtimePartPath(responseID: id, itemID: "item_\(id)")
                server(.audioTranscriptDelta(path, text))
                // Fifteen characters a second.
                server(.audioDelta(path, [UInt8](repeating: 0x55, count: max(1, text.count) * 8_000 / 15)))
                server(.audioDone(path))
                server(.audioTranscriptDone(path, text))
                finish(id, .completed)
            case .calls(let name, let arguments):
                let call = RealtimeFunctionCall(callID: "c_\(id)", name: name, arguments: arguments)
                finish(
                    id, .completed, [RealtimeItem(id: "item_\(id)", kind: .functionCall(call), status: "completed")])
            }
        }
    }

    private func finish(_ id: String, _ status: RealtimeResponse.Status, _ output: [RealtimeItem] = []) {
        guard active == id else { return }
        active = nil
        server(.responseDone(RealtimeResponse(id: id, status: status, output: output, usage: ["total_tokens": 3])))
    }

    // MARK: Media

    private func play(_ tag: PlayoutTag, _ bytes: Int) {
        if let index = parts.firstIndex(where: { $0.tag == tag }) {
            parts[index].queued += bytes
        } else {
            parts.append((tag, bytes, 0, false))
        }
        guard !isTicking else { return }
        isTicking = true
        after(.milliseconds(20)) { [unowned self] in tick() }
    }

    private func tick() {
        guard let part = parts.first else {
            isTicking = false
            return
        }
        after(.milliseconds(20)) { [unowned self] in tick() }
        if part.played == 0 { receive(.media(.playoutStarted(tag: part.tag, at: now))) }
        guard !parts.isEmpty else { return }
        parts[0].played += min(160, parts[0].queued - parts[0].played)
        guard parts[0].played == parts[0].queued, parts[0].isFinished else { return }
        let ended = parts.removeFirst()
        receive(.media(.playoutEnded(tag: ended.tag, bytes: ended.played)))
    }

    private func flush() {
        let cut = parts.first.flatMap { $0.played > 0 ? $0 : nil }
        let dropped = parts.reduce(0) { $0 + $1.queued - $1.played }
        parts = []
        after(.milliseconds(1)) { [unowned self] in
            receive(.media(.flushed(tag: cut?.tag, played: cut?.played ?? 0, dropped: dropped)))
        }
    }
}

/// A flow's text that is loaded from a file of that name.
func flow(_ text: String, name: String = "patient.lua") throws -> Flow {
    let folder = try TemporaryFolder("replay")
    try folder.write(text, to: name)
    return try Flow.load(path: folder.file(name), isAnalysed: false)
}

import Audio
import Conversation
import OfflineModel
import SansIO
import Speech
import VoiceAgent

/// A call in live mode against the offline model's Live session: two values, stepped in virtual time by one loop, with
/// 20 ms between them. What is played is heard in real time, and the far end is heard without a break.
struct LiveModelCall {
    private enum Happening {
        case event(CallSession.Event)
        case toModel([UInt8])
        case fromModel(VirtualModel.Output)
        case tick
    }

    private struct Part {
        let tag: PlayoutTag
        var queued = 0
        var played = 0
        var isFinished = false
    }

    private(set) var session: CallSession
    private(set) var actions: [CallSession.Action] = []
    private let model: VirtualModel
    private var now = Instant.zero
    private var agenda: [(at: Instant, order: Int, what: Happening)] = []
    private var nextOrder = 0
    private var parts: [Part] = []
    private var isListening = false
    /// What the caller is about to say. µ-law.
    private var speech: [UInt8] = []
    /// What `on_answered` asks for.
    private let greeting: ScriptRequest

    private static let delay = Duration.milliseconds(20)
    private static let packet = 160

    /// - Parameters:
    ///   - words: What the model understands of everything that the caller says.
    ///   - answer: What the model does.
    init(
        greeting: ScriptRequest, words: String, answer: @escaping (PersonaRequest) -> [PersonaStep]
    ) throws {
        self.greeting = greeting
        let tool = AgentDefinition.Tool(name: "look_up", description: "Finds times.", parameters: ["type": "object"])
        session = CallSession(
            configuration: CallSession.Configuration(
                facts: CallFacts(
                    id: "call_1", to: "+15105550100", from: "", direction: .outbound, metadata: [:],
                    startedAt: 1_795_000_000, room: "room", mode: "live", version: "v1"),
                definition: AgentDefinition(
                    name: "test", mode: .live, instructions: "Be brief.", tools: [tool], handlers: [.onAnswered])))
        model = try VirtualModel(
            live: LiveServerSession.Configuration(seed: 1, unixTime: 1_795_000_000), key: "test", persona: nil,
            services: VirtualModel.Services(), answer: answer, words: { words }, today: "2026-11-30", at: .zero)
        plan(.tick, in: .zero)
        receive(.start)
    }

    /// The caller says something now.
    mutating func say(_ text: String) throws {
        speech = G711.encode(try SpeechSynthesizer().synthesize(text, sampleRate: 8_000).samples, .mu)
    }

    mutating func advance(_ duration: Duration) {
        let end = now + duration
        while true {
            let next = agenda.indices.min { (agenda[$0].at, agenda[$0].order) < (agenda[$1].at, agenda[$1].order) }
            let due = next.map { agenda[$0].at } ?? .distantFuture
            let deadlines = [session.nextDeadline, model.nextDeadline].compactMap(\.self)
            let deadline = deadlines.min() ?? .distantFuture
            guard min(due, deadline) <= end else { break }
            now = max(now, min(due, deadline))
            if due <= deadline, let next {
                happen(agenda.remove(at: next).what)
            } else if session.nextDeadline == deadline {
                receive(.deadline)
            } else {
                deliver(model.advance(at: now))
            }
        }
        now = end
    }

    private mutating func plan(_ what: Happening, in delay: Duration) {
        agenda.append((now + delay, nextOrder, what))
        nextOrder += 1
    }

    private mutating func happen(_ what: Happening) {
        switch what {
        case .event(let event): receive(event)
        case .toModel(let bytes): deliver(model.receive(bytes, at: now))
        case .fromModel(.text(let bytes)):
            if case .event(let event) = LiveConnection.parse(bytes) { receive(.model(.live(event))) }
        case .fromModel(.closed(let code, let reason)):
            receive(.model(.closed(code: Int(code), reason: reason)))
        case .fromModel(.dropped): receive(.model(.closed(code: 1006, reason: "")))
        case .tick: tick()
        }
    }

    private mutating func deliver(_ outputs: [VirtualModel.Output]) {
        for output in outputs { plan(.fromModel(output), in: Self.delay) }
    }

    private mutating func receive(_ event: CallSession.Event) {
        for action in session.receive(event, at: now) {
            actions.append(action)
            perform(action)
        }
    }

    private mutating func perform(_ action: CallSession.Action) {
        switch action {
        case .connectModel:
            deliver(model.start(at: now))
            plan(.event(.model(.connected)), in: Self.delay)
        case .sendLive(let event): plan(.toModel(event.json.bytes), in: Self.delay)
        case .dial:
            plan(.event(.telephony(.answered(headers: [:]))), in: .seconds(1))
            plan(.event(.media(.started)), in: .seconds(1))
        case .listen: isListening = true
        case .play(let tag, let audio):
            if let index = parts.firstIndex(where: { $0.tag == tag }) {
                parts[index].queued += audio.count
            } else {
                parts.append(Part(tag: tag, queued: audio.count))
            }
        case .finishPlayout(let tag):
            if let index = parts.firstIndex(where: { $0.tag == tag }) { parts[index].isFinished = true }
        case .flush:
            let cut = parts.first { $0.played > 0 }
            parts = []
            plan(.event(.media(.flushed(tag: cut?.tag, played: cut?.played ?? 0, dropped: 0))), in: .zero)
        case .script(.start(let id, .handler, _)): plan(.event(.script(id, .yielded(greeting))), in: .zero)
        case .script(.start(let id, .action, _)): plan(.event(.script(id, .returned(["three"]))), in: .zero)
        case .script(.resume(let id, _, _)): plan(.event(.script(id, .returned([]))), in: .zero)
        default: break
        }
    }

    /// 20 ms of the line, both ways.
    private mutating func tick() {
        plan(.tick, in: Self.delay)
        if isListening {
            let heard = speech.prefix(Self.packet)
            speech.removeFirst(heard.count)
            let payload = Array(heard) + [UInt8](repeating: 0xFF, count: Self.packet - heard.count)
            plan(.toModel(payload.withUnsafeBytes { LiveConnection.appendMessage($0) }), in: Self.delay)
        }
        var room = Self.packet
        while room > 0, let part = parts.first {
            let bytes = min(room, part.queued)
            if bytes > 0, part.played == 0 {
                plan(.event(.media(.playoutStarted(tag: part.tag, at: now))), in: .zero)
            }
            parts[0].queued -= bytes
            parts[0].played += bytes
            room -= bytes
            guard parts[0].queued == 0, parts[0].isFinished else { return }
            plan(.event(.media(.playoutEnded(tag: part.tag, bytes: parts[0].played))), in: .zero)
            parts.removeFirst()
        }
    }

    // MARK: What was done

    private var observations: [Observation] {
        actions.compactMap { if case .observe(let observation) = $0 { observation } else { nil } }
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

    /// What scripts were answered, in order.
    var replies: [ScriptReply] {
        actions.compactMap { if case .script(.resume(_, let reply, _)) = $0 { reply } else { nil } }
    }
}

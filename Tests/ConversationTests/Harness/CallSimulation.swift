import SansIO

@testable import Conversation

/// A whole call in virtual time: a model, a media session, a telephone and a script that do as a seed wants.
///
/// The model keeps the protocol's order of events, answers the caller by itself, and refuses what a server refuses.
/// Everything travels for a while, so that events cross.
struct CallSimulation {
    enum Happening {
        case toCall(CallSession.Event)
        case toModel(RealtimeClientEvent, connection: Int)
        case toMedia(SimulatedMedia.Order)
        case model(SimulatedModel.Step, connection: Int)
        case stage(PipelineEvent, of: SimulatedStages.Work?)
        case media
        case callerSpeaks
        /// The connection fails.
        case loss(Loss, connection: Int)
    }

    /// How a connection to the model ends.
    enum Loss: CaseIterable {
        case dropped, expired
        /// It says nothing any more, and only after a while turns out to be gone.
        case silent
        case fatal
    }

    /// What the caller says, and when.
    struct Utterance {
        let number: Int
        let start: Instant
        let end: Instant
    }

    private(set) var session: CallSession
    private(set) var invariants: CallInvariants
    private(set) var outcome: CallOutcome?
    private(set) var now = Instant.zero
    private(set) var statistics = Statistics()
    /// All that the call was told, and the lines of an event log that this gives.
    private(set) var events: [CallSession.Event] = []
    private(set) var lines: [[UInt8]] = []
    private var random: SeededRandom
    private var agenda: [(at: Instant, order: Int, what: Happening)] = []
    private var nextOrder = 0
    private var model: SimulatedModel
    private var script: SimulatedScript
    private(set) var stages: SimulatedStages
    private var media = SimulatedMedia()
    /// Number of the connection to the model; that of now, or of the next.
    private var connection = 0
    private var isModelConnected = false
    private var isListening = false
    /// Since when what the caller says is kept.
    private var keptSince: Instant?
    private(set) var utterances: [Utterance] = []
    private let plan: Plan
    private var talkingEnds = Instant.zero
    /// What was heard of the agent's items, and all words of it in order.
    private(set) var heard: [String: [String]] = [:]
    private(set) var heardWords: [String] = []
    /// What the caller was understood to say.
    private(set) var said: [String] = []
    /// What is wrong with a call in which nothing has happened for a while.
    private(set) var stuck: [String] = []
    private var modelArrival = Instant.zero
    private var callArrival = Instant.zero

    /// From the last words of the caller to the end.
    private static let quietTime = Duration.seconds(90)

    /// What a simulated call is to be like.
    struct Plan {
        /// Between two losses of the model; `nil` for one call in ten that loses it once.
        var betweenLosses: ClosedRange<Int64>?
        /// How long the conversation goes on. [ms]
        var talking: ClosedRange<Int64> = 1_000...240_000
        /// Whether the call ends in no other way than by the operator, and only when all is quiet.
        var endsQuietly = false
        /// ``AgentMode/realtime`` or ``AgentMode/pipeline``.
        var mode = AgentMode.realtime
    }

    init(seed: UInt64, plan: Plan = Plan()) {
        self.plan = plan
        invariants = CallInvariants(mode: plan.mode)
        random = SeededRandom(seed: seed)
        var handlers: Set<ScriptHandler> = []
        for handler in ScriptHandler.allCases where random.chance(0.6) { handlers.insert(handler) }
        var options = CallSession.ModelOptions()
        options.turnDetection.interruptsResponse = random.chance(0.8)
        session =
            CallHarness(
                handlers: handlers, options: options, direction: random.chance(0.3) ? .inbound : .outbound,
                fallback: random.chance(0.5)
                    ? AgentDefinition.Fallback(text: "Sorry.", transferTo: random.chance(0.5) ? "+15105550199" : nil)
                    : nil,
                fallbackAudio: random.chance(0.8) ? [UInt8](repeating: 1, count: 8_000) : []
            ).session
        if plan.mode == .pipeline {
            var configuration = session.configuration
            configuration.definition.mode = .pipeline
            for stage in PipelineStage.allCases {
                configuration.pipeline.providers[stage] = Int.random(in: 1...2, using: &random)
            }
            session = CallSession(configuration: configuration)
        }
        stages = SimulatedStages(random: SeededRandom(seed: seed ^ 0x5A5A))
        model = SimulatedModel(random: SeededRandom(seed: seed ^ 0xA5A5))
        script = SimulatedScript(isGentle: plan.endsQuietly, mode: plan.mode)
    }

    /// Runs the call until it has finished, or clearly never will.
    mutating func run() {
        handle(.start)
        talkingEnds = now + random.delay(plan.talking)
        let hangUp = plan.endsQuietly ? CallSimulation.quietTime : .zero
        plan(.toCall(.hangUpRequested(reason: "operator")), in: talkingEnds - now + hangUp)
        if random.chance(0.1), !plan.endsQuietly {
            plan(.toCall(.media(.timedOut)), in: .seconds(Int64.random(in: 1...120, using: &random)))
        }
        if random.chance(0.2), !plan.endsQuietly {
            let end = CallSession.Event.telephony(.ended(byRemote: true, reason: ""))
            plan(.toCall(end), in: .seconds(Int64.random(in: 5...120, using: &random)))
        }
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            plan(.toCall(offer()), in: random.delay(1_000...90_000))
        }
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            let key = CallSession.Event.media(.digit("12#*0".randomElement(using: &random) ?? "1", milliseconds: 100))
            plan(.toCall(key), in: random.delay(1_000...90_000))
        }
        var rounds = 0
        while outcome == nil, rounds < 200_000 {
            rounds += 1
            let index = agenda.indices.min {
                (agenda[$0].at, agenda[$0].order) < (agenda[$1].at, agenda[$1].order)
            }
            if let deadline = session.nextDeadline, deadline <= index.map({ agenda[$0].at }) ?? .distantFuture {
                now = max(now, deadline)
                handle(.deadline)
                continue
            }
            guard let index else { break }
            let next = agenda[index]
            agenda.swapAt(index, agenda.count - 1)
            agenda.removeLast()
            now = max(now, next.at)
            happen(next.what)
        }
        // What is still on its way finds a finished call.
        for straggler in agenda {
            if case .toCall(let event) = straggler.what { handle(event) }
        }
        handle(.deadline)
        invariants.checkEnd()
    }

    private mutating func offer() -> CallSession.Event {
        let version = "v\(Int.random(in: 1...4, using: &random))"
        let handlers = Set(ScriptHandler.allCases.filter { _ in random.chance(0.8) })
        return .flowOffered(
            version: version,
            CallHarness.definition(
                tools: ["look_up", "end_call"], handlers: handlers, instructions: "Version \(version)."))
    }

    private mutating func plan(_ what: Happening, in delay: Duration) {
        agenda.append((now + delay, nextOrder, what))
        nextOrder += 1
    }

    private mutating func happen(_ what: Happening) {
        switch what {
        case .toCall(let event): handle(event)
        case .toModel(let event, let number):
            if number == connection, isModelConnected { perform(model.receive(event)) }
        case .model(let step, let number):
            if number == connection, isModelConnected { perform(model.advance(step)) }
        case .stage(let event, let work):
            if let work {
                guard stages.isWanted(work) else { return }
                if event.isLast { stages.isOver(work) }
            }
            handle(.pipeline(event))
        case .toMedia(let order): perform(media.receive(order, at: now))
        case .media: perform(media.tick(at: now))
        case .callerSpeaks: callerSpeaks()
        case .loss(let loss, let number): if number == connection { lose(loss) }
        }
    }

    // MARK: The caller

    private mutating func callerSpeaks() {
        guard !session.isFinished, now < talkingEnds else { return }
        let duration = random.delay(200...2_500)
        let utterance = Utterance(number: utterances.count + 1, start: now, end: now + duration)
        utterances.append(utterance)
        if plan.mode == .pipeline {
            if isListening { speakToStages(utterance) }
        } else if isListening, isModelConnected {
            perform(model.hear(utterance.number, for: duration))
        }
        plan(.callerSpeaks, in: duration + random.delay(500...12_000))
    }

    /// Voice activity, told when it is certain. One in twelve is a noise.
    private mutating func speakToStages(_ utterance: Utterance) {
        let (start, end) = (Int((utterance.start - .zero).milliseconds), Int((utterance.end - .zero).milliseconds))
        let words = random.chance(0.08) ? "" : "u\(utterance.number) is what I say"
        stages.speech.append(SimulatedStages.Speech(range: start..<end, words: words))
        plan(.stage(.voiceStarted(at: start), of: nil), in: .milliseconds(80))
        plan(
            .stage(.voiceStopped(at: end), of: nil),
            in: utterance.end - now + session.configuration.definition.turns.voicePause)
    }

    /// The model hears what was kept for it, and from then on everything.
    private mutating func listen() {
        isListening = true
        guard let since = keptSince else { return }
        keptSince = nil
        // What was kept comes at once, faster than it was said.
        guard let first = utterances.last(where: { $0.end > since }) else { return }
        perform(model.hear(first.number, for: max(.milliseconds(20), first.end - now)))
    }

    // MARK: The connection to the model

    private mutating func connect() {
        connection += 1
        isModelConnected = true
        model.connect()
        // One in three tries fails while the model is away, and one in thirty before.
        let fails = random.chance(connection > 1 ? 0.3 : 0.03)
        let event: ModelEvent = fails ? .failed(message: "refused") : .connected
        plan(.toCall(.model(event, connection: connection)), in: random.delay(10...400))
        guard !fails else {
            isModelConnected = false
            return
        }
        if let range = plan.betweenLosses {
            let loss = Loss.allCases.randomElement(using: &random) ?? .dropped
            let delay = random.delay(range)
            if now + delay < talkingEnds {
                plan(.loss(loss == .fatal ? .dropped : loss, connection: connection), in: delay)
            }
        } else if random.chance(0.1) {
            plan(
                .loss(Loss.allCases.randomElement(using: &random) ?? .dropped, connection: connection),
                in: random.delay(500...90_000))
        }
    }

    private mutating func lose(_ loss: Loss) {
        guard isModelConnected, !session.isFinished else { return }
        statistics.losses += 1
        let delay: Duration
        var event = ModelEvent.closed(code: 1_006, reason: "")
        switch loss {
        case .dropped: delay = .milliseconds(1)
        case .expired:
            delay = .milliseconds(1)
            event = .closed(code: 1_001, reason: "Your session hit the maximum duration of 60 minutes.")
        case .fatal:
            delay = .milliseconds(1)
            event = .closed(code: 3_000, reason: "invalid_request_error.invalid_api_key")
        case .silent:
            model.isDead = true
            delay = .seconds(4)
        }
        if loss != .silent { isModelConnected = false }
        callArrival = max(callArrival, now + delay)
        plan(.toCall(.model(event, connection: connection)), in: callArrival - now)
    }

    // MARK: The call

    /// Notes what should have come to an end in a call that was left alone.
    private mutating func checkQuiet() {
        guard session.phase == .active else { return }
        if session.outage != nil { stuck.append("the model is still away") }
        if !session.realtime.isIdle { stuck.append("a request is under way") }
        if !session.ledger.isIdle { stuck.append("speech is queued") }
        if !session.realtime.openTurns.isEmpty { stuck.append("the caller has no answer") }
        if session.ledger.isFlushing { stuck.append("a flush is under way") }
        if let pipeline = session.pipeline { stuck += pipeline.remains }
        if !session.speeches.isEmpty { stuck.append("the script waits for \(session.speeches)") }
    }

    private mutating func handle(_ event: CallSession.Event) {
        if plan.endsQuietly, case .hangUpRequested = event { checkQuiet() }
        let isOver = session.isFinished
        let actions = session.receive(event, at: now)
        invariants.watch(event, actions, at: now)
        if !isOver {
            events.append(event)
            lines.append(CallLog.line(.event, elapsed: now - .zero, body: event.logged))
            for action in actions { lines.append(CallLog.line(.action, elapsed: now - .zero, body: action.logged)) }
        }
        for action in actions { perform(action) }
    }

    private mutating func perform(_ action: CallSession.Action) {
        switch action {
        case .connectModel: connect()
        case .sendModel(let event):
            if case .createResponse = event.body { statistics.creates += 1 }
            // One connection: what was sent first arrives first.
            modelArrival = max(modelArrival, now + random.delay(5...120))
            plan(.toModel(event, connection: connection), in: modelArrival - now)
        case .closeModel: isModelConnected = false
        case .dial: perform(SimulatedTelephone.dial(using: &random))
        case .listen:
            if utterances.isEmpty, keptSince == nil {
                statistics.answered += 1
                plan(.callerSpeaks, in: random.delay(100...6_000))
            }
            listen()
        case .keepAudio(let duration):
            if !isListening, utterances.isEmpty { plan(.callerSpeaks, in: random.delay(100...6_000)) }
            isListening = false
            keptSince = now - duration
        case .transfer: perform(SimulatedTelephone.transfer(using: &random))
        case .play(let tag, let audio): plan(.toMedia(.play(tag, audio.count)), in: .milliseconds(1))
        case .finishPlayout(let tag): plan(.toMedia(.finish(tag)), in: .milliseconds(1))
        case .flush: plan(.toMedia(.flush), in: .milliseconds(1))
        case .script(let command): perform(command)
        case .observe(let observation): note(observation)
        case .finish(let outcome):
            self.outcome = outcome
            if outcome.kind == .completed { statistics.completed += 1 }
        case .pipeline(let command):
            for case .report(let event, let delay, let work) in stages.receive(command) {
                plan(.stage(event, of: work), in: delay)
            }
        case .pausePlayout: plan(.toMedia(.pause), in: .milliseconds(1))
        case .resumePlayout: plan(.toMedia(.resume), in: .milliseconds(1))
        case .ring, .mute, .hangUp, .reject, .sendLive: break
        case .answer: perform(SimulatedTelephone.answer(using: &random))
        case .measure:
            let quality = MediaQuality(
                packetsSent: 10, packetsReceived: 9, packetsLost: 1, jitterMilliseconds: 2, roundTripMilliseconds: nil)
            plan(.toCall(.media(.measured(quality))), in: .milliseconds(1))
        case .service(let id, let request): serve(request, for: id)
        case .cancelService: break
        }
    }

    private mutating func serve(_ request: ServiceRequest, for id: ScriptTaskID) {
        // One in ten is never answered.
        guard random.chance(0.9) else { return }
        let result: ServiceResult
        if case .loadAudio = request, random.chance(0.8) {
            result = .audio([UInt8](repeating: 2, count: Int.random(in: 0...16_000, using: &random)))
        } else {
            result = .reply(random.chance(0.7) ? .value("ok") : .failure(code: .failed, message: "no"))
        }
        plan(.toCall(.service(id, result)), in: random.delay(0...3_000))
    }

    private mutating func note(_ observation: Observation) {
        switch observation {
        case .interruption: statistics.interruptions += 1
        case .actionReturned: statistics.actions += 1
        case .transcript(let entry) where entry.role == .agent:
            statistics.heard += 1
            if !entry.itemID.hasPrefix("local_") { heard[entry.itemID, default: []].append(entry.text) }
            heardWords += entry.text.split(separator: " ").map(String.init)
        case .transcript(let entry) where entry.isFinal: said.append(entry.text)
        case .modelReconnected: statistics.reconnects += 1
        default: break
        }
    }

    // MARK: Script, model, media and telephone

    private mutating func perform(_ command: ScriptCommand) {
        let tools = session.configuration.definition.tools
        guard let (id, outcome) = script.receive(command, isOver: now > talkingEnds, tools: tools, using: &random)
        else { return }
        plan(.toCall(.script(id, outcome)), in: random.delay(0...30))
    }

    private mutating func perform(_ effects: [SimulatedModel.Effect]) {
        for effect in effects {
            switch effect {
            case .send(let event):
                if case .error(let error) = event, error.code == "conversation_already_has_active_response" {
                    statistics.conflicts += 1
                }
                callArrival = max(callArrival, now + random.delay(5...80))
                plan(.toCall(.model(.event(event), connection: connection)), in: callArrival - now)
            case .later(let step, let duration): plan(.model(step, connection: connection), in: duration)
            }
        }
    }

    private mutating func perform(_ effects: [SimulatedMedia.Effect]) {
        for effect in effects {
            switch effect {
            case .report(let report): plan(.toCall(.media(report)), in: .milliseconds(1))
            case .tick(let duration): plan(.media, in: duration)
            }
        }
    }

    private mutating func perform(_ effects: [SimulatedTelephone.Effect]) {
        for case .report(let event, let delay) in effects { plan(.toCall(event), in: delay) }
    }
}

extension PipelineEvent {
    /// Nothing more comes of that work.
    fileprivate var isLast: Bool {
        switch self {
        case .transcribed, .transcriptionFailed, .generation(_, .ended), .generation(_, .failed),
            .synthesis(_, .ended), .synthesis(_, .failed):
            true
        default: false
        }
    }
}

extension PipelineSession {
    /// What should not be there when nothing has happened for a while.
    fileprivate var remains: [String] {
        var remains: [String] = []
        if !jobs.isEmpty { remains.append("the pipeline works: \(jobs.values.map(\.work))") }
        if !responses.isEmpty || activeID != nil || draftID != nil {
            remains.append("a response of the pipeline is open")
        }
        if !listening.isEmpty { remains.append("the pipeline listens") }
        if turnItemID != nil { remains.append("the caller's turn is open") }
        return remains
    }
}

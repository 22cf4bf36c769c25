import AgentHost
import Audio
import Conversation
import MediaEngine
import OfflineModel
import SIP
import SansIO
import ScriptAPI
import Speech
import Telephony
import VoiceAgent

/// One test call in virtual time: agent, callee, model and the network between them, stepped by one task.
///
/// The cores are those of production: `PhoneCore`, `MediaSession`, `CallSession`, `CallScript`, and the offline model's
/// `RealtimeServerSession`. Only what drives them is another: no socket, no thread, no clock. Nothing but the seed is
/// random, so that equal seeds give equal calls.
final class VirtualCall {
    typealias Side = VirtualPhone.Side

    /// What is on its way.
    enum Delivery {
        case signalling(to: Side, [UInt8])
        case media(to: Side, VirtualMedia.Datagram)
        case modelConnected(connection: Int)
        case toModel([UInt8], connection: Int)
        case fromModel(VirtualModel.Output, connection: Int)
        case modelReset
        case stage(VirtualStages.Delivery)
        case service(ScriptTaskID, ServiceResult)
        case understood(String)
        case key(Character)
        case pressed
    }

    /// From us to the model's server, and back.
    static let modelDelay = Duration.milliseconds(20)
    static let connectDelay = Duration.milliseconds(90)
    /// How long the callee's recogniser takes in virtual time.
    static let understandingDelay = Duration.milliseconds(150)
    /// After the end of everything; transactions only absorb retransmissions for so long (RFC 3261 §17: 64·T1).
    private static let longestAfterlife = Duration.seconds(80)
    /// Steps at one instant: more are an endless loop.
    private static let maximumSteps = 1_000_000

    let plan: VirtualCallPlan
    let stage: VirtualStage
    let run: TestRun
    private var runDeadline: Instant?
    private(set) var now = Instant.zero
    var queue = EventQueue<Delivery>()
    let startTime: Double

    let agent: VirtualPhone
    let callee: VirtualPhone
    let ears: CalleeEars

    // The agent's side
    var session: CallSession { didSet { sessionDeadline = session.nextDeadline } }
    /// Kept, as are those of model and test: all are asked for at each step.
    private var sessionDeadline: Instant?
    var script: CallScript?
    var scriptFault: ScriptFault?
    var gate = UplinkGate()
    var mailbox: [CallSession.Event] = []
    var services: Set<ScriptTaskID> = []
    /// All that the call came to: one.
    var outcomes: [CallOutcome] = []
    var outcome: CallOutcome? { outcomes.first }
    /// Names of the files that the script has asked for, and of the call's own.
    var recordings = ["recording.wav"]
    /// What the script keeps is kept under this name; `nil` while it keeps nothing.
    var storeName: String?
    var recording: SteppedRecording?
    var nextRecordingWrite = Instant.zero

    // The model's side
    var model: VirtualModel? { didSet { modelDeadline = model?.nextDeadline } }
    private var modelDeadline: Instant?
    /// Number of the connection to the model.
    var modelConnection = 0
    /// Whether that connection is to be made, or there.
    var isModelWanted = false
    var brain: ModelBrain?
    /// What goes wrong with the model's connections and servers.
    let faults: FaultSource
    /// In live mode, where the caller's voice is in what goes up.
    var liveEars: CallerAudio?
    /// In pipeline mode.
    var stages: VirtualStages?
    /// What was transcribed last.
    var toldSegment: (range: Range<Int>?, words: String)?
    let modelSeed: UInt64
    let scriptSeed: UInt64

    // The callee's side
    let voice: UtteranceAudio
    var lastTag: UInt32 = 0
    /// Words that the callee has begun to say, and that the model has not been told of.
    var spokenWords: [String] = []
    /// Those that it was told of last: it may have to hear them again.
    var toldWords: [String] = []
    var answeredAt: Instant?
    var isFinishing = false

    var log: VirtualLog?

    init(_ plan: VirtualCallPlan, stage: VirtualStage) throws {
        self.plan = plan
        self.stage = stage
        let options = plan.test.options
        run = try TestRun(plan.test, seed: plan.seed)
        run.actionNames = plan.flow.definition.tools.map(\.name)
        var random = SeededRandom(seed: plan.seed)
        agent = VirtualPhone(
            .agent, seed: random.next(), conditions: options.network, keepsAudio: plan.keepsAudio)
        callee = VirtualPhone(
            .callee, seed: random.next(), conditions: options.network, keepsAudio: plan.keepsAudio)
        modelSeed = random.next()
        scriptSeed = random.next()
        ears = try CalleeEars(keepsSamples: plan.test.usesRecognition)
        startTime = options.startTime ?? VirtualStage.startTime
        voice = UtteranceAudio(
            sentences: stage.sentences,
            voice: SpeechSynthesizer.Voice(rawValue: options.voice ?? stage.configuration.voice) ?? .awb,
            folder: plan.testFolder)
        brain = options.model.map { ModelBrain($0) }
        faults = FaultSource(stage.configuration.misbehaviour, seed: modelSeed)

        if let folder = plan.folder { recording = try SteppedRecording(path: folder + "/recording.wav") }
        session = CallSession(configuration: VirtualCall.configuration(plan, stage, startTime: startTime))
        begin(nil)
    }

    private static func configuration(
        _ plan: VirtualCallPlan, _ stage: VirtualStage, startTime: Double, incoming: IncomingPhoneCall? = nil
    ) -> CallSession.Configuration {
        let options = plan.test.options
        let facts = CallFacts(
            id: "CA_test", to: incoming?.to ?? options.to, from: incoming?.from ?? options.from,
            direction: options.direction, metadata: plan.metadata, headers: incoming?.headers ?? [:],
            startedAt: startTime, room: options.direction == .inbound ? "sip-test" : "test",
            mode: plan.flow.definition.mode.rawValue, version: plan.flow.version)
        let settings = stage.configuration
        var configuration = CallSession.Configuration(
            facts: facts, definition: plan.flow.definition, model: settings.modelOptions, limits: settings.limits,
            callerID: facts.from)
        configuration.pipeline = PipelineEndpoints().options(for: plan.flow.definition)
        if let fallback = plan.flow.definition.fallback {
            stage.fallbackVoice.prepare(fallback.text)
            configuration.fallbackAudio = stage.fallbackVoice.audio(of: fallback.text)
        }
        return configuration
    }

    /// Makes the agent's session and script.
    ///
    /// - Parameter incoming: The call that came in; `nil` for one that the agent makes.
    func begin(_ incoming: IncomingPhoneCall?) {
        var configuration = VirtualCall.configuration(plan, stage, startTime: startTime, incoming: incoming)
        configuration.seed = scriptSeed
        let settings = stage.configuration
        session = CallSession(configuration: configuration)
        do throws(ScriptFault) {
            script = try CallScript(
                flow: plan.flow, facts: configuration.facts, limits: settings.scriptLimits,
                environment: settings.scriptEnvironment, seed: scriptSeed
            ) { _, _, _ in }
        } catch {
            scriptFault = error
        }
        if plan.keepsLog {
            log = VirtualLog(
                CallLogBeginning(
                    seed: scriptSeed, clock: .zero, flowPath: plan.flow.path, configuration: configuration,
                    script: ScriptSurroundings(
                        limits: settings.scriptLimits, environment: settings.scriptEnvironment
                    ).logged), flow: plan.flow)
        }
    }

    // MARK: Time

    /// Runs the call to its end.
    func play() async -> VirtualCallResult {
        if let recording { recording.begin(on: agent.channel) }
        tell(.began)
        if plan.test.options.direction == .outbound { deliver(.start) }
        await emptyMailbox()
        var steps = 0
        var giveUpAt = Instant.zero + plan.test.options.timeLimit + VirtualCall.longestAfterlife
        while let next = nextInstant {
            guard next <= giveUpAt else { break }
            steps = next > now ? 0 : steps + 1
            if steps > VirtualCall.maximumSteps {
                abort("The simulation does not get beyond \(now.nanoseconds) ns.")
                break
            }
            now = max(now, next)
            await step()
            if outcome != nil, run.result != nil { giveUpAt = min(giveUpAt, now + VirtualCall.longestAfterlife) }
        }
        if run.result == nil { abort("The call did not end.") }
        let leftovers = leftovers
        script?.close()
        if let storeName { await stage.removeStore(storeName) }
        closeMedia(agent)
        closeMedia(callee)
        recording?.finish()
        return VirtualCallResult(
            test: run.result ?? .notRun(plan.test, seed: plan.seed, message: "The call did not end."),
            outcome: outcome, log: log,
            agentMedia: agent.channel.statistics, calleeMedia: callee.channel.statistics,
            agentAudio: agent.audio, calleeAudio: callee.audio, leftovers: leftovers)
    }

    /// What should not be there any more.
    private var leftovers: [String] {
        var left: [String] = []
        if outcomes.count != 1 { left.append("the call has \(outcomes.count) outcomes") }
        for phone in [agent, callee] {
            if !phone.core.isIdle { left.append("the \(phone.side) keeps dialogs or transactions") }
            if phone.media?.isClosed == false { left.append("the \(phone.side) keeps its media port") }
        }
        for (name, deadline) in [("call", session.nextDeadline), ("model", model?.nextDeadline)] {
            if let deadline { left.append("the \(name) keeps a timer, due at \(deadline.nanoseconds) ns") }
        }
        if model != nil { left.append("the model's connection is open") }
        if let count = stages?.openCount { left.append("the pipeline is open, with \(count) requests") }
        if let count = script?.waitingTasks, count > 0 { left.append("\(count) tasks of the script wait") }
        if !services.isEmpty { left.append("\(services.count) services of the script are under way") }
        if !mailbox.isEmpty { left.append("\(mailbox.count) events are left") }
        return left
    }

    private var nextInstant: Instant? {
        var next = queue.next ?? .distantFuture
        func consider(_ deadline: Instant?) {
            if let deadline, deadline < next { next = deadline }
        }
        consider(agent.media?.nextTick)
        consider(agent.coreDeadline)
        consider(callee.media?.nextTick)
        consider(callee.coreDeadline)
        consider(sessionDeadline)
        consider(modelDeadline)
        consider(runDeadline)
        return next == .distantFuture ? nil : next
    }

    /// Does one thing that is due: deliveries first, in the order in which they were planned.
    private func step() async {
        if let delivery = queue.takeDue(at: now) {
            receive(delivery)
        } else if isDue(agent.coreDeadline) {
            perform(agent.core.receive(.deadline, at: now), of: agent)
        } else if isDue(callee.coreDeadline) {
            perform(callee.core.receive(.deadline, at: now), of: callee)
        } else if isDue(agent.media?.nextTick) {
            tick(agent)
        } else if isDue(callee.media?.nextTick) {
            tick(callee)
        } else if isDue(modelDeadline) {
            withModel { $0.advance(at: now) }
        } else if isDue(sessionDeadline) {
            deliver(.deadline)
        } else if isDue(runDeadline) {
            tell(.deadline)
        }
        if !mailbox.isEmpty { await emptyMailbox() }
        if let recording, now >= nextRecordingWrite {
            nextRecordingWrite = now + .seconds(2)
            recording.write()
        }
    }

    private func isDue(_ deadline: Instant?) -> Bool { deadline.map { $0 <= now } ?? false }

    /// Tells the test what has happened, and does what the callee is to do.
    func tell(_ event: TestEvent) {
        let actions = run.receive(event, at: now)
        runDeadline = run.nextDeadline
        perform(actions)
    }

    /// Ends the test because the call cannot be played.
    func abort(_ message: String) {
        let actions = run.abort(message, at: now)
        runDeadline = run.nextDeadline
        perform(actions)
    }

    /// Steps the model, and sends what it sends.
    func withModel(_ body: (VirtualModel) -> [VirtualModel.Output]) {
        guard let model else { return }
        let outputs = body(model)
        modelDeadline = model.nextDeadline
        send(outputs)
    }

    func plan(_ delivery: Delivery, in delay: Duration) {
        queue.insert(delivery, at: now + delay)
    }

    private func receive(_ delivery: Delivery) {
        switch delivery {
        case .signalling(let side, let bytes):
            let phone = phone(side)
            perform(phone.core.receive(.datagram(bytes, from: side.other.signalling), at: now), of: phone)
        case .media(let side, let datagram):
            let phone = phone(side)
            guard let source = SocketAddress(side.other.mediaAddress(isControl: datagram.isControl)) else { return }
            phone.media?.receive(datagram, from: source, at: now)
            drain(phone)
        case .modelConnected(let connection): if connection == modelConnection, isModelWanted { openModel() }
        case .toModel(let bytes, let connection):
            if connection == modelConnection { withModel { $0.receive(bytes, at: now) } }
        case .fromModel(let output, let connection): if connection == modelConnection { receive(output) }
        case .modelReset:
            guard model != nil else { return }
            model = nil
            tellModel(.closed(code: 1006, reason: "the connection was reset"))
        case .stage(let delivery): receive(delivery)
        case .service(let task, let result):
            if services.remove(task) != nil { deliver(.service(task, result)) }
        case .understood(let text): tell(.understood(text))
        case .key(let key): callee.channel.sendDigits(String(key))
        case .pressed: tell(.pressed)
        }
    }

    func phone(_ side: Side) -> VirtualPhone { side == .agent ? agent : callee }
}

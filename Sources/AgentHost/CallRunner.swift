import Conversation
import Glibc
import Logging
import LuaRuntime
import MediaEngine
import Net
import SansIO
import ScriptAPI
import Synchronization
import Telephony
import VoiceAgent

/// One call from its dispatch to its report: a `CallSession`, and the drivers that it commands.
///
/// Everything that happens reaches the session through one queue, in one order; that order is the event log.
final class CallRunner: Sendable {
    /// What all calls of a host share.
    struct Environment: Sendable {
        var userAgent: UserAgent
        var scripts: LuaExecutorPool
        var scriptLimits: ScriptLimits
        var model: RealtimeConfiguration
        var modelOptions: CallSession.ModelOptions
        var limits: CallSession.Limits
        /// Folder of the calls' files.
        var callsFolder: String
        var observer: @Sendable (CallObservation) -> Void
        var logger: Logger
    }

    private let plan: CallPlan
    private let environment: Environment
    private let events: AsyncStream<CallSession.Event>
    private let mailbox: AsyncStream<CallSession.Event>.Continuation

    init(_ plan: CallPlan, environment: Environment) {
        self.plan = plan
        self.environment = environment
        (events, mailbox) = AsyncStream<CallSession.Event>.makeStream()
    }

    /// Ends the call, in whatever state it is.
    func hangUp(reason: String) {
        mailbox.yield(.hangUpRequested(reason: reason))
    }

    /// Runs the call to its end.
    func run() async -> CallReport {
        var run = CallRun(plan, environment: environment, mailbox: mailbox)
        await run.prepare()
        mailbox.yield(.start)
        for await event in events {
            if await run.process(event) { break }
        }
        return await run.finish()
    }
}

/// What to call, and with what script.
struct CallPlan: Sendable {
    var id: String
    var dispatchID: String
    var room: String
    var target: CallTarget
    var flow: Flow
    var trunkID: String?
    var trunk: TrunkRoute?
    /// Header fields that the trunk asks for in every INVITE.
    var trunkHeaders: [String: String] = [:]
    var callerID: String?
    /// Unix time. [s]
    var startedAt: Double
}

/// The state of a running call; used by its one task.
private struct CallRun {
    private let plan: CallPlan
    private let environment: CallRunner.Environment
    private let mailbox: AsyncStream<CallSession.Event>.Continuation
    private let logger: Logger
    private let timer: DeadlineTimer
    private let model: RealtimeConnection
    private let gate: AudioGate
    private let began = MonotonicClock.now()
    private let scriptCommands: AsyncStream<ScriptCommand>.Continuation
    private let scriptCommandStream: AsyncStream<ScriptCommand>
    private var files: CallFiles
    private var session: CallSession
    private var call: PhoneCall?
    private var report: CallReport
    private var tasks: [Task<Void, Never>] = []

    init(_ plan: CallPlan, environment: CallRunner.Environment, mailbox: AsyncStream<CallSession.Event>.Continuation) {
        self.plan = plan
        self.environment = environment
        self.mailbox = mailbox
        var logger = environment.logger
        logger[metadataKey: "call"] = .string(plan.id)
        self.logger = logger
        timer = DeadlineTimer { mailbox.yield(.deadline) }
        model = RealtimeConnection(configuration: environment.model) { mailbox.yield(.model(ModelEvent($0))) }
        gate = AudioGate(model: model)
        (scriptCommandStream, scriptCommands) = AsyncStream<ScriptCommand>.makeStream()
        files = CallFiles(folder: environment.callsFolder + "/" + plan.id, logger: logger)
        let facts = CallFacts(
            id: plan.id, to: plan.target.number, from: plan.callerID ?? "", direction: .outbound,
            metadata: plan.target.metadata, startedAt: plan.startedAt, room: plan.room,
            mode: plan.flow.definition.mode, version: plan.flow.version)
        session = CallSession(
            configuration: CallSession.Configuration(
                facts: facts, definition: plan.flow.definition, model: environment.modelOptions,
                limits: environment.limits, callerID: plan.callerID))
        report = CallReport(
            id: plan.id, dispatchID: plan.dispatchID, agent: plan.flow.definition.name, room: plan.room,
            to: plan.target.number, from: plan.callerID ?? "", trunkID: plan.trunkID,
            scriptVersion: plan.flow.version, startedAt: plan.startedAt, endedAt: plan.startedAt,
            outcome: CallOutcome(
                kind: .cancelled, reason: "cancelled", message: "The call never began.", endedBy: .host))
        scriptFacts = facts
    }

    private let scriptFacts: CallFacts

    /// Opens the call's files and its script.
    mutating func prepare() async {
        files.create()
        let flow = plan.flow
        let limits = environment.scriptLimits
        let facts = scriptFacts
        let executor = environment.scripts.makeExecutor()
        let scriptLogger = logger
        let commands = scriptCommandStream
        let mailbox = mailbox
        tasks.append(
            Task {
                do {
                    let host = try await ScriptHost(executor: executor) {
                        try CallScript(
                            flow: flow, facts: facts, limits: limits, seed: UInt64.random(in: .min ... .max)
                        ) { level, message, fields in
                            scriptLogger.log(script: level, message, fields)
                        }
                    }
                    await host.run(commands) { mailbox.yield(.script($0, $1)) }
                } catch {
                    // Every command is answered, so that the session can end the call by its own rules.
                    let fault = (error as? ScriptFault) ?? ScriptFault(kind: .error, message: "\(error)")
                    for await command in commands {
                        if case .start(let task, _, _) = command { mailbox.yield(.script(task, .failed(fault))) }
                    }
                }
            })
    }

    /// Hands one event to the session and does what follows.
    ///
    /// - Returns: Whether the call is over.
    mutating func process(_ event: CallSession.Event) async -> Bool {
        let now = MonotonicClock.now()
        if let json = event.logged { files.log("in", elapsed: now - began, body: json) }
        var isOver = false
        for action in session.receive(event, at: now) {
            if let json = action.logged { files.log("out", elapsed: now - began, body: json) }
            if case .finish(let outcome) = action {
                report.outcome = outcome
                isOver = true
            } else {
                await perform(action, at: now)
            }
        }
        timer.arm(after: session.nextDeadline.map { $0 - now })
        return isOver
    }

    private mutating func perform(_ action: CallSession.Action, at now: Instant) async {
        switch action {
        case .connectModel:
            let model = model
            tasks.append(Task { await model.connect() })
        case .sendModel(let event): model.send(event)
        case .closeModel: model.close()
        case .dial(let options): await dial(options)
        case .listen: gate.open()
        case .hangUp(let reason): call?.hangUp(reason: reason)
        case .transfer(let target): transfer(target)
        case .play(let tag, let audio): call?.media.play(gate.toLine(audio), tag: tag)
        case .finishPlayout(let tag): call?.media.finish(tag: tag)
        case .flush:
            if let call {
                call.media.flush()
            } else {
                mailbox.yield(.media(.flushed(tag: nil, played: 0, dropped: 0)))
            }
        case .script(let command): scriptCommands.yield(command)
        case .observe(let observation): note(observation, at: now)
        case .finish: break
        }
    }

    private mutating func dial(_ options: CallSession.DialOptions) async {
        let mailbox = mailbox
        let gate = gate
        let handlers = PhoneCallHandlers(
            media: MediaStream.Handlers(
                uplink: { payload, _ in gate.receive(payload) },
                event: { event in if let report = MediaReport(event) { mailbox.yield(.media(report)) } })
        ) { event in
            switch event {
            case .answered(let codec, let headers):
                gate.keep(isALaw: codec == .pcma)
                mailbox.yield(.telephony(.answered(headers: headers)))
                // Both directions are open; the far end may keep silent for as long as it likes.
                mailbox.yield(.media(.started))
            case .digit(let digit, let duration): mailbox.yield(.media(.digit(digit, milliseconds: duration)))
            default:
                if let event = TelephonyEvent(event) { mailbox.yield(.telephony(event)) }
            }
        }
        do {
            let call = try await environment.userAgent.place(
                OutgoingCall(
                    target: plan.target.number, callerID: options.callerID ?? plan.callerID,
                    headers: plan.trunkHeaders.merging(options.headers) { $1 },
                    // The session gives up by a deadline of its own; a second one at the same moment would leave the
                    // outcome to chance.
                    ringTimeout: options.ringTimeout + .seconds(5), trunk: plan.trunk), handlers: handlers)
            self.call = call
            do {
                let logger = logger
                try call.media.startRecording(path: files.recordingPath) { outcome in
                    if let failure = outcome.failure { logger.error("the recording is incomplete: \(failure.message)") }
                }
                report.recordingPath = files.recordingPath
            } catch {
                logger.error("the call is not recorded: \(error.message)")
            }
        } catch {
            mailbox.yield(
                .telephony(.failed(TelephonyFailure(status: nil, reason: error.code.rawValue, sentence: error.message)))
            )
        }
    }

    private func transfer(_ target: String) {
        guard let call else { return }
        do {
            try call.transfer(to: target)
        } catch {
            mailbox.yield(.telephony(.transferEnded(status: 400, reason: error.message)))
        }
    }

    private mutating func note(_ observation: Observation, at now: Instant) {
        let elapsed = now - began
        environment.observer(CallObservation(callID: plan.id, elapsed: elapsed, observation: observation))
        logger.log(observation)
        switch observation {
        case .status(.active):
            report.answeredAt = plan.startedAt + elapsed.seconds
            report.setupTime = elapsed
        case .transcript(let entry):
            if entry.isFinal {
                report.transcript.append(entry)
                files.write(entry, began: began)
            }
        case .actionCalled(let callID, let name, let arguments):
            report.actions.append(CallReport.Action(callID: callID, name: name, arguments: arguments))
        case .actionReturned(let callID, _, let output, _): update(callID) { $0.output = output }
        case .actionRefused(let callID, let name, let reason):
            if !report.actions.contains(where: { $0.callID == callID }) {
                report.actions.append(CallReport.Action(callID: callID, name: name, arguments: ""))
            }
            update(callID) { $0.error = reason }
        case .actionFailed(let callID, _, let message): update(callID) { $0.error = message }
        case .interruption(let interruption): report.interruptions.append(interruption)
        case .latency(let latency): report.latencies.append(latency)
        default: break
        }
    }

    private mutating func update(_ callID: String, _ change: (inout CallReport.Action) -> Void) {
        guard let index = report.actions.lastIndex(where: { $0.callID == callID }) else { return }
        change(&report.actions[index])
    }

    /// Gives everything back, and closes the files.
    mutating func finish() async -> CallReport {
        timer.stop()
        gate.shut()
        model.close()
        scriptCommands.finish()
        mailbox.finish()
        if let call {
            report.statistics = call.media.statistics()
            call.media.stopRecording()
            call.media.close()
        }
        // A connection to the model that is still being made is given up.
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        report.endedAt = plan.startedAt + (MonotonicClock.now() - began).seconds
        report.eventLogPath = files.eventLogPath
        report.transcriptPath = files.transcriptPath
        await files.close()
        logger.notice(
            "call ended",
            metadata: [
                "outcome": .string(report.outcome.kind.rawValue), "reason": .string(report.outcome.reason),
                "by": .string(report.outcome.endedBy.rawValue), "message": .string(report.outcome.message),
            ])
        return report
    }
}

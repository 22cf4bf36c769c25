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
        var scriptEnvironment: ScriptEnvironment
        /// Where the script's random numbers begin; `nil`: anywhere.
        var scriptSeed: UInt64?
        var services: ScriptServices
        var fallbackVoice: FallbackVoice
        var model: RealtimeConfiguration
        var pipeline: PipelineEndpoints
        var liveOptions: LiveOptions
        /// Of all pipelines' requests.
        var modelHTTP: HTTPClient
        var modelOptions: CallSession.ModelOptions
        var limits: CallSession.Limits
        /// Folder of the calls' files.
        var callsFolder: String
        var observer: @Sendable (CallObservation) -> Void
        /// Told when a call has gone over to another version of its flow.
        var versionChanged: @Sendable (_ callID: String, _ version: String) -> Void
        var logger: Logger
    }

    private let plan: CallPlan
    private let environment: Environment
    private let line: CallLine

    /// - Parameter line: That of an incoming call, which has one already.
    init(_ plan: CallPlan, environment: Environment, line: CallLine? = nil) {
        self.plan = plan
        self.environment = environment
        self.line = line ?? CallLine()
    }

    /// Ends the call, in whatever state it is.
    func hangUp(reason: String) {
        line.mailbox.yield(.hangUpRequested(reason: reason))
    }

    /// Offers a newer version of the flow, for the next quiet point.
    func offer(_ flow: Flow) {
        let audio = flow.definition.fallback.map { environment.fallbackVoice.audio(of: $0.text) }
        line.offer(flow, fallbackAudio: audio ?? [])
    }

    /// Runs the call to its end.
    func run() async -> CallReport {
        var run = CallRun(plan, environment: environment, line: line)
        await run.prepare()
        line.mailbox.yield(.start)
        for await event in line.events {
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
    /// The telephone's end of an incoming call.
    var incoming: Incoming?
    /// Unix time. [s]
    var startedAt: Double

    /// What the host knows the call by: its dispatch, or its own id.
    var key: String { dispatchID.isEmpty ? id : dispatchID }

    struct Incoming: Sendable {
        let call: PhoneCall
        /// Of the INVITE, names in lower case.
        let headers: [String: String]
    }
}

/// The state of a running call; used by its one task.
private struct CallRun {
    private let plan: CallPlan
    private let environment: CallRunner.Environment
    private let line: CallLine
    /// `nil` where the flow's stages cannot be used.
    private let model: ModelLine?
    private var pipelineFailure: StageFailure?
    private let mailbox: AsyncStream<CallSession.Event>.Continuation
    private var logger: Logger
    private let timer: DeadlineTimer
    private let began = MonotonicClock.now()
    private let scriptCommands: AsyncStream<ScriptCommand>.Continuation
    private let scriptCommandStream: AsyncStream<ScriptCommand>
    private let scriptFacts: CallFacts
    private var files: CallFiles
    private var session: CallSession
    private var call: PhoneCall?
    private var report: CallReport
    private var tasks: [Task<Void, Never>] = []
    /// Where the script's random numbers begin; the event log has it, so that the script can be run again.
    private let seed: UInt64
    private var services: [ScriptTaskID: Task<Void, Never>] = [:]
    /// Names of the files, in the call's folder.
    private var recordings: [String] = []

    init(_ plan: CallPlan, environment: CallRunner.Environment, line: CallLine) {
        self.plan = plan
        self.environment = environment
        self.line = line
        let mailbox = line.mailbox
        self.mailbox = mailbox
        seed = environment.scriptSeed ?? .random(in: .min ... .max)
        var logger = environment.logger
        logger[metadataKey: "call"] = .string(plan.id)
        logger[metadataKey: "script"] = .string(plan.flow.version)
        self.logger = logger
        timer = DeadlineTimer { mailbox.yield(.deadline) }
        (scriptCommandStream, scriptCommands) = AsyncStream<ScriptCommand>.makeStream()
        files = CallFiles(folder: environment.callsFolder + "/" + plan.id, logger: logger)
        call = plan.incoming?.call
        let facts = CallFacts(
            id: plan.id, to: plan.target.number, from: plan.callerID ?? "",
            direction: plan.incoming == nil ? .outbound : .inbound, metadata: plan.target.metadata,
            headers: plan.incoming?.headers ?? [:], startedAt: plan.startedAt, room: plan.room,
            mode: plan.flow.definition.mode.rawValue, version: plan.flow.version)
        var configuration = CallSession.Configuration(
            facts: facts, definition: plan.flow.definition, model: environment.modelOptions,
            limits: environment.limits, callerID: plan.callerID)
        configuration.seed = seed
        if let fallback = plan.flow.definition.fallback {
            configuration.fallbackAudio = environment.fallbackVoice.audio(of: fallback.text)
        }
        switch plan.flow.definition.mode {
        case .realtime:
            model = .realtime(RealtimeLine(configuration: environment.model, mailbox: mailbox))
        case .live:
            configuration.live = environment.liveOptions
            model = .live(
                LiveLine(configuration: environment.model, options: environment.liveOptions, mailbox: mailbox))
        case .pipeline: (model, pipelineFailure) = CallRun.pipeline(plan, environment, &configuration, mailbox)
        }
        if let model { line.gate.connect { model.append($0) } }
        session = CallSession(configuration: configuration)
        report = CallReport(
            id: plan.id, dispatchID: plan.dispatchID, agent: plan.flow.definition.name, room: plan.room,
            to: plan.target.number, from: plan.callerID ?? "", trunkID: plan.trunkID,
            scriptVersion: plan.flow.version, startedAt: plan.startedAt, endedAt: plan.startedAt,
            outcome: CallOutcome(
                kind: .cancelled, reason: "cancelled", message: "The call never began.", endedBy: .host))
        scriptFacts = facts
    }

    /// Opens the call's files and its script.
    mutating func prepare() async {
        files.create()
        files.log(.begin, elapsed: .zero, body: beginning.logged)
        files.log(.flow, elapsed: .zero, body: plan.flow.logged.logged)
        if let call { record(call) }
        let flow = plan.flow
        let facts = scriptFacts
        let executor = environment.scripts.makeExecutor()
        let commands = scriptCommandStream
        let mailbox = mailbox
        let line = line
        let make = makeScript
        tasks.append(
            Task {
                do throws(ScriptFault) {
                    let host = try await ScriptHost(executor: executor, flow: flow, facts: facts, makeScript: make)
                    await host.run(commands, flow: { line.takenFlow($0) }) { mailbox.yield(.script($0, $1)) }
                } catch {
                    // Every command is answered, so that the session can end the call by its own rules.
                    for await command in commands {
                        switch command {
                        case .start(let task, _, _), .handOver(let task, _, _):
                            mailbox.yield(.script(task, .failed(error)))
                        case .resume, .cancel, .forget: break
                        }
                    }
                }
            })
    }

    private var beginning: CallLogBeginning {
        CallLogBeginning(
            seed: seed, clock: began, flowPath: plan.flow.path, configuration: session.configuration,
            script: ScriptSurroundings(
                limits: environment.scriptLimits, environment: environment.scriptEnvironment
            ).logged)
    }

    private var makeScript: ScriptHost.MakeScript {
        let limits = environment.scriptLimits
        let scriptEnvironment = environment.scriptEnvironment
        let logger = logger
        let seed = seed
        return { (flow, facts) throws(ScriptFault) in
            var logger = logger
            logger[metadataKey: "script"] = .string(flow.version)
            return try CallScript(
                flow: flow, facts: facts, limits: limits, environment: scriptEnvironment,
                seed: seed
            ) { [logger] level, message, fields in logger.log(script: level, message, fields) }
        }
    }

    /// Hands one event to the session and does what follows.
    ///
    /// - Returns: Whether the call is over.
    mutating func process(_ event: CallSession.Event) async -> Bool {
        let now = MonotonicClock.now()
        if case .flowOffered(let version, _, _) = event, let flow = line.told(version) {
            files.log(.flow, elapsed: now - began, body: flow.logged.logged)
        }
        files.log(.event, elapsed: now - began, body: event.logged)
        if case .service(let task, _) = event { services[task] = nil }
        var isOver = false
        for action in session.receive(event, at: now) {
            files.log(.action, elapsed: now - began, body: action.logged)
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
            switch model {
            case .realtime(let line):
                let connection = line.next()
                tasks.append(Task { await connection.connect() })
            case .live(let line): if let connection = line.next() { tasks.append(Task { await connection.connect() }) }
            case .pipeline, nil: break
            }
        case .sendModel(let event): if case .realtime(let line)? = model { line.send(event) }
        case .sendLive(let event): if case .live(let line)? = model { line.send(event) }
        case .closeModel: model?.close()
        case .pipeline(let command): perform(command)
        case .dial(let options): await dial(options)
        case .ring: call?.ring()
        case .answer: call?.answer()
        case .reject(let status): call?.reject(status: status)
        case .listen:
            model?.listen()
            line.gate.open()
        case .keepAudio(let duration): line.gate.keep(last: duration)
        case .mute(let isMuted): line.gate.mute(isMuted)
        case .hangUp(let reason): call?.hangUp(reason: reason)
        case .transfer(let target): transfer(target)
        case .play(let tag, let audio): call?.media.play(line.gate.toLine(audio), tag: tag)
        case .finishPlayout(let tag): call?.media.finish(tag: tag)
        case .flush:
            if let call {
                call.media.flush()
            } else {
                mailbox.yield(.media(.flushed(tag: nil, played: 0, dropped: 0)))
            }
        case .pausePlayout: call?.media.pause()
        case .resumePlayout: call?.media.resume()
        case .measure:
            if let call { mailbox.yield(.media(.measured(MediaQuality(call.media.statistics())))) }
        case .script(let command):
            if case .handOver(_, let version, _) = command { line.take(version) }
            scriptCommands.yield(command)
        case .service(let task, let request): serve(request, for: task)
        case .cancelService(let task):
            // It is waited for at the end: a change of what scripts keep is finished.
            if let service = services.removeValue(forKey: task) {
                service.cancel()
                tasks.append(service)
            }
        case .observe(let observation): note(observation, at: now)
        case .finish: break
        }
    }

    /// The stages of the call's flow.
    private static func pipeline(
        _ plan: CallPlan, _ environment: CallRunner.Environment, _ configuration: inout CallSession.Configuration,
        _ mailbox: AsyncStream<CallSession.Event>.Continuation
    ) -> (ModelLine?, StageFailure?) {
        do {
            let stages = try environment.pipeline.configuration(for: plan.flow.definition)
            configuration.pipeline = environment.pipeline.options(for: plan.flow.definition)
            let connection = try PipelineConnection(configuration: stages, client: environment.modelHTTP) {
                mailbox.yield(.pipeline($0))
            }
            return (.pipeline(connection), nil)
        } catch let failure as StageFailure {
            return (nil, failure)
        } catch {
            return (nil, StageFailure(stage: .llm, severity: .fatal, message: "\(error)"))
        }
    }

    private func perform(_ command: PipelineCommand) {
        if case .pipeline(let connection)? = model {
            connection.perform(command)
        } else if case .open = command, let pipelineFailure {
            mailbox.yield(.pipeline(.failed(pipelineFailure)))
        }
    }

    private mutating func dial(_ options: CallSession.DialOptions) async {
        do {
            let call = try await environment.userAgent.place(
                OutgoingCall(
                    target: plan.target.number, callerID: options.callerID ?? plan.callerID,
                    headers: plan.trunkHeaders.merging(options.headers) { $1 },
                    // The session gives up by a deadline of its own; a second one at the same moment would leave the
                    // outcome to chance.
                    ringTimeout: options.ringTimeout + .seconds(5), trunk: plan.trunk), handlers: line.handlers)
            self.call = call
            record(call)
        } catch {
            mailbox.yield(
                .telephony(.failed(TelephonyFailure(status: nil, reason: error.code.rawValue, sentence: error.message)))
            )
        }
    }

    // MARK: Recording

    /// Records the call from its beginning.
    private mutating func record(_ call: PhoneCall) {
        do {
            try startRecording(call, path: files.recordingPath)
            recordings.append("recording.wav")
            report.recordingPath = files.recordingPath
        } catch {
            logger.error("the call is not recorded: \(error.message)")
        }
    }

    private mutating func startRecording(_ call: PhoneCall, path: String) throws(MediaError) {
        let logger = logger
        try call.media.startRecording(path: path) { outcome in
            if let failure = outcome.failure { logger.error("the recording is incomplete: \(failure.message)") }
        }
    }

    /// `call:record`: a file of its own in the call's folder.
    private mutating func record(named name: String?) -> ScriptReply {
        guard let call else { return .failure(code: .wrongStatus, message: "there is nothing to record yet") }
        let name = name ?? "recording-\(recordings.count + 1).wav"
        if let refusal = CallFiles.refusal(ofRecording: name, besides: recordings) { return refusal }
        let path = files.path(of: name)
        do {
            try startRecording(call, path: path)
            recordings.append(name)
            return .value(.string(path))
        } catch {
            return .failure(code: .failed, message: error.message)
        }
    }

    // MARK: Services

    private mutating func serve(_ request: ServiceRequest, for task: ScriptTaskID) {
        let mailbox = mailbox
        switch request {
        case .record(let name): mailbox.yield(.service(task, .reply(record(named: name))))
        case .stopRecording:
            call?.media.stopRecording()
            mailbox.yield(.service(task, .reply(.value(true))))
        case .http, .store, .loadAudio:
            let services = environment.services
            let agent = plan.flow.definition.name
            let folder = plan.flow.folder
            self.services[task] = Task {
                let result = await services.perform(request, agent: agent, flowFolder: folder)
                if !Task.isCancelled { mailbox.yield(.service(task, result)) }
            }
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
        logger.log(observation, elapsed: elapsed)
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
        case .modelReconnected(_, _, _, planned: false): report.reconnects += 1
        case .latency(let latency): report.latencies.append(latency)
        case .flowChanged(let version, _):
            report.scriptVersion = version
            environment.versionChanged(plan.id, version)
            logger[metadataKey: "script"] = .string(version)
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
        line.gate.shut()
        model?.close()
        scriptCommands.finish()
        mailbox.finish()
        if let call {
            report.statistics = call.media.statistics()
            call.media.stopRecording()
            call.media.close()
        }
        // A connection to the model that is still being made is given up.
        for task in tasks + services.values { task.cancel() }
        for task in tasks + services.values { await task.value }
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

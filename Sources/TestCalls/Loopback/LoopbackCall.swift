import AgentHost
import Audio
import Conversation
import LiveKit
import Logging
import LuaRuntime
import MediaEngine
import Net
import OfflineModel
import SansIO
import Speech
import Telephony

/// One test call over the wire: drives the test by what its callee hears and its agent reports, and the callee's
/// telephone by what the test says. Belongs to one executor at a time.
final class LoopbackCall {
    /// What happens on other threads, in one order.
    enum Input: Sendable {
        case phone(LoopbackPhone.Input)
        case audio([UInt8])
        case media(MediaEvent)
        case observed(Observation)
        case ended(CallReport)
        case understood(String)
        case note(String)
        /// The call cannot be made, or not go on.
        case failed(String)
        case agentIsShut
        case deadline
    }

    /// What is to happen later.
    enum Plan {
        case key(Character)
        case pressed
        case modelReset
        /// The test is aborted.
        case abort
        /// Nothing is waited for any more.
        case leave
    }

    /// Beyond the test's time limit the call is aborted, and later left as it is.
    private static let longestAfterlife = Duration.seconds(30)
    private static let patienceForShutdown = Duration.seconds(15)

    let plan: LoopbackPlan
    let stage: LoopbackStage
    let number: Int
    let run: TestRun
    let model: LoopbackModel
    let voice: UtteranceAudio
    private let ears: CalleeEars
    private let hearing: LoopbackHearing?
    let inputs: AsyncStream<Input>.Continuation
    private let stream: AsyncStream<Input>
    private let timer: DeadlineTimer
    /// `nil` where somebody else's telephone takes the call.
    var phone: LoopbackPhone?
    private var agent: LoopbackAgent?
    private(set) var report: CallReport?
    /// The beginning of the test's clock.
    private var origin = MonotonicClock.now()
    var plans = EventQueue<Plan>()
    private var isShuttingDown = false
    private var isOver = false

    // What the callee sends.
    var lastTag: UInt32 = 0
    /// What the test waits for: the tag that is spoken.
    var spokenTag: UInt32?

    /// - Throws: `TestFileError`, `VoiceActivityDetector.Failure`.
    init(_ plan: LoopbackPlan, on stage: LoopbackStage) throws {
        self.plan = plan
        self.stage = stage
        number = stage.nextCall()
        run = try TestRun(plan.test, seed: plan.seed)
        let (stream, inputs) = AsyncStream<Input>.makeStream()
        self.stream = stream
        self.inputs = inputs
        timer = DeadlineTimer { inputs.yield(.deadline) }
        ears = try CalleeEars(keepsSamples: plan.test.usesRecognition)
        model = stage.openModel(plan, call: number) { inputs.yield(.note($0)) }
        hearing =
            plan.test.usesRecognition
            ? LoopbackHearing(stage.ears, executor: stage.recognizers.makeExecutor()) : nil
        voice = UtteranceAudio(
            sentences: stage.sentences,
            voice: SpeechSynthesizer.Voice(rawValue: plan.test.options.voice ?? stage.configuration.voice) ?? .awb,
            folder: plan.testFolder)
    }

    /// Plays the call to its end.
    func play() async -> TestResult {
        do {
            try await prepare()
        } catch {
            await close()
            return .notRun(plan.test, seed: plan.seed, message: "The call cannot be made: \(error)")
        }
        origin = MonotonicClock.now()
        plans.insert(.abort, at: origin + plan.test.options.timeLimit + LoopbackCall.longestAfterlife)
        await perform(run.receive(.began, at: now))
        if plan.test.options.direction == .outbound { dispatch() }
        await arm()
        for await input in stream {
            await process(input)
            await arm()
            if isOver { break }
        }
        // Whoever waits for the result may have given up.
        if !isShuttingDown, let agent {
            stage.agentShutsDown()
            stage.agentIsShut(openRequests: await agent.shutDown())
        }
        await close()
        var result =
            run.result ?? .notRun(plan.test, seed: plan.seed, message: "The call did not end, and was given up.")
        do {
            (result.recording, result.eventLog) = try agent?.takeFiles(of: report) ?? (nil, nil)
        } catch {
            stage.logger.error("the files of a test call are lost: \(error)")
        }
        return result
    }

    /// Opens the callee's telephone, and starts the agent's side.
    private func prepare() async throws {
        let inputs = inputs
        var callee = plan.strangerIsURI ? nil : plan.stranger
        if plan.stranger == nil {
            let phone = try await LoopbackPhone.open(
                plan.test.options.network, seed: plan.seed, media: stage.media,
                handlers: MediaStream.Handlers(
                    uplink: { payload, _ in inputs.yield(.audio(Array(payload))) },
                    event: { inputs.yield(.media($0)) })
            ) { inputs.yield(.phone($0)) }
            self.phone = phone
            callee = phone.address
        }
        agent = try await LoopbackAgent.start(
            plan, configuration: stage.hostConfiguration(plan, call: number, model: model), callee: callee,
            logger: stage.logger, observed: { inputs.yield(.observed($0)) }, ended: { inputs.yield(.ended($0)) })
    }

    private func dispatch() {
        guard let agent else { return }
        let inputs = inputs
        Task {
            do throws(TwirpError) {
                try await agent.dispatch()
            } catch {
                inputs.yield(.failed("The call cannot be dispatched: \(error.message)."))
            }
        }
    }

    private func close() async {
        timer.stop()
        inputs.finish()
        await phone?.close()
        stage.closeModel(model)
    }

    // MARK: Time

    /// By the test's clock.
    var now: Instant { .zero + (MonotonicClock.now() - origin) }

    private func arm() async {
        if run.result != nil, !isShuttingDown { shutDown() }
        let test = run.nextDeadline.map { origin + ($0 - .zero) }
        let deadlines = [plans.next, phone?.nextDeadline, test].compactMap { $0 }
        timer.arm(after: deadlines.min().map { $0 - MonotonicClock.now() })
    }

    /// Ends the agent's side, while the callee's still answers what comes.
    private func shutDown() {
        guard let agent else { return }
        isShuttingDown = true
        plans.insert(.leave, at: MonotonicClock.now() + LoopbackCall.patienceForShutdown)
        let (inputs, stage) = (inputs, stage)
        stage.agentShutsDown()
        Task {
            stage.agentIsShut(openRequests: await agent.shutDown())
            inputs.yield(.agentIsShut)
        }
    }

    // MARK: What happens

    private func process(_ input: Input) async {
        switch input {
        case .phone(let input): await hear(phone?.receive(input, at: MonotonicClock.now()) ?? [])
        case .audio(let payload): await listen(payload)
        case .media(let event): await hear(event)
        case .observed(let observation): await observe(observation)
        case .ended(let report):
            self.report = report
            await perform(run.receive(.finished(report.outcome), at: now))
        case .understood(let text): await perform(run.receive(.understood(text), at: now))
        case .note(let text): run.note(text, at: now)
        case .failed(let message): await perform(run.abort(message, at: now))
        case .agentIsShut: isOver = true
        case .deadline: await performDue()
        }
    }

    private func performDue() async {
        let now = MonotonicClock.now()
        while let plan = plans.takeDue(at: now) {
            switch plan {
            case .key(let key): phone?.stream.sendDigits(String(key))
            case .pressed: await perform(run.receive(.pressed, at: self.now))
            case .modelReset: stage.server.dropSessions(key: model.key)
            case .abort:
                let limit = LoopbackCall.longestAfterlife.milliseconds / 1_000
                await perform(run.abort("The call went on for \(limit) s beyond the test's time limit.", at: self.now))
            case .leave: isOver = true
            }
        }
        await hear(phone?.advance(at: now) ?? [])
        await perform(run.receive(.deadline, at: self.now))
    }

    private func observe(_ observation: Observation) async {
        if phone == nil, case .status(let status) = observation {
            // Only the agent's side tells how far the call with a stranger is.
            switch status {
            case .ringing, .early: await perform(run.receive(.ringing, at: now))
            case .active:
                await perform(run.receive(.ringing, at: now))
                await answered()
            case .dialing, .hangup: break
            }
        }
        await perform(run.receive(.observed(observation), at: now))
    }

    private func answered() async {
        if let reset = plan.test.options.network.resetModelAfter {
            plans.insert(.modelReset, at: MonotonicClock.now() + reset)
        }
        await perform(run.receive(.answered, at: now))
    }

    func hear(_ events: [LoopbackPhone.Event]) async {
        for event in events {
            switch event {
            case .incoming, .call(.ringing): await perform(run.receive(.ringing, at: now))
            case .call(.answered):
                phone?.noteAnswer(at: MonotonicClock.now())
                await answered()
            case .call(.transferRequested(let target)):
                await perform(run.receive(.transferRequested(target), at: now))
            case .call(.ended(let byRemote, let reason)): await ended(byRemote: byRemote, reason)
            case .call(.failed(_, let reason, _)): await ended(byRemote: true, reason)
            case .call(.held), .call(.digit), .call(.transferAccepted), .call(.transferProgress), .call(.transferEnded):
                break
            }
        }
    }

    private func ended(byRemote: Bool, _ reason: String) async {
        phone?.stream.close()
        await perform(run.receive(.calleeEnded(byRemote: byRemote, reason: reason), at: now))
    }

    private func hear(_ event: MediaEvent) async {
        guard let tag = spokenTag else { return }
        switch event {
        case .playoutEnded(tag, _, _), .flushed:
            spokenTag = nil
            await perform(run.receive(.spoken, at: now))
        default: break
        }
    }

    private func listen(_ payload: [UInt8]) async {
        let law = phone?.law ?? .mu
        for event in payload.withUnsafeBytes({ ears.hear($0, law) }) {
            switch event {
            case .started: await perform(run.receive(.agentSpeech(started: true), at: now))
            case .stopped(let samples):
                await perform(run.receive(.agentSpeech(started: false), at: now))
                if let hearing { understand(samples, hearing) }
            }
        }
    }

    private func understand(_ samples: [Int16], _ hearing: LoopbackHearing) {
        let inputs = inputs
        let audio = G711.encode(samples, .mu)
        Task {
            do {
                inputs.yield(.understood(try await hearing.hear(audio)))
            } catch {
                inputs.yield(.note("the callee's recogniser failed: \(error)"))
            }
        }
    }

    /// Ends the call from the agent's side: it has not reached the callee, or that is not ours to command.
    func endAgentsCall() async {
        await agent?.hangUp(reason: "the test is over")
    }

    /// Where the agent can be called.
    var agentTrunk: TrunkRoute? { agent?.trunk }
}

import Audio
import MediaEngine
import Net
import SansIO
import Speech
import Synchronization
import Telephony

/// The driver of a ``CalleeSession``: ears, mouth and telephone.
actor CalleeBrain {
    private enum Input: Sendable {
        case call(PhoneCall)
        case telephony(PhoneCallEvent)
        case audio([UInt8])
        case spoken
        case deadline
    }

    private nonisolated let inputs: AsyncStream<Input>.Continuation
    private let stream: AsyncStream<Input>
    private let timer: DeadlineTimer
    private let observer: @Sendable (ScriptedCallee.Observation) -> Void
    private let answerDelay: Duration
    private let hearing: Hearing
    private let ears: CalleeEars
    /// What it will say, in µ-law.
    private let lines: [String: [UInt8]]
    private var session: CalleeSession
    private var call: PhoneCall?
    private var answerAt: Instant?
    private var lastTag: UInt32 = 0
    private var isOver = false

    init(_ script: CalleeScript, observer: @escaping @Sendable (ScriptedCallee.Observation) -> Void) async throws {
        self.observer = observer
        answerDelay = script.answerDelay
        session = CalleeSession(script: script)
        let (stream, continuation) = AsyncStream<Input>.makeStream()
        self.stream = stream
        inputs = continuation
        timer = DeadlineTimer { continuation.yield(.deadline) }
        ears = try CalleeEars(keepsSamples: true)
        hearing = try Hearing(phrases: script.expectedPhrases)
        var lines: [String: [UInt8]] = [:]
        let voice = SpeechSynthesizer.Voice(rawValue: script.voice) ?? .slt
        for case .say(let text) in script.steps.map(\.spoken) {
            let speech = try SpeechSynthesizer().synthesize(text, voice: voice, sampleRate: G711.sampleRate)
            lines[text] = speech.samples.map { G711.encode($0, .mu) }
        }
        self.lines = lines
        Task { await self.run() }
    }

    /// The handlers of the call that it takes.
    nonisolated func take(_ call: IncomingPhoneCall) -> UserAgent.IncomingDecision {
        observer(.ringing(from: call.from))
        let inputs = inputs
        let handlers = PhoneCallHandlers(
            media: MediaStream.Handlers(
                uplink: { payload, _ in inputs.yield(.audio(Array(payload))) },
                event: { event in if case .playoutEnded = event { inputs.yield(.spoken) } })
        ) { inputs.yield(.telephony($0)) }
        return UserAgent.IncomingDecision(handlers: handlers) { inputs.yield(.call($0)) }
    }

    /// Nothing is processed any more.
    nonisolated func stop() {
        inputs.finish()
    }

    private func run() async {
        for await input in stream {
            await process(input)
            if isOver { break }
        }
        timer.stop()
        call?.media.close()
    }

    private func process(_ input: Input) async {
        let now = MonotonicClock.now()
        switch input {
        case .call(let call):
            self.call = call
            call.ring()
            answerAt = now + answerDelay
            timer.arm(after: answerDelay)
        case .telephony(.answered):
            observer(.answered)
            advance(.answered, at: now)
        case .telephony(.ended), .telephony(.failed):
            advance(.ended, at: now)
            isOver = true
        case .telephony: break
        case .audio(let payload): await hear(payload)
        case .spoken: advance(.spoken, at: now)
        case .deadline:
            if let due = answerAt, now >= due {
                answerAt = nil
                call?.answer()
            }
            advance(.deadline, at: now)
            timer.arm(after: (answerAt ?? session.nextDeadline).map { $0 - now })
        }
    }

    private func advance(_ input: CalleeSession.Input, at now: Instant) {
        for action in session.receive(input, at: now) {
            switch action {
            case .speak(let text):
                observer(.speaking(text))
                lastTag += 1
                call?.media.play(lines[text] ?? [], tag: lastTag)
                call?.media.finish(tag: lastTag)
            case .hangUp: call?.hangUp()
            case .finish(let outcome): observer(.finished(outcome))
            }
        }
        timer.arm(after: session.nextDeadline.map { $0 - now })
    }

    private func hear(_ payload: [UInt8]) async {
        for event in payload.withUnsafeBytes({ ears.hear($0, .mu) }) {
            switch event {
            case .started: advance(.agentStarted, at: MonotonicClock.now())
            case .stopped(let samples):
                await recognize(samples)
                advance(.agentStopped, at: MonotonicClock.now())
            }
        }
    }

    private func recognize(_ samples: [Int16]) async {
        do {
            let text = try await hearing.recognize(samples)
            guard !text.isEmpty else { return }
            observer(.heard(text))
            advance(.heard(text), at: MonotonicClock.now())
        } catch {
            // An utterance that cannot be decoded is one that was not understood.
            observer(.heard("(not understood: \(error))"))
        }
    }
}

extension CalleeScript.Step {
    /// The step as far as something is said in it.
    fileprivate var spoken: CalleeScript.Step {
        if case .interrupt(_, let text) = self { .say(text) } else { self }
    }
}

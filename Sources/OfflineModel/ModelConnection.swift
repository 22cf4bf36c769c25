import Logging
import LuaRuntime
import Net
import SansIO
import Speech

/// Drives one session: one queue of inputs, one task that takes from it.
///
/// Frames, deadlines and finished work enter the queue from any thread; the task owns session and voice detector.
struct ModelConnection: Sendable {
    /// What all sessions of a server share.
    struct Services: Sendable {
        let library: PersonaLibrary
        /// `nil` where nothing is recognised.
        let recognition: RecognitionWorkers?
        let synthesis: SynthesisWorker
        let scripts: LuaExecutorPool
    }

    enum Event: Sendable {
        case input(RealtimeServerSession.Input)
        case closed
    }

    let services: Services
    let socket: WebSocketConnection
    let queue: AsyncStream<Event>.Continuation
    let events: AsyncStream<Event>
    /// Begins at ``Instant/zero``.
    let session: any ModelServerSession
    /// What becomes of what the session sends.
    let faults: MisbehavingSession
    /// Of the persona's randomness.
    let seed: UInt64
    let today: String
    /// `nil`: the library's.
    let persona: PersonaDefinition?
    /// Hears and answers in the persona's place.
    let script: ScriptedModel?
    let logsTranscripts: Bool
    let logger: Logger

    /// Receives what happens on the socket; callable on its event loop.
    func receive(_ event: WebSocketEvent) {
        switch event {
        case .text(let bytes): queue.yield(.input(.text(bytes)))
        case .binary: queue.yield(.input(.binary))
        case .closed:
            queue.yield(.closed)
            queue.finish()
        }
    }

    /// Serves the session until the socket is closed.
    func run() async {
        let started = ContinuousClock.now
        let voice: VoiceFrames
        do {
            voice = try VoiceFrames()
        } catch {
            logger.error("no voice detector: \(error)")
            socket.close(code: 1011, reason: "no voice detector")
            return
        }
        let persona: PersonaDefinition
        if let own = self.persona { persona = own } else { persona = await services.library.definition() }
        let worker = PersonaWorker(
            definition: persona, today: today, seed: seed, script: script,
            executor: services.scripts.makeExecutor())
        var session = session
        var faults = faults
        let timer = DeadlineTimer { [queue] in queue.yield(.input(.deadline)) }
        defer { timer.stop() }
        logger.debug("session begins")

        var now = Instant.zero
        var actions = session.start()
        var inputs: [RealtimeServerSession.Input] = []
        var iterator = events.makeAsyncIterator()
        while true {
            var outputs: [VirtualModel.Output] = []
            for action in actions {
                if let input = perform(action, voice: voice, persona: persona, brain: worker, &outputs) {
                    inputs.append(input)
                }
            }
            for output in faults.pass(outputs, at: now) { send(output) }
            if inputs.isEmpty {
                now = Instant(nanoseconds: (ContinuousClock.now - started).nanoseconds)
                let deadline = [session.nextDeadline, faults.nextDeadline].compactMap(\.self).min()
                timer.arm(after: deadline.map { $0 - now })
                guard case .input(let input) = await iterator.next() else { break }
                inputs.append(input)
            }
            now = Instant(nanoseconds: (ContinuousClock.now - started).nanoseconds)
            actions = session.receive(inputs.removeFirst(), at: now)
        }
        logger.debug("session ends")
    }

    private func send(_ output: VirtualModel.Output) {
        switch output {
        case .text(let bytes): socket.send(text: bytes)
        case .closed(let code, let reason): socket.close(code: code, reason: reason)
        case .dropped: socket.abort()
        }
    }

    /// Performs one action.
    ///
    /// - Parameter outputs: Gets what the action sends.
    /// - Returns: What the session shall be told at once.
    private func perform(
        _ action: RealtimeServerSession.Action, voice: VoiceFrames, persona: PersonaDefinition, brain: PersonaWorker,
        _ outputs: inout [VirtualModel.Output]
    ) -> RealtimeServerSession.Input? {
        switch action {
        case .send(let event): outputs.append(.text(event.bytes))
        case .sendFrame(let text): outputs.append(.text(Array(text.utf8)))
        case .listen(let audio, let format):
            let frames = voice.judge(audio, format)
            return frames.isEmpty ? nil : .voice(frames: frames)
        case .restartListening: voice.restart()
        case .transcribe(let job, let audio, let format):
            Task { queue.yield(.input(await transcribe(audio, format, job: job, persona: persona))) }
        case .think(let job, let request):
            Task { queue.yield(.input(await think(request, job: job, brain: brain))) }
        case .synthesise(let job, let speech):
            Task { queue.yield(.input(await synthesise(speech, job: job, persona: persona))) }
        case .close(let code, let reason): outputs.append(.closed(code: code, reason: reason))
        case .drop: outputs.append(.dropped)
        }
        return nil
    }

    private func transcribe(
        _ audio: [UInt8], _ format: RealtimeAudioFormat, job: Int, persona: PersonaDefinition
    ) async -> RealtimeServerSession.Input {
        if let words = script?.words { return .transcribed(job: job, words: words()) }
        guard let recognition = services.recognition else { return .transcribed(job: job, words: "") }
        do {
            let words = try await recognition.withWorker { try await $0.hear(audio, format, persona: persona) }
            if logsTranscripts { logger.info("heard", metadata: ["words": "\(words)"]) }
            return .transcribed(job: job, words: words)
        } catch {
            logger.warning("recognition failed: \(error)")
            return .transcriptionFailed(job: job, message: "Recognition failed: \(error)")
        }
    }

    private func think(_ request: PersonaRequest, job: Int, brain: PersonaWorker) async -> RealtimeServerSession.Input {
        do {
            return .thought(job: job, steps: try await brain.answer(request))
        } catch {
            logger.error("the persona failed: \(error.message)")
            return .thoughtFailed(job: job, message: error.message)
        }
    }

    private func synthesise(
        _ speech: RealtimeServerSession.Speech, job: Int, persona: PersonaDefinition
    ) async -> RealtimeServerSession.Input {
        do {
            let audio = try await services.synthesis.speak(speech, voice: persona.voice ?? .awb)
            if logsTranscripts { logger.info("said", metadata: ["words": "\(speech.text)"]) }
            return .synthesised(job: job, audio: audio)
        } catch {
            logger.warning("synthesis failed: \(error)")
            return .synthesisFailed(job: job, message: "Synthesis failed: \(error)")
        }
    }
}

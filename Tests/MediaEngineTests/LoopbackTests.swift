import Audio
import Glibc
import MediaEngine
import SansIO
import Synchronization
import Testing

/// What a stream has handed up, and a way to wait for it.
private final class Listener: Sendable {
    private struct State {
        var audio: [UInt8] = []
        var events: [MediaEvent] = []
        var waiting: [(Int, @Sendable (State) -> Bool, CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    var handlers: MediaStream.Handlers {
        MediaStream.Handlers(
            uplink: { [self] bytes, _ in update { $0.audio += Array(bytes) } },
            event: { [self] event in update { $0.events.append(event) } })
    }

    var audio: [UInt8] { state.withLock { $0.audio } }
    var events: [MediaEvent] { state.withLock { $0.events } }

    private func update(_ change: (inout State) -> Void) {
        let ready = state.withLock { state in
            change(&state)
            let ready = state.waiting.filter { $0.1(state) }
            let current = state
            state.waiting.removeAll { $0.1(current) }
            return ready.map(\.2)
        }
        for continuation in ready { continuation.resume() }
    }

    private func wait(_ condition: @escaping @Sendable (State) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                if condition(state) { return true }
                state.waiting.append((0, condition, continuation))
                return false
            }
            if isReady { continuation.resume() }
        }
    }

    func waitForAudio(_ count: Int) async { await wait { $0.audio.count >= count } }

    func waitForEvent(_ condition: @escaping @Sendable (MediaEvent) -> Bool) async {
        await wait { $0.events.contains(where: condition) }
    }
}

/// The outcome of a recording, to be waited for.
private final class Outcome: Sendable {
    private let stream: AsyncStream<RecordingOutcome>
    private let continuation: AsyncStream<RecordingOutcome>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    func complete(_ outcome: RecordingOutcome) {
        continuation.yield(outcome)
        continuation.finish()
    }

    func value() async throws -> RecordingOutcome {
        for await outcome in stream { return outcome }
        throw CancellationError()
    }
}

@Suite("Media engines on loopback", .serialized, .timeLimit(.minutes(1)))
struct LoopbackTests {
    private func engine(_ ports: ClosedRange<UInt16>) throws -> MediaEngine {
        var configuration = MediaEngine.Configuration()
        configuration.bindAddress = "127.0.0.1"
        configuration.ports = ports
        return try MediaEngine(configuration)
    }

    private func parameters(to stream: MediaStream, _ codec: MediaParameters.Codec = .pcmu) -> MediaParameters {
        MediaParameters(
            remote: TransportAddress(host: "127.0.0.1", port: stream.localPort), codec: codec,
            telephoneEventSendPayloadType: 101, telephoneEventReceivePayloadType: 101)
    }

    private func temporaryPath(_ name: String) -> String {
        "/tmp/moonline-media-\(getpid())-\(name).wav"
    }

    @Test("Two engines play tones to each other; both are heard, and stand side by side in the recording")
    func tones() async throws {
        let (one, two) = (try engine(21_000...21_099), try engine(21_100...21_199))
        let (heardByOne, heardByTwo) = (Listener(), Listener())
        let first = try one.open(handlers: heardByOne.handlers)
        let second = try two.open(handlers: heardByTwo.handlers)
        let path = temporaryPath("tones")
        defer { unlink(path) }
        let outcome = Outcome()
        try first.startRecording(path: path) { outcome.complete($0) }
        first.start(parameters(to: second))
        second.start(parameters(to: first))
        var low = ToneGenerator(frequency: 1_000)
        var high = ToneGenerator(frequency: 1_700)
        first.play(G711.encode(low.samples(12_000), .mu), tag: 1)
        first.finish(tag: 1)
        second.play(G711.encode(high.samples(12_000), .mu), tag: 2)
        second.finish(tag: 2)
        await heardByOne.waitForEvent { if case .playoutEnded = $0 { true } else { false } }
        await heardByTwo.waitForEvent { if case .playoutEnded = $0 { true } else { false } }
        first.sendDigits("7")
        await heardByTwo.waitForEvent { if case .digit("7", _) = $0 { true } else { false } }
        first.close()
        let recording = try await outcome.value()
        #expect(recording.failure == nil)
        one.shutdown()
        two.shutdown()

        let said = Array(G711.decode(heardByTwo.audio, .mu))
        let tone = said[loud(said)]
        #expect(tone.count > 11_000)
        #expect(ToneDetector(frequency: 1_000).share(in: tone) > 0.9)
        let file = try WAVFile(contentsOf: path)
        #expect(file.channelCount == 2 && file.sampleRate == 8_000)
        let left = stride(from: 0, to: file.samples.count, by: 2).map { file.samples[$0] }
        let right = stride(from: 1, to: file.samples.count, by: 2).map { file.samples[$0] }
        let (heard, sent) = (loud(left), loud(right))
        #expect(ToneDetector(frequency: 1_700).share(in: left[heard]) > 0.9)
        #expect(ToneDetector(frequency: 1_000).share(in: right[sent]) > 0.9)
        #expect(abs(heard.count - 12_000) < 400 && abs(sent.count - 12_000) < 10)
        // Both began within a packet time or two of each other, and lie so on the timeline.
        #expect(abs(heard.lowerBound - sent.lowerBound) < 800)
    }

    /// From the first to the last loud sample.
    private func loud(_ samples: [Int16]) -> Range<Int> {
        let first = samples.firstIndex { abs(Int($0)) > 1_000 } ?? 0
        let last = samples.lastIndex { abs(Int($0)) > 1_000 } ?? 0
        return first..<(last + 1)
    }

    @Test("After a flush the far end hears at most one more packet with audio, and the count of it is right")
    func bargeIn() async throws {
        let engine = try engine(21_200...21_299)
        let (agent, caller) = (Listener(), Listener())
        let first = try engine.open(handlers: agent.handlers)
        let second = try engine.open(handlers: caller.handlers)
        first.start(parameters(to: second))
        second.start(parameters(to: first))
        first.play(Array(repeating: 0x10, count: 80_000), tag: 5)
        await caller.waitForAudio(8_000)
        let decided = MonotonicClock.now()
        first.flush()
        await agent.waitForEvent { if case .flushed = $0 { true } else { false } }
        let flushed = agent.events.compactMap { event -> (Int, Int, Instant)? in
            if case .flushed(5, let played, let dropped, let at) = event { (played, dropped, at) } else { nil }
        }
        let (played, dropped, at) = try #require(flushed.first)
        #expect(played + dropped == 80_000)
        #expect(at - decided < .milliseconds(25), "the last packet leaves within one tick")
        await caller.waitForAudio(16_000)
        engine.shutdown()
        let audible = caller.audio.filter { $0 != 0xFF }.count
        #expect(abs(audible - played) < 320)
        #expect(first.ledger().bytes(of: 5, sentBy: .distantFuture) == played)
    }

    @Test("Where the far end takes no telephone-events, keys are sent as tones")
    func toneKeys() async throws {
        let engine = try engine(21_600...21_699)
        let caller = Listener()
        let agent = Listener()
        let first = try engine.open(handlers: agent.handlers)
        let second = try engine.open(handlers: caller.handlers)
        var plain = parameters(to: second, .pcma)
        plain.telephoneEventSendPayloadType = nil
        first.start(plain)
        second.start(parameters(to: first, .pcma))
        await caller.waitForAudio(800)
        first.sendDigits("5")
        await agent.waitForEvent { if case .drained = $0 { true } else { false } }
        await caller.waitForAudio(caller.audio.count + 800)
        engine.shutdown()
        let heard = G711.decode(caller.audio, .a)
        let tone = heard[loud(heard)]
        #expect(abs(tone.count - 800) < 20)
        #expect(ToneDetector(frequency: 770).share(in: tone) > 0.4)
        #expect(ToneDetector(frequency: 1_336).share(in: tone) > 0.4)
    }

    @Test(
        "A range that is used up is a clear, retryable error; a closed stream's port is free again, but not the next taken"
    )
    func ports() async throws {
        let engine = try engine(21_300...21_306)
        let listener = Listener()
        var streams = try (0..<3).map { _ in try engine.open(handlers: listener.handlers) }
        #expect(streams.map(\.localPort) == [21_300, 21_302, 21_304])
        let error = #expect(throws: MediaError.self) { try engine.open(handlers: listener.handlers) }
        #expect(error?.code == .portsExhausted)
        #expect(error?.isRetryable == true)
        #expect(error?.message.contains("21300") == true)
        engine.shutdown()
        streams.removeAll()
        #expect(throws: MediaError.self) { try engine.open(handlers: listener.handlers) }

        let again = try self.engine(21_300...21_306)
        var seen: [UInt16] = []
        for _ in 0..<3 {
            let stream = try again.open(handlers: listener.handlers)
            seen.append(stream.localPort)
            stream.close()
        }
        #expect(seen == [21_300, 21_302, 21_304])
        again.shutdown()
    }

    @Test("Ports that others use are passed over, RTP's and RTCP's; a foreign bind address and an empty range are told")
    func foreignPorts() throws {
        let other = try engine(21_402...21_403)
        let taken = try other.open(handlers: Listener().handlers)
        let engine = try engine(21_400...21_405)
        let listener = Listener()
        #expect(try engine.open(handlers: listener.handlers).localPort == 21_400)
        #expect(try engine.open(handlers: listener.handlers).localPort == 21_404)
        taken.close()
        other.shutdown()
        engine.shutdown()
        var foreign = MediaEngine.Configuration()
        foreign.bindAddress = "192.0.2.77"
        let elsewhere = try MediaEngine(foreign)
        let error = #expect(throws: MediaError.self) { try elsewhere.open(handlers: listener.handlers) }
        #expect(error?.code == .addressUnavailable)
        elsewhere.shutdown()
        let empty = #expect(throws: MediaError.self) { try self.engine(21_401...21_402) }
        #expect(empty?.code == .badConfiguration)
    }

    @Test("A hundred streams on one thread: every byte arrives, phases are spread")
    func hundred() async throws {
        let engine = try engine(22_000...22_999)
        let listeners = (0..<100).map { _ in Listener() }
        let streams = try listeners.map { try engine.open(handlers: $0.handlers) }
        for index in 0..<50 {
            streams[index].start(parameters(to: streams[index + 50]))
            streams[index + 50].start(parameters(to: streams[index]))
        }
        for (index, stream) in streams.enumerated() {
            stream.play(Array(repeating: UInt8(index + 1), count: 8_000), tag: UInt32(index))
            stream.finish(tag: UInt32(index))
        }
        for listener in listeners {
            await listener.waitForEvent { if case .playoutEnded = $0 { true } else { false } }
        }
        for listener in listeners { await listener.waitForAudio(8_160) }
        for (index, listener) in listeners.enumerated() {
            let from = UInt8((index + 50) % 100 + 1)
            let heard = listener.audio.filter { $0 == from }.count
            #expect(heard > 7_000, "but for what was sent before the other side had started")
            #expect(listener.audio.allSatisfy { $0 == from || $0 == 0xFF })
        }
        #expect(engine.tickLateness.count > 5_000)
        #expect(engine.upwardLatency.count > 4_000)
        #expect(engine.streamCount == 100)
        for stream in streams { stream.close() }
        engine.shutdown()
        #expect(engine.streamCount == 0)
    }

    @Test("A recording can be read while it is being written, and after a stop the next one begins")
    func recordings() async throws {
        let engine = try engine(21_500...21_599)
        let listener = Listener()
        let stream = try engine.open(handlers: listener.handlers)
        let other = try engine.open(handlers: Listener().handlers)
        stream.start(parameters(to: other))
        other.start(parameters(to: stream))
        let (firstPath, secondPath) = (temporaryPath("first"), temporaryPath("second"))
        defer {
            unlink(firstPath)
            unlink(secondPath)
        }
        let (first, second) = (Outcome(), Outcome())
        try stream.startRecording(path: firstPath) { first.complete($0) }
        await listener.waitForAudio(24_000)
        let meanwhile = try WAVFile(contentsOf: firstPath)
        #expect(meanwhile.frameCount > 8_000)
        stream.stopRecording()
        #expect(try await first.value().seconds > 2.5)
        try stream.startRecording(path: secondPath) { second.complete($0) }
        // From here on: a machine under load may have stopped the first one late.
        await listener.waitForAudio(listener.audio.count + 8_000)
        engine.shutdown()
        #expect(try await second.value().seconds > 0.5)
        #expect(try WAVFile(contentsOf: secondPath).channelCount == 2)
        let error = #expect(throws: MediaError.self) { try stream.startRecording(path: "/nowhere/x.wav") }
        #expect(error?.code == .closed)
        let fresh = try self.engine(21_500...21_599)
        let unopened = try fresh.open(handlers: listener.handlers)
        let refused = #expect(throws: MediaError.self) { try unopened.startRecording(path: "/nowhere/x.wav") }
        #expect(refused?.code == .recording)
        #expect(refused?.message.contains("/nowhere/x.wav") == true)
        fresh.shutdown()
    }
}

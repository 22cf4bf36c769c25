import Audio
import SansIO
import Speech
import Testing

@testable import OfflineModel

/// Sessions in virtual time as test calls hold them: real detector and voice, words that are known.
@Suite("Sessions in virtual time")
struct VirtualModelTests {
    private static let script: @Sendable (PersonaRequest) -> [PersonaStep] = { request in
        guard case .heard(let words) = request.trigger else { return [.say("Good day.")] }
        return [.say("You said \(words).")]
    }

    private static func live(_ faults: FaultSource = FaultSource()) throws -> VirtualModel {
        try VirtualModel(
            live: .init(seed: 1, unixTime: 1_795_000_000), key: "k", persona: nil, services: .init(),
            answer: script, words: { "hello there" }, faults: faults, today: "2026-11-30", at: .zero)
    }

    private static func realtime(_ faults: FaultSource, transcription: Bool = false) throws -> VirtualModel {
        try VirtualModel(
            .init(seed: 1, unixTime: 1_795_000_000),
            handshake: .init(model: "offline", key: "k", isTranscription: transcription), persona: nil,
            services: .init(), answer: script, words: { "hello there" }, faults: faults, today: "2026-11-30", at: .zero)
    }

    /// What a session sends while events are fed to it, 20 ms apart, and for a while after.
    private static func run(
        _ model: VirtualModel, _ events: [JSON], for duration: Duration = .seconds(3)
    ) -> [VirtualModel.Output] {
        var now = Instant.zero
        var outputs = model.start(at: now)
        func pass(until end: Instant) {
            while let deadline = model.nextDeadline, deadline <= end {
                now = max(now, deadline)
                outputs += model.advance(at: now)
            }
            now = end
        }
        for event in events {
            outputs += model.receive(event.bytes, at: now)
            pass(until: now + .milliseconds(20))
        }
        pass(until: now + duration)
        return outputs
    }

    private static func audio(_ type: String) throws -> [JSON] {
        let spoken = try SpeechSynthesizer().synthesize("Hello there, my friend.", sampleRate: 8000)
        let silence = [UInt8](repeating: G711.silence(.mu), count: 8 * 700)
        let audio = silence + G711.encode(spoken.samples, .mu) + silence
        return stride(from: 0, to: audio.count, by: 160).map { start in
            let packet = Base64.encode(audio[start..<min(start + 160, audio.count)])
            return ["type": .string(type), "audio": .string(String(decoding: packet, as: UTF8.self))]
        }
    }

    private static func events(_ outputs: [VirtualModel.Output]) -> [JSON] {
        outputs.compactMap { output in
            guard case .text(let bytes) = output else { return nil }
            do { return try JSON(parsing: bytes) } catch { return nil }
        }
    }

    private static let start: JSON = [
        "type": "session.start",
        "session": ["model": "gpt-live-1", "audio": ["format": ["type": "audio/pcmu", "rate": 8000]]],
    ]

    @Test("A Live session hears speech and answers it, the same each time")
    func liveSession() throws {
        let input = [Self.start] + (try Self.audio("session.input_audio.append"))
        let first = Self.run(try Self.live(), input)
        #expect(Self.run(try Self.live(), input) == first)
        let events = Self.events(first)
        func text(_ type: String) -> String {
            events.filter { $0["type"]?.string == type }.compactMap { $0["delta"]?.string }.joined()
        }
        #expect(text("session.input_transcript.delta") == "hello there")
        #expect(text("session.output_transcript.delta") == "You said hello there.")
        #expect(events.contains { $0["type"] == "session.output_audio.delta" })
    }

    @Test("An expiry that a rule sets is told as the session's own")
    func liveExpiry() throws {
        let faults = FaultSource(try Misbehaviour(parsing: "live: expire=2s"))
        let outputs = Self.run(try Self.live(faults), [Self.start])
        #expect(outputs.last == .closed(code: 1001, reason: "expired"))
        #expect(Self.events(outputs).last?["reason"] == "expired")
    }

    @Test("A transcription session writes speech down")
    func transcription() throws {
        let update: JSON = [
            "type": "session.update",
            "session": [
                "type": "transcription",
                "audio": ["input": ["format": ["type": "audio/pcmu"], "transcription": ["model": "whisper-1"]]],
            ],
        ]
        let input = [update] + (try Self.audio("input_audio_buffer.append"))
        let events = Self.events(Self.run(try Self.realtime(FaultSource(), transcription: true), input))
        let completed = events.filter { $0["type"] == "conversation.item.input_audio_transcription.completed" }
        #expect(!completed.isEmpty && completed.allSatisfy { $0["transcript"] == "hello there" })
    }

    @Test("Two connections are refused, the third is well: counts are those of all sessions of a key")
    func refusals() throws {
        let faults = FaultSource(try Misbehaviour(parsing: "realtime: status=429 times=2"))
        let greeting: [JSON] = [["type": "response.create"]]
        for _ in 0..<2 {
            let outputs = Self.run(try Self.realtime(faults), greeting)
            #expect(outputs.count == 2)
            #expect(Self.events(outputs).first?["error"]?["code"] == "rate_limit_exceeded")
            #expect(outputs.last == .closed(code: 1013, reason: "429 rate_limit_exceeded"))
        }
        let events = Self.events(Self.run(try Self.realtime(faults), greeting))
        #expect(events.first?["type"] == "session.created")
        #expect(events.contains { $0["type"] == "response.done" })
    }

    @Test("A session that stalls in the middle of its words says nothing more, and one that is dropped is gone")
    func stallAndDrop() throws {
        let greeting: [JSON] = [["type": "response.create"]]
        let stalled = Self.events(
            Self.run(try Self.realtime(FaultSource(try Misbehaviour(parsing: "stall=middle"))), greeting))
        #expect(stalled.last?["type"]?.string?.hasSuffix(".delta") == true)
        let dropped = Self.run(try Self.realtime(FaultSource(try Misbehaviour(parsing: "drop=middle"))), greeting)
        #expect(dropped.last == .dropped)
    }
}

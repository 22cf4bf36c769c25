import SansIO
import Testing

@testable import OfflineModel

@Suite("Transcription sessions")
struct TranscriptionSessionTests {
    private static func bench(_ input: JSON = [:]) -> SessionBench {
        var bench = SessionBench(handshake: .init(model: nil, key: "sk-test", isTranscription: true))
        var members: JSON = ["format": ["type": "audio/pcmu"], "transcription": ["model": "gpt-4o-transcribe"]]
        for member in input.object?.members ?? [] { members[member.key] = member.value }
        bench.client(["type": "session.update", "session": ["type": "transcription", "audio": ["input": members]]])
        return bench
    }

    @Test("The session is one of transcription, without model, voice or tools")
    func created() throws {
        let bench = Self.bench()
        #expect(bench.types == ["session.created", "session.updated"])
        let session = try #require(bench.last("session.updated")?["session"])
        #expect(session["object"] == "realtime.transcription_session")
        #expect(session["type"] == "transcription")
        #expect(session["model"] == nil && session["voice"] == nil && session["audio"]?["output"] == nil)
        #expect(session["audio"]?["input"]?["transcription"]?["model"] == "gpt-4o-transcribe")
        #expect(session["audio"]?["input"]?["turn_detection"]?["create_response"] == nil)
        #expect(session["audio"]?["input"]?["turn_detection"]?["type"] == "server_vad")
    }

    @Test("A spoken turn is written down, and nothing answers")
    func turn() {
        var bench = Self.bench(["turn_detection": ["type": "server_vad", "silence_duration_ms": 300]])
        bench.fakes.heard = ["good morning to you"]
        bench.forget()
        bench.say()
        bench.run(for: .seconds(2))
        #expect(
            bench.types == [
                "input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped",
                "input_audio_buffer.committed", "conversation.item.added", "conversation.item.done",
                "conversation.item.input_audio_transcription.delta*",
                "conversation.item.input_audio_transcription.completed",
            ])
        #expect(
            bench.last("conversation.item.input_audio_transcription.completed")?["transcript"] == "good morning to you")
        #expect(bench.requests.isEmpty)
    }

    @Test("Without turn detection the client commits; a recognition that fails is told")
    func manual() {
        var bench = Self.bench(["turn_detection": .null])
        bench.fakes.hearingFails = true
        bench.forget()
        bench.append(milliseconds: 500, isVoiced: true)
        #expect(bench.events.isEmpty)
        bench.client(["type": "input_audio_buffer.commit"])
        bench.run(for: .seconds(1))
        #expect(bench.types.last == "conversation.item.input_audio_transcription.failed")
        bench.append(milliseconds: 500, isVoiced: true)
        bench.client(["type": "input_audio_buffer.clear"])
        #expect(bench.types.last == "input_audio_buffer.cleared")
        bench.client(["type": "input_audio_buffer.commit"])
        #expect(bench.error?["code"] == "input_audio_buffer_commit_empty")
    }

    static let refused: [(JSON, String)] = [
        (["type": "response.create"], "type"),
        (["type": "conversation.item.create", "item": [:]], "type"),
        (["type": "session.update", "session": ["type": "realtime"]], "session.type"),
        (
            ["type": "session.update", "session": ["type": "transcription", "instructions": "x"]],
            "session.instructions"
        ),
        (
            [
                "type": "session.update",
                "session": [
                    "type": "transcription",
                    "audio": ["input": ["turn_detection": ["type": "server_vad", "create_response": true]]],
                ],
            ], "session.audio.input.turn_detection.create_response"
        ),
        (
            [
                "type": "session.update",
                "session": [
                    "type": "transcription",
                    "audio": ["input": ["transcription": ["model": "gpt-realtime-whisper"]]],
                ],
            ], "session.audio.input.turn_detection"
        ),
    ]

    @Test("What belongs to a conversation is refused", arguments: refused)
    func refusals(event: JSON, param: String) {
        var bench = Self.bench()
        bench.client(event)
        #expect(bench.error?["param"] == .string(param))
    }
}

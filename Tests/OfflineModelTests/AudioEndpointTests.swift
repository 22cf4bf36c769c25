import Audio
import SansIO
import Speech
import Testing

@testable import OfflineModel

@Suite("Speech and transcriptions")
struct AudioEndpointTests {
    private static let sentence = "Good morning, and welcome to the practice."

    private static func speech(_ members: JSON = [:]) throws -> EndpointReply {
        var body: JSON = [
            "model": "gpt-4o-mini-tts", "voice": "alloy", "input": .string(sentence), "response_format": "pcm",
        ]
        for member in members.object?.members ?? [] { body[member.key] = member.value }
        return try EndpointBench().reply(.speech, body)
    }

    @Test("PCM is 24 kHz without a header, faster than real time, and the same as a session's speech")
    func pcm() throws {
        let reply = try Self.speech()
        #expect(reply.header("Content-Type") == "audio/pcm")
        let spoken = try SpokenSentences().audio(of: Self.sentence, voice: .awb, format: .pcm)
        #expect(reply.body == spoken)
        #expect(reply.pieces[0].delay == .milliseconds(60))
        let duration = Duration.milliseconds(spoken.count / 48)
        let last = try #require(reply.pieces.last?.delay)
        #expect(last < .milliseconds(60) + duration / 8)
        // Pieces end within samples too.
        #expect(reply.pieces.contains { $0.bytes.count % 2 == 1 })
    }

    @Test("A streamed WAV file has a header that promises more than it has; its audio is the same")
    func wav() throws {
        let reply = try Self.speech(["response_format": "wav"])
        let pcm = try Self.speech().body
        #expect(reply.body.count == pcm.count + WAVFile.headerByteCount)
        let file = try WAVFile(parsing: reply.body)
        #expect(file.sampleRate == 24_000)
        #expect(RealtimeAudioFormat.pcm.bytes(of: file.samples) == pcm)
    }

    @Test("As events the audio is base64, and the last event tells the usage")
    func events() throws {
        let reply = try Self.speech(["stream_format": "sse"])
        let events = reply.events.compactMap(\.json)
        #expect(events.dropLast().allSatisfy { $0["type"] == "speech.audio.delta" })
        #expect(events.last?["type"] == "speech.audio.done")
        #expect(events.last?["usage"]?["total_tokens"] != nil)
        let audio = events.dropLast().flatMap { Base64.decode(($0["audio"]?.string ?? "").utf8) ?? [] }
        #expect(audio == (try Self.speech().body))
    }

    static let failures: [(JSON, Int, String?)] = [
        (["input": .string(String(repeating: "x", count: 4097))], 400, "string_above_max_length"),
        (["input": ""], 400, "string_below_min_length"),
        (["response_format": "mp3"], 400, "unsupported_value"),
        (["response_format": .null], 400, "unsupported_value"),
        (["response_format": "mulaw"], 400, "invalid_value"),
        (["voice": "bob"], 400, "invalid_value"),
        (["model": "gpt-4o"], 404, "model_not_found"),
        (["model": "tts-1", "stream_format": "sse"], 400, "unsupported_value"),
        (["speed": 9], 400, "integer_above_max_value"),
    ]

    @Test("A bad request for speech says what is wrong", arguments: failures)
    func refused(members: JSON, status: Int, code: String?) throws {
        let reply = try Self.speech(members)
        #expect(reply.status == status)
        #expect(reply.json["error"]?["code"] == JSON(orNull: code))
    }

    // MARK: - Transcriptions

    static func form(_ fields: [(String, String)], file: [UInt8]?, name: String = "speech.wav") -> EndpointRequest {
        var body: [UInt8] = []
        for (name, value) in fields {
            body += Array("--b0\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n".utf8)
        }
        if let file {
            let head = "--b0\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\(name)\"\r\n"
            body += Array("\(head)Content-Type: audio/wav\r\n\r\n".utf8) + file + Array("\r\n".utf8)
        }
        body += Array("--b0--\r\n".utf8)
        return EndpointRequest(
            .transcriptions, key: EndpointBench.key, contentType: "multipart/form-data; boundary=b0", body: body)
    }

    private static let second = WAVFile(sampleRate: 16_000, samples: [Int16](repeating: 0, count: 16_000)).bytes

    private static func transcribe(
        _ fields: [(String, String)], file: [UInt8]? = second, name: String = "speech.wav"
    ) throws -> EndpointReply {
        try EndpointBench(words: "good morning to you").endpoints.reply(
            to: form(fields, file: file, name: name), at: .zero)
    }

    @Test("A transcript comes as JSON with usage, as text, and with times")
    func formats() throws {
        let json = try Self.transcribe([("model", "gpt-4o-transcribe")])
        #expect(json.json["text"] == "good morning to you")
        #expect(json.json["usage"]?["type"] == "tokens")
        #expect(json.headDelay == .milliseconds(150))
        #expect(try Self.transcribe([("model", "whisper-1")]).json["usage"] == ["type": "duration", "seconds": 1])
        let text = try Self.transcribe([("model", "whisper-1"), ("response_format", "text")])
        #expect(text.body == Array("good morning to you\n".utf8))
        let verbose = try Self.transcribe([
            ("model", "whisper-1"), ("response_format", "verbose_json"), ("timestamp_granularities[]", "word"),
        ]).json
        #expect(verbose["duration"] == 1.0)
        #expect(verbose["segments"]?[0]?["text"] == "good morning to you")
        #expect(verbose["words"]?[1] == ["word": "morning", "start": 0.25, "end": 0.5])
    }

    @Test("A streamed transcript comes in words; whisper-1 does not stream")
    func stream() throws {
        let reply = try Self.transcribe([("model", "gpt-4o-transcribe"), ("stream", "true")])
        let events = reply.events.compactMap(\.json)
        #expect(events.dropLast().compactMap { $0["delta"]?.string }.joined() == "good morning to you")
        #expect(events.last?["type"] == "transcript.text.done")
        #expect(events.last?["text"] == "good morning to you")
        #expect(try !Self.transcribe([("model", "whisper-1"), ("stream", "true")]).isEventStream)
    }

    @Test("Audio of any rate is heard by the same ears as a session's")
    func heard() throws {
        let source = "return persona { phrases = { 'good morning' }, on_text = function() end }"
        let persona = try PersonaDefinition(source: Array(source.utf8), name: "p")
        let endpoints = VirtualEndpoints(
            .init(seed: 1, unixTime: 0), persona: persona, services: VirtualModel.Services(ears: SharedEars()),
            today: "2026-11-30")
        for rate in [8_000, 24_000, 44_100] {
            let spoken = try SpeechSynthesizer().synthesize("Good morning.", sampleRate: rate)
            let file = WAVFile(sampleRate: rate, samples: spoken.samples).bytes
            let reply = endpoints.reply(to: Self.form([("model", "offline")], file: file), at: .zero)
            #expect(reply.json["text"] == "good morning")
        }
    }

    static let badForms: [([(String, String)], [UInt8]?, String, Int, String?)] = [
        ([("model", "whisper-1")], nil, "", 400, "missing_required_parameter"),
        ([], second, "a.wav", 400, "missing_required_parameter"),
        ([("model", "gpt-4o")], second, "a.wav", 404, "model_not_found"),
        ([("model", "whisper-1"), ("colour", "red")], second, "a.wav", 400, "unknown_parameter"),
        ([("model", "whisper-1")], second, "a.mp3", 400, nil),
        ([("model", "whisper-1")], Array("RIFFnonsense".utf8), "a.wav", 400, "invalid_value"),
        ([("model", "whisper-1")], Array(second.prefix(144)), "a.wav", 400, "invalid_value"),
        (
            [("model", "whisper-1")], WAVFile(sampleRate: 8000, samples: [1, 2, 3]).bytes, "a.wav", 400,
            "audio_too_short"
        ),
        ([("model", "whisper-1"), ("stream", "perhaps")], second, "a.wav", 400, "invalid_type"),
        ([("model", "whisper-1"), ("temperature", "hot")], second, "a.wav", 400, "invalid_value"),
        ([("model", "whisper-1"), ("response_format", "vtt")], second, "a.wav", 400, "unsupported_value"),
        (
            [("model", "gpt-4o-transcribe"), ("response_format", "verbose_json")], second, "a.wav", 400,
            "unsupported_value"
        ),
    ]

    @Test("A bad form says what is wrong", arguments: badForms)
    func badForm(fields: [(String, String)], file: [UInt8]?, name: String, status: Int, code: String?) throws {
        let reply = try Self.transcribe(fields, file: file, name: name)
        #expect(reply.status == status)
        #expect(reply.json["error"]?["code"] == JSON(orNull: code))
        #expect(reply.json["error"]?["message"]?.string?.isEmpty == false)
    }

    @Test("A form that somebody broke is refused or read, and never traps")
    func brokenForms() throws {
        // So short that the mutations meet boundaries and fields as often as audio.
        let short = WAVFile(sampleRate: 8_000, samples: [Int16](repeating: 0, count: 1_200)).bytes
        let whole = Self.form([("model", "whisper-1"), ("language", "en")], file: short)
        var statuses: [Int: Int] = [:]
        var random = SeededRandom(seed: 7)
        let endpoints = try EndpointBench(words: "x").endpoints
        for _ in 0..<300 {
            var request = whole
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let index = Int.random(in: 0..<request.body.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: request.body[index] = UInt8.random(in: 0...255, using: &random)
                case 1: request.body.remove(at: index)
                default: request.body.removeLast(request.body.count - index)
                }
                if request.body.isEmpty { break }
            }
            let reply = endpoints.reply(to: request, at: .zero)
            #expect([200, 400, 404].contains(reply.status))
            statuses[reply.status, default: 0] += 1
        }
        #expect(endpoints.reply(to: whole, at: .zero).status == 200)
        // Both happen: the audio can change, the form cannot.
        #expect(statuses[200, default: 0] > 10 && statuses[400, default: 0] > 10)
    }

    @Test("A form's fields keep their bytes, whatever lines they hold (RFC 2046 §5.1)")
    func fields() throws {
        let body = Array(
            "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nline\r\n--y\r\n\r\n--x \r\ncontent-disposition: form-data; name=b; filename=\"q\\\"r.wav\"\r\nX: y\r\n\r\n\r\n--x--"
                .utf8)
        let form = try MultipartForm(parsing: body, contentType: "Multipart/form-data; charset=utf-8; boundary=\"x\"")
        #expect(form["a"]?.text == "line\r\n--y\r\n")
        #expect(form["b"]?.bytes == [])
        #expect(form["b"]?.fileName == "q\"r.wav")
    }
}

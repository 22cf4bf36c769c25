import Audio
import Conversation
import SansIO
import Testing
import VoiceAgent

@Suite("The answer of /v1/audio/speech")
struct SpeechAudioStreamTests {
    private let server = StageServer(stage: .tts, name: "tts.example")

    private func read(_ pieces: [[UInt8]], contentType: String? = "audio/pcm") -> [SynthesisEvent] {
        var stream = SpeechAudioStream(server: server, contentType: contentType)
        return pieces.flatMap { stream.receive($0) } + stream.finish()
    }

    private func audio(_ events: [SynthesisEvent]) -> [UInt8] {
        events.flatMap { event -> [UInt8] in if case .audio(let bytes) = event { bytes } else { [] } }
    }

    private func isTone(_ audio: [UInt8]) -> Bool {
        let samples = G711.decode(audio, .mu)
        let middle = samples.dropFirst(400).dropLast(400)
        return ToneDetector(frequency: 440).share(in: Array(middle)) > 0.95
    }

    @Test("Samples at 24 kHz become exactly as much µ-law at 8 kHz, a tone a tone", arguments: [20, 333, 2_000])
    func plain(milliseconds: Int) {
        let events = read([Samples.tone(rate: 24_000, milliseconds: milliseconds)])
        #expect(events.last == .ended)
        #expect(audio(events).count == 8 * milliseconds)
        if milliseconds > 300 { #expect(isTone(audio(events))) }
    }

    @Test("However the samples are cut, odd or not, they sound the same", arguments: 0..<30 as Range<UInt64>)
    func oddPieces(seed: UInt64) {
        let bytes = Samples.tone(rate: 24_000, milliseconds: 500)
        let expected = audio(read([bytes]))
        let events = read(bytes.pieces(longest: seed < 15 ? 7 : 3_001, seed: seed))
        #expect(audio(events) == expected)
        #expect(!events.contains(.audio([])))
    }

    @Test("The speech is where it was: the converter's delay is cut off")
    func noDelay() {
        var samples = [Int16](repeating: 0, count: 24_000)
        for index in 12_000..<12_030 { samples[index] = 20_000 }
        let heard = G711.decode(audio(read([Samples.bytes(samples)])), .mu)
        let loudest = heard.indices.max { abs(Int(heard[$0])) < abs(Int(heard[$1])) }
        #expect((3_995...4_015).contains(loudest ?? 0))
    }

    @Test("A last half of a sample is left out")
    func remainders() {
        #expect(audio(read([[1, 0, 2, 0, 3, 0, 4]])).count == 1)
    }

    @Test(
        "An answer without a sample is a failure that may pass, unless nothing was to be heard",
        arguments: [
            ("audio/pcm", [UInt8]()), ("audio/pcm", [1]), ("", []),
            ("audio/wav", WAVFile.header(sampleRate: 24_000, channelCount: 1, dataByteCount: 0)),
            ("application/json", Array("{\"text\":\"Hello.\"}".utf8)),
            ("text/event-stream", Array("data: [DONE]\n\n".utf8)),
            ("text/event-stream", Array("data: {\"type\":\"speech.audio.done\"}\n\n".utf8)),
        ])
    func silence(contentType: String, body: [UInt8]) {
        guard case .failed(let failure)? = read([body], contentType: contentType).last else {
            Issue.record("nothing is no speech")
            return
        }
        #expect(failure.severity == .retryable)
        #expect(failure.message.contains("without speech"))
        var stream = SpeechAudioStream(server: server, contentType: contentType, expectsSound: false)
        #expect(stream.receive(body) + stream.finish() == [.ended])
    }

    @Test(
        "What says that it is samples is, whatever it begins with",
        arguments: ["{\"a\": 1, and so on", "<html>and so on it goes"])
    func named(words: String) {
        #expect(read([Array(text: words)]).last == .ended)
        // By chance a sample may have the bytes of a brace.
        let samples = Array(text: "{") + [0x01] + Samples.tone(rate: 24_000, milliseconds: 20)
        #expect(read([samples], contentType: nil).last == .ended)
        #expect(read([[0xFF, 0xFF] + Samples.tone(rate: 24_000, milliseconds: 20)], contentType: nil).last == .ended)
    }

    @Test("The rate may be named, and be the line's own", arguments: [8_000, 16_000, 22_050, 48_000])
    func rates(rate: Int) {
        let heard = audio(
            read([Samples.tone(rate: rate, milliseconds: 500)], contentType: "audio/pcm; rate=\(rate)"))
        #expect((3_999...4_000).contains(heard.count))
        #expect(isTone(heard))
    }

    @Test(
        "A WAV file's header says what follows, whatever length it claims, wherever it is cut",
        arguments: [0, 1, -1, 0x7FFF_FFFF])
    func wav(claimed: Int) {
        let samples = Samples.tone(rate: 16_000, milliseconds: 400)
        var file = WAVFile.header(sampleRate: 16_000, channelCount: 1, dataByteCount: samples.count)
        if claimed != 1 {
            for index in 0..<4 { file[40 + index] = UInt8(truncatingIfNeeded: claimed >> (8 * index)) }
        }
        file += samples
        // What stands behind the samples is no sound.
        if claimed == 1 { file += Array(text: "LIST\u{4}\0\0\0abcd") }
        let expected = audio(read([file], contentType: "audio/wav"))
        #expect(expected.count == 3_200)
        #expect(isTone(expected))
        for cut in 0..<60 {
            #expect(audio(read([Array(file[..<cut]), Array(file[cut...])], contentType: nil)) == expected)
        }
    }

    @Test("Two channels are mixed, G.711 passes")
    func wavKinds() throws {
        var tone = ToneGenerator(frequency: 440, sampleRate: 24_000)
        let samples = tone.samples(12_000)
        let stereo = WAVFile(sampleRate: 24_000, left: samples, right: samples).bytes
        #expect(audio(read([stereo])) == audio(read([Samples.bytes(samples)])))
        var companded = WAVFile.header(sampleRate: 8_000, channelCount: 1, dataByteCount: 800)
        companded[20] = 7
        companded[34] = 8
        let bytes = (0..<800).map { UInt8(truncatingIfNeeded: $0) }.map { $0 == 0x7F ? 0xFF : $0 }
        #expect(audio(read([companded + bytes])) == bytes)
    }

    @Test("Events carry the same audio in Base64, in one JSON text too", arguments: 0..<10 as Range<UInt64>)
    func events(seed: UInt64) {
        let bytes = Samples.tone(rate: 24_000, milliseconds: 300)
        let expected = audio(read([bytes]))
        let stream = bytes.pieces(longest: 2_001, seed: seed).map { piece -> String in
            let text = String(decoding: Base64.encode(piece), as: UTF8.self)
            return "data: {\"type\":\"speech.audio.delta\",\"audio\":\"\(text)\"}\n\n"
        }
        let done = "data: {\"type\":\"speech.audio.done\",\"usage\":{\"total_tokens\":3}}\n\n"
        let events = read(
            Array(text: stream.joined() + done).pieces(longest: 700, seed: seed), contentType: "text/event-stream")
        #expect(audio(events) == expected)
        #expect(events.filter { $0 == .ended }.count == 1)
        let whole = "{\"audio\":\"\(String(decoding: Base64.encode(bytes), as: UTF8.self))\"}"
        #expect(audio(read([Array(text: whole)], contentType: "application/json")) == expected)
    }

    @Test(
        "What is no samples is refused with its name, and an error in the stream is a failure",
        arguments: [
            ("audio/mpeg", "anything", "audio/mpeg"), ("audio/pcm", "ID3\u{4}xxxxxxxx", "MP3"),
            ("", "OggSxxxxxx", "Ogg"),
            ("text/html", "<html>Welcome</html>", "text/html"),
            ("text/plain; charset=utf-8", "{\"error\":1}", "text/plain"),
            ("", "{\"error\":{\"message\":\"No\"}}", "JSON"), ("application/octet-stream", " <html><head>", "a page"),
            ("", "{\"e\":1}", "JSON"), ("", "data: {\"type\":\"x\"}\n\n", "events"),
            ("text/event-stream", "data: {\"error\":{\"message\":\"Voice is gone\"}}\n\n", "Voice is gone"),
            ("text/event-stream", "data: {\"type\":\"speech.audio.delta\",\"audio\":\"!!!\"}\n\n", "not Base64"),
            ("text/event-stream", "data: {\"type\":\n\n", "cannot be read"),
        ])
    func refused(contentType: String, body: String, expected: String) {
        let events = read([Array(text: body), Array(text: body)], contentType: contentType)
        guard events.count == 1, case .failed(let failure) = events[0] else {
            Issue.record("\(events)")
            return
        }
        #expect(failure.message.contains(expected))
        #expect(failure.message.hasPrefix("tts.example "))
    }

    @Test(
        "MPEG audio without a name is told from samples",
        arguments: [[0xFF, 0xFB, 0x90, 0x64], [0xFF, 0xF3, 0x84, 0xC4], [0xFF, 0xF1, 0x50, 0x80]] as [[UInt8]])
    func compressed(head: [UInt8]) {
        let events = read([head + [UInt8](repeating: 0, count: 400)], contentType: "application/octet-stream")
        guard case .failed(let failure) = events.last else {
            Issue.record("\(events.count) events")
            return
        }
        #expect(failure.severity == .refused)
        #expect(failure.message.contains("MPEG audio"))
    }

    @Test("Noise traps nothing", arguments: 0..<40 as Range<UInt64>)
    func noise(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var bytes = WAVFile(sampleRate: 24_000, samples: [1, 2, 3]).bytes + Samples.tone(rate: 24_000, milliseconds: 5)
        for _ in 0..<6 { bytes[Int.random(in: 4..<60, using: &random)] = UInt8.random(in: 0...255, using: &random) }
        let events = read(bytes.pieces(longest: 13, seed: seed), contentType: nil)
        #expect(events.count >= 1)
    }
}

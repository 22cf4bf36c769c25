import Audio
import SansIO

/// A request for a transcript, checked: `POST /v1/audio/transcriptions`.
///
/// Source: OpenAI's API reference, create transcription.
struct TranscriptionRequest: Sendable {
    enum Format: String, Sendable {
        case json, text
        case verbose = "verbose_json"
    }

    /// Largest file. [B]
    static let maximumFile = 25 << 20
    /// Longest and shortest recording.
    private static let durations = Duration.milliseconds(100)...Duration.seconds(1500)
    /// Silence before and behind an utterance, without which its first word is hard to hear. [ms]
    private static let padding = 300
    private static let names = [
        "file", "model", "language", "languages[]", "prompt", "keywords[]", "response_format", "temperature",
        "include[]", "timestamp_granularities[]", "stream", "chunking_strategy", "chunking_strategy[type]",
        "known_speaker_names[]", "known_speaker_references[]",
    ]

    let model: String
    let format: Format
    let streams: Bool
    let tellsWords: Bool
    /// Linear, mono, ``G711/sampleRate``.
    private let samples: [Int16]
    private let duration: Duration

    /// - Throws: ``RealtimeError`` with the first fault, as OpenAI's server words it.
    init(parsing body: [UInt8], contentType: String, _ names: OfflineNames) throws(RealtimeError) {
        let form: MultipartForm
        do {
            form = try MultipartForm(parsing: body, contentType: contentType)
        } catch {
            throw RealtimeError(code: nil, message: "Could not parse multipart form: \(error.message)")
        }
        if let field = form.fields.first(where: { !Self.names.contains($0.name) }) { throw .unknown(field.name) }
        guard let file = form["file"] else { throw .missing("file") }
        guard let model = form["model"]?.text else { throw .missing("model") }
        try ModelCatalogue.check(model, in: ModelCatalogue.transcription, names)
        self.model = model
        let name = form["response_format"]?.text ?? "json"
        let isWhisper = model == "whisper-1" || model == "offline"
        guard let format = Format(rawValue: name), format != .verbose || isWhisper else {
            throw RealtimeError(
                code: "unsupported_value",
                message: "response_format '\(name)' is not compatible with model '\(model)' here. Use 'json'"
                    + (isWhisper ? ", 'text' or 'verbose_json' instead." : " or 'text' instead."),
                param: "response_format")
        }
        self.format = format
        streams = try Self.bool(form["stream"]?.text, at: "stream") && model != "whisper-1"
        tellsWords = form.fields.contains { $0.name == "timestamp_granularities[]" && $0.text == "word" }
        if let text = form["temperature"]?.text, Double(text).map({ !(0...1).contains($0) }) ?? true {
            throw .wrongValue("temperature", "Invalid 'temperature': expected a number from 0 to 1.")
        }
        (samples, duration) = try Self.samples(of: file)
    }

    private static func bool(_ text: String?, at path: String) throws(RealtimeError) -> Bool {
        switch text?.lowercased() {
        case nil, "false", "0": return false
        case "true", "1": return true
        default: throw .wrongType(path, expected: "a boolean", got: .string(text ?? ""))
        }
    }

    private static func samples(of file: MultipartForm.Field) throws(RealtimeError) -> ([Int16], Duration) {
        guard file.bytes.count <= maximumFile else {
            throw RealtimeError(
                code: nil, message: "Maximum content size limit (\(maximumFile)) exceeded (\(file.bytes.count) bytes).",
                param: "file")
        }
        guard file.fileName?.lowercased().hasSuffix(".wav") == true else {
            throw RealtimeError(
                code: nil,
                message: "Unrecognized file format. Give the file a name; the offline model supports: ['wav']",
                param: "file")
        }
        let wave: WAVFile
        do {
            wave = try WAVFile(parsing: file.bytes)
        } catch {
            throw RealtimeError(
                code: "invalid_value", message: "Audio file might be corrupted or unsupported: \(error).", param: "file"
            )
        }
        guard wave.duration >= durations.lowerBound else {
            throw RealtimeError(
                code: "audio_too_short", message: "Audio file is too short. Minimum audio length is 0.1 seconds.",
                param: "file")
        }
        guard wave.duration <= durations.upperBound else {
            throw RealtimeError(
                code: "invalid_value",
                message: "audio duration \(wave.duration.seconds) seconds is longer than "
                    + "\(durations.upperBound.seconds) seconds which is the maximum for this model", param: "file")
        }
        do {
            return (try Resampler.convert(wave.mono, from: wave.sampleRate, to: G711.sampleRate), wave.duration)
        } catch {
            throw RealtimeError(
                code: "invalid_value", message: "Audio with \(wave.sampleRate) samples a second is not supported.",
                param: "file")
        }
    }

    /// What the recogniser is given: as in a session, an utterance with silence around it.
    var audio: (bytes: [UInt8], format: RealtimeAudioFormat) {
        let silence = [Int16](repeating: 0, count: Self.padding * G711.sampleRate / 1000)
        return (RealtimeAudioFormat.pcmu.bytes(of: silence + samples + silence), .pcmu)
    }

    /// The transcript as the endpoint sends it.
    func reply(words: String, _ context: ReplyContext) -> EndpointReply {
        if streams { return stream(words, context) }
        switch format {
        case .text: return .whole(Array("\(words)\n".utf8), type: "text/plain; charset=utf-8")
        case .json: return .json(["text": .string(words), "usage": usage(words)])
        case .verbose: return .json(verbose(words))
        }
    }

    private func stream(_ words: String, _ context: ReplyContext) -> EndpointReply {
        var pieces: [EndpointReply.Piece] = []
        for (index, word) in RealtimeServerSession.pieces(of: words).enumerated() {
            let event: JSON = ["type": "transcript.text.delta", "delta": .string(word)]
            pieces.append(.event(event.text, at: context.wordInterval * index))
        }
        let done: JSON = ["type": "transcript.text.done", "text": .string(words), "usage": usage(words)]
        pieces.append(.event(done.text, at: pieces.last?.delay ?? .zero))
        return .eventStream(pieces)
    }

    private func usage(_ words: String) -> JSON {
        if model == "whisper-1" { return durationUsage }
        let audio = TokenCount.userAudio(duration.milliseconds)
        let text = TokenCount.text(words) + 2
        return [
            "type": "tokens", "total_tokens": .integer(audio + text), "input_tokens": .integer(audio),
            "input_token_details": ["text_tokens": 0, "audio_tokens": .integer(audio)], "output_tokens": .integer(text),
        ]
    }

    private var durationUsage: JSON {
        ["type": "duration", "seconds": .integer((duration.milliseconds + 999) / 1000)]
    }

    private func verbose(_ words: String) -> JSON {
        let seconds = duration.seconds
        let segment: JSON = [
            "id": 0, "seek": 0, "start": 0.0, "end": .number(seconds), "text": .string(words), "tokens": [],
            "temperature": 0.0, "avg_logprob": -0.2, "compression_ratio": 1.0, "no_speech_prob": 0.0,
        ]
        var transcript: JSON = [
            "task": "transcribe", "language": "english", "duration": .number(seconds), "text": .string(words),
            "segments": words.isEmpty ? [] : [segment], "usage": durationUsage,
        ]
        if tellsWords {
            // The recogniser does not tell where a word was: they share the time.
            let list = words.split(separator: " ")
            let length = seconds / Double(max(1, list.count))
            transcript["words"] = .array(
                list.enumerated().map { index, word in
                    [
                        "word": .string(String(word)), "start": .number(Double(index) * length),
                        "end": .number(Double(index + 1) * length),
                    ]
                })
        }
        return transcript
    }
}

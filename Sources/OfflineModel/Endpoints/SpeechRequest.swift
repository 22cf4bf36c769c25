import Audio
import SansIO

/// A request for speech, checked: `POST /v1/audio/speech`.
///
/// Source: OpenAI's API reference, create speech.
struct SpeechRequest: Sendable {
    enum Container: String, Sendable {
        /// 16 bit little-endian, mono, 24 kHz, without a header.
        case pcm
        case wav
    }

    /// Longest text. [characters]
    static let maximumLength = 4096
    /// Shortest and longest piece of a streamed reply. [ms]
    private static let pieceLengths = 20...400

    let text: String
    /// Name of a voice, or identifier of a custom one.
    let voice: String
    let container: Container
    /// Whether the audio comes as server-sent events.
    let isEventStream: Bool

    /// - Throws: ``RealtimeError`` with the first fault, as OpenAI's server words it.
    init(parsing body: [UInt8], _ names: OfflineNames) throws(RealtimeError) {
        let json = try Shape.object(in: body)
        try Shape.speech(names).check(json, at: "")
        let model = json["model"]?.string ?? ""
        try ModelCatalogue.check(model, in: ModelCatalogue.speech, names)
        text = json["input"]?.string ?? ""
        guard !text.isEmpty else {
            throw RealtimeError(
                code: "string_below_min_length",
                message: "Invalid 'input': string too short. Expected a string with minimum length 1, but got an empty "
                    + "string instead.", param: "input")
        }
        voice = json["voice"]?.string ?? json["voice"]?["id"]?.string ?? ""
        let format = json["response_format"]?.string ?? "mp3"
        guard let container = Container(rawValue: format) else {
            throw RealtimeError(
                code: "unsupported_value",
                message: "Unsupported value: 'response_format' does not support '\(format)' with the offline model. "
                    + "Supported values are: 'pcm' and 'wav'.", param: "response_format")
        }
        self.container = container
        isEventStream = json["stream_format"]?.string == "sse"
        if isEventStream, model.hasPrefix("tts-1") {
            throw RealtimeError(
                code: "unsupported_value",
                message: "Unsupported value: 'stream_format' does not support 'sse' with model '\(model)'.",
                param: "stream_format")
        }
    }

    /// What is to be synthesised.
    var speech: RealtimeServerSession.Speech {
        RealtimeServerSession.Speech(text: text, voice: voice, format: .pcm)
    }

    /// The audio as the endpoint sends it: pieces of any length, which may end within a sample.
    ///
    /// - Parameter audio: 16 bit little-endian, mono, 24 kHz.
    func reply(audio: [UInt8], _ context: ReplyContext) -> EndpointReply {
        var random = SeededRandom(seed: context.seed)
        let header =
            container == .wav ? WAVFile.header(sampleRate: 24_000, channelCount: 1, dataByteCount: .max) : []
        var pieces: [EndpointReply.Piece] = []
        var position = 0
        while position < audio.count {
            let length = Int.random(in: Self.pieceLengths, using: &random) * RealtimeAudioFormat.pcm.bytesPerMillisecond
            let end = min(audio.count, position + length + Int.random(in: 0...1, using: &random))
            let before = Double(position) / Double(RealtimeAudioFormat.pcm.bytesPerMillisecond)
            let delay = context.pace > 0 ? Duration.nanoseconds(Int64(before / context.pace * 1e6)) : .zero
            let bytes = (position == 0 ? header : []) + audio[position..<end]
            pieces.append(EndpointReply.Piece(delay: delay, bytes: bytes))
            position = end
        }
        let type = container == .wav ? "audio/wav" : "audio/pcm"
        guard isEventStream else {
            if pieces.isEmpty { pieces = [EndpointReply.Piece(delay: .zero, bytes: header)] }
            return EndpointReply(status: 200, headers: [.init("Content-Type", type)], pieces: pieces)
        }
        var events = pieces.map { piece in
            let event: JSON = [
                "type": "speech.audio.delta",
                "audio": .string(String(decoding: Base64.encode(piece.bytes), as: UTF8.self)),
            ]
            return EndpointReply.Piece.event(event.text, at: piece.delay)
        }
        let input = TokenCount.text(text)
        let milliseconds = Int64(audio.count / RealtimeAudioFormat.pcm.bytesPerMillisecond)
        let output = TokenCount.assistantAudio(milliseconds)
        let done: JSON = [
            "type": "speech.audio.done",
            "usage": [
                "input_tokens": .integer(input), "output_tokens": .integer(output),
                "total_tokens": .integer(input + output),
            ],
        ]
        events.append(.event(done.text, at: events.last?.delay ?? .zero))
        return .eventStream(events)
    }
}

extension Shape {
    private static let speechVoice = Shape.either([.choice(voices + ["fable", "onyx", "nova"]), customVoice])
    private static let customVoice = Shape.record([Field(name: "id", shape: .text, isRequired: true)])

    private static let knownSpeech = speech(voice: speechVoice)
    private static let anySpeech = speech(voice: .either([.text, customVoice]))

    static func speech(_ names: OfflineNames) -> Shape { names == .known ? knownSpeech : anySpeech }

    private static func speech(voice: Shape) -> Shape {
        .record([
            Field(name: "model", shape: .text, isRequired: true),
            Field(name: "input", shape: .string(maximumLength: SpeechRequest.maximumLength), isRequired: true),
            Field(name: "voice", shape: voice, isRequired: true),
            Field(name: "instructions", shape: nullable(.text)),
            Field(
                name: "response_format", shape: nullable(.choice(["mp3", "opus", "aac", "flac", "wav", "pcm"]))),
            Field(name: "speed", shape: nullable(.number(0.25...4))),
            Field(name: "stream_format", shape: nullable(.choice(["sse", "audio"]))),
        ])
    }
}

import SansIO

@testable import OfflineModel

/// A Realtime session on virtual time, with a fake recogniser, brain and voice around it.
///
/// Bytes of 0xFF are silence; a frame of 20 ms that begins with any other byte is voiced.
struct SessionBench {
    /// What the fake recogniser and the fake voice do with each job.
    struct Fakes {
        /// What the recogniser hears, one utterance after the other; then it hears nothing.
        var heard: [String] = []
        var hearingFails = false
        /// Hold jobs back, to be finished by the test.
        var holdsTranscription = false
        var holdsThought = false
        var holdsSpeech = false
        /// The brain.
        var persona: (PersonaRequest) -> [PersonaStep] = { _ in [.say("Hello there, how are you today?")] }
        /// Length of speech for a text. [ms]
        var speechMilliseconds: (String) -> Int = { $0.utf8.count * 60 }
    }

    var session: RealtimeServerSession
    var now = Instant.zero
    var fakes = Fakes()
    /// Everything sent, oldest first.
    var events: [JSON] = []
    /// When each of ``events`` was sent.
    var times: [Instant] = []
    var frames: [String] = []
    var requests: [PersonaRequest] = []
    var speeches: [RealtimeServerSession.Speech] = []
    var transcribed: [(job: Int, byteCount: Int)] = []
    var heldThoughts: [(job: Int, request: PersonaRequest)] = []
    var heldSpeeches: [(job: Int, speech: RealtimeServerSession.Speech)] = []
    var closing: RealtimeServerSession.Action?
    private var unjudged: [UInt8] = []
    private var pending: [RealtimeServerSession.Input] = []
    private var isReceiving = false

    init(
        seed: UInt64 = 1, handshake: RealtimeServerSession.Handshake = .init(model: "gpt-realtime", key: "sk-test"),
        configure: (inout RealtimeServerSession.Configuration) -> Void = { _ in }
    ) {
        var configuration = RealtimeServerSession.Configuration(seed: seed, unixTime: 1_795_000_000)
        configure(&configuration)
        session = RealtimeServerSession(configuration: configuration, handshake: handshake, at: .zero)
        perform(session.start())
    }

    /// Feeds the session, and then whatever the fakes answer to its actions: results never overtake actions.
    mutating func receive(_ input: RealtimeServerSession.Input) {
        pending.append(input)
        if isReceiving { return }
        isReceiving = true
        while !pending.isEmpty { perform(session.receive(pending.removeFirst(), at: now)) }
        isReceiving = false
    }

    /// A client event.
    mutating func client(_ event: JSON) {
        receive(.text(event.bytes))
    }

    /// A `session.update` with µ-law both ways and the given members besides.
    mutating func update(_ members: JSON = [:], turnDetection: JSON? = nil, transcription: JSON = .null) {
        var input: JSON = ["format": ["type": "audio/pcmu"], "transcription": transcription]
        if let turnDetection { input["turn_detection"] = turnDetection }
        var session: JSON = [
            "type": "realtime", "audio": ["input": input, "output": ["format": ["type": "audio/pcmu"]]],
        ]
        for member in members.object?.members ?? [] { session[member.key] = member.value }
        client(["type": "session.update", "session": session])
        events = []
        times = []
    }

    /// Appends µ-law audio in packets of 20 ms, in real time.
    mutating func append(milliseconds: Int, isVoiced: Bool) {
        for _ in 0..<(milliseconds / 20) {
            let audio = Base64.encode([UInt8](repeating: isVoiced ? 0x10 : 0xFF, count: 160))
            client(["type": "input_audio_buffer.append", "audio": .string(String(decoding: audio, as: UTF8.self))])
            run(for: .milliseconds(20))
        }
    }

    /// Silence, speech and silence, enough to be a turn.
    mutating func say(milliseconds: Int = 1000, silenceBefore: Int = 400, silenceAfter: Int = 400) {
        append(milliseconds: silenceBefore, isVoiced: false)
        append(milliseconds: milliseconds, isVoiced: true)
        append(milliseconds: silenceAfter, isVoiced: false)
    }

    /// Lets virtual time pass.
    mutating func run(for duration: Duration) {
        let end = now + duration
        while let deadline = session.nextDeadline, deadline <= end {
            now = max(now, deadline)
            receive(.deadline)
        }
        now = end
    }

    private mutating func perform(_ actions: [RealtimeServerSession.Action]) {
        for action in actions {
            switch action {
            case .send(let event):
                events.append(event)
                times.append(now)
            case .sendFrame(let text): frames.append(text)
            case .listen(let audio, let format): listen(audio, format)
            case .restartListening: unjudged = []
            case .transcribe(let job, let audio, _):
                transcribed.append((job, audio.count))
                if !fakes.holdsTranscription { finishTranscription(job) }
            case .think(let job, let request):
                requests.append(request)
                if fakes.holdsThought {
                    heldThoughts.append((job, request))
                } else {
                    receive(.thought(job: job, steps: fakes.persona(request)))
                }
            case .synthesise(let job, let speech):
                speeches.append(speech)
                if fakes.holdsSpeech { heldSpeeches.append((job, speech)) } else { finishSpeech(job, speech) }
            case .close, .drop: closing = action
            }
        }
    }

    mutating func finishTranscription(_ job: Int) {
        if fakes.hearingFails {
            receive(.transcriptionFailed(job: job, message: "no ears"))
        } else {
            receive(.transcribed(job: job, words: fakes.heard.isEmpty ? "" : fakes.heard.removeFirst()))
        }
    }

    mutating func finishSpeech(_ job: Int, _ speech: RealtimeServerSession.Speech) {
        let count = fakes.speechMilliseconds(speech.text) * speech.format.bytesPerMillisecond
        receive(.synthesised(job: job, audio: [UInt8](repeating: 0x10, count: count)))
    }

    private mutating func listen(_ audio: [UInt8], _ format: RealtimeAudioFormat) {
        unjudged += audio
        let frame = 20 * format.bytesPerMillisecond
        var verdicts: [Bool] = []
        while unjudged.count >= frame {
            verdicts.append(unjudged[0] != 0xFF)
            unjudged.removeFirst(frame)
        }
        if !verdicts.isEmpty { receive(.voice(frames: verdicts)) }
    }
}

extension SessionBench {
    /// Types of the events sent, runs of deltas written once with a star.
    var types: [String] {
        var types: [String] = []
        for event in events {
            let type = event["type"]?.string ?? "?"
            let name = type.hasSuffix(".delta") ? type + "*" : type
            if !name.hasSuffix("*") || !types.suffix(2).contains(name) { types.append(name) }
        }
        return types
    }

    func all(_ type: String) -> [JSON] { events.filter { $0["type"]?.string == type } }
    func first(_ type: String) -> JSON? { all(type).first }
    func last(_ type: String) -> JSON? { all(type).last }

    func time(of type: String) -> Instant? {
        events.firstIndex { $0["type"]?.string == type }.map { times[$0] }
    }

    /// The `error` member of the newest error event.
    var error: JSON? { last("error")?["error"] }

    /// Bytes of all audio sent.
    var audioByteCount: Int {
        all("response.output_audio.delta").reduce(0) { sum, event in
            sum + (Base64.decode((event["delta"]?.string ?? "").utf8)?.count ?? 0)
        }
    }

    mutating func forget() {
        events = []
        times = []
    }
}

import SansIO

@testable import OfflineModel

/// A Live session on virtual time, with a fake recogniser, brain and voice around it.
///
/// Bytes of 0xFF are silence; a frame of 20 ms that begins with any other byte is voiced.
struct LiveBench {
    var session: LiveServerSession
    var now = Instant.zero
    /// What the recogniser hears, one utterance after the other; then it hears nothing.
    var heard: [String] = []
    var persona: (PersonaRequest) -> [PersonaStep] = { _ in [.say("Hello there, how are you today?")] }
    /// Length of speech for a text. [ms]
    var speechMilliseconds: (String) -> Int = { $0.utf8.count * 60 }
    var thoughtDuration = Duration.milliseconds(50)
    var events: [JSON] = []
    /// When each of ``events`` was sent.
    var times: [Instant] = []
    var requests: [PersonaRequest] = []
    var speeches: [RealtimeServerSession.Speech] = []
    var closing: RealtimeServerSession.Action?
    private var unjudged: [UInt8] = []
    private var pending: [(due: Instant, input: RealtimeServerSession.Input)] = []

    init(key: String = "sk-test", configure: (inout LiveServerSession.Configuration) -> Void = { _ in }) {
        var configuration = LiveServerSession.Configuration(seed: 1, unixTime: 1_795_000_000)
        configuration.refusedKeys = ["sk-bad"]
        configure(&configuration)
        session = LiveServerSession(configuration: configuration, key: key, at: .zero)
        perform(session.start())
    }

    /// A session that has been started with µ-law.
    static func started(_ members: JSON = [:]) -> LiveBench {
        var bench = LiveBench()
        bench.start(members)
        bench.forget()
        return bench
    }

    mutating func start(_ members: JSON = [:]) {
        var session: JSON = ["model": "gpt-live-1", "audio": ["format": ["type": "audio/pcmu", "rate": 8000]]]
        for member in members.object?.members ?? [] { session[member.key] = member.value }
        client(["type": "session.start", "event_id": "c0", "session": session])
    }

    mutating func client(_ event: JSON) { perform(session.receive(.text(event.bytes), at: now)) }

    /// Appends µ-law audio in packets of 20 ms, in real time.
    mutating func append(milliseconds: Int, isVoiced: Bool) {
        for _ in 0..<(milliseconds / 20) {
            let audio = Base64.encode([UInt8](repeating: isVoiced ? 0x10 : 0xFF, count: 160))
            client(["type": "session.input_audio.append", "audio": .string(String(decoding: audio, as: UTF8.self))])
            run(for: .milliseconds(20))
        }
    }

    mutating func say(milliseconds: Int = 1000) {
        append(milliseconds: 400, isVoiced: false)
        append(milliseconds: milliseconds, isVoiced: true)
        append(milliseconds: 600, isVoiced: false)
    }

    mutating func run(for duration: Duration) {
        let end = now + duration
        while true {
            let due = [pending.map(\.due).min(), session.nextDeadline].compactMap(\.self).min()
            guard let due, due <= end else { break }
            now = max(now, due)
            if let index = pending.firstIndex(where: { $0.due <= now }) {
                let input = pending.remove(at: index).input
                perform(session.receive(input, at: now))
            } else {
                perform(session.receive(.deadline, at: now))
            }
        }
        now = end
    }

    private mutating func perform(_ actions: [RealtimeServerSession.Action]) {
        for action in actions {
            switch action {
            case .send(let event):
                events.append(event)
                times.append(now)
            case .sendFrame: continue
            case .listen(let audio, let format): listen(audio, format)
            case .restartListening: unjudged = []
            case .transcribe(let job, _, _):
                pending.append((now, .transcribed(job: job, words: heard.isEmpty ? "" : heard.removeFirst())))
            case .think(let job, let request):
                requests.append(request)
                pending.append((now + thoughtDuration, .thought(job: job, steps: persona(request))))
            case .synthesise(let job, let speech):
                speeches.append(speech)
                let count = speechMilliseconds(speech.text) * speech.format.bytesPerMillisecond
                pending.append((now, .synthesised(job: job, audio: [UInt8](repeating: 0x10, count: count))))
            case .close, .drop: closing = action
            }
        }
    }

    private mutating func listen(_ audio: [UInt8], _ format: RealtimeAudioFormat) {
        unjudged += audio
        let frame = 20 * format.bytesPerMillisecond
        var verdicts: [Bool] = []
        while unjudged.count >= frame {
            verdicts.append(unjudged[0] != 0xFF)
            unjudged.removeFirst(frame)
        }
        if !verdicts.isEmpty { perform(session.receive(.voice(frames: verdicts), at: now)) }
    }

    mutating func forget() {
        events = []
        times = []
    }

    func all(_ type: String) -> [JSON] { events.filter { $0["type"]?.string == type } }
    func last(_ type: String) -> JSON? { all(type).last }

    /// Types of the events, each once in a row; those of the back end with a mark in front.
    var types: [String] {
        var types: [String] = []
        for event in events {
            let nested = event["event"]?["type"]?.string.map { "> " + $0 }
            let type = nested ?? event["type"]?.string ?? "?"
            if types.last != type { types.append(type) }
        }
        return types
    }

    /// Words that the model has spoken.
    var spoken: String { all("session.output_transcript.delta").compactMap { $0["delta"]?.string }.joined() }

    /// Audio that the model has sent. [ms]
    var spokenMilliseconds: Int {
        all("session.output_audio.delta").reduce(0) { sum, event in
            sum + (Base64.decode((event["delta"]?.string ?? "").utf8)?.count ?? 0) / 8
        }
    }

    var error: JSON? { last("error")?["error"] }
}

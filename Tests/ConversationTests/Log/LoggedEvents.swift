import SansIO

@testable import Conversation

/// One event of each kind that is not the model's server's, each with every way that it can be.
enum LoggedEvents {
    static let tool = AgentDefinition.Tool(
        name: "book", description: "Books.", parameters: ["type": "object", "properties": ["day": ["type": "string"]]])

    static let definition: AgentDefinition = {
        var definition = AgentDefinition(
            name: "agent", voice: "marin", instructions: "Be brief.\n", tools: [tool],
            handlers: [.onAnswered, .onDTMF, .onHandover], idleTimeout: .milliseconds(7_500),
            fallback: AgentDefinition.Fallback(text: "Sorry.", transferTo: "+15105550199"))
        definition.filler = AgentDefinition.Filler(after: .milliseconds(1_500), lines: ["One.", "Two."])
        definition.actionTimeout = .seconds(7)
        definition.language = "de"
        definition.turns.minimumDelay = .milliseconds(700)
        definition.stages = [
            .stt: [StageChoice(endpoint: "house", api: "transcriptions", patience: .milliseconds(1_500))],
            .tts: [StageChoice(endpoint: "openai", model: "voices", voice: "echo"), StageChoice(endpoint: "local")],
        ]
        definition.stages[.stt]?[0].temperature = 0.5
        definition.stages[.stt]?[0].extra = ["seed": 7]
        return definition
    }()

    private static let plain: [CallSession.Event] = [
        .start, .deadline, .hangUpRequested(reason: "operator"),
        .model(.connected), .model(.malformed("a message without a type")),
        .model(.closed(code: 1_006, reason: "")), .model(.failed(message: "refused")),
        .model(.connected, connection: 2),
        .telephony(.ringing(earlyMedia: true)), .telephony(.ringing(earlyMedia: false)),
        .telephony(.answered(headers: ["x-b": "2", "x-a": "1"])),
        .telephony(.failed(TelephonyFailure(status: 486, reason: "Busy Here", sentence: "Blocked."))),
        .telephony(.failed(TelephonyFailure(status: nil, reason: "timeout"))),
        .telephony(.ended(byRemote: true, reason: "")), .telephony(.transferAccepted),
        .telephony(.transferProgress(status: 180, reason: "Ringing")),
        .telephony(.transferEnded(status: 603, reason: "Decline")),
        .media(.started), .media(.playoutStarted(tag: 4, at: Instant(nanoseconds: 9_876_543_210_123))),
        .media(.playoutEnded(tag: .max, bytes: 16_000)), .media(.flushed(tag: 4, played: 160, dropped: 320)),
        .media(.flushed(tag: nil, played: 0, dropped: 0)), .media(.drained), .media(.digit("#", milliseconds: 120)),
        .media(.timedOut),
        .media(
            .measured(
                MediaQuality(
                    packetsSent: 1, packetsReceived: 2, packetsLost: 3, jitterMilliseconds: 0.1 + 0.2,
                    roundTripMilliseconds: 18))),
        .media(
            .measured(
                MediaQuality(
                    packetsSent: 1, packetsReceived: 2, packetsLost: 3, jitterMilliseconds: 4,
                    roundTripMilliseconds: nil))),
        .flowOffered(version: "0a1b", definition, fallbackAudio: [0xFF, 0xFF]),
        .flowOffered(version: "0a1c", AgentDefinition(name: "agent", instructions: "")),
    ]

    private static let stages: [PipelineEvent] = {
        let failure = StageFailure(stage: .tts, severity: .refused, message: "No.", retryAfter: .milliseconds(1_500))
        return [
            .ready(models: "a, b, c"), .failed(failure), .voiceStarted(at: 0), .voiceStopped(at: 1_234),
            .transcriptDelta(segment: 1, "Grüß"), .transcribed(segment: 1, ""),
            .transcriptionFailed(segment: 2, failure),
            .generation(3, .text("Hi. ")), .generation(3, .progress),
            .generation(3, .written(reason: "stop")),
            .generation(3, .call(RealtimeFunctionCall(callID: "call_3_1", name: "f", arguments: "{}"))),
            .generation(3, .ended(reason: "stop", usage: nil)),
            .generation(3, .ended(reason: "length", usage: ["total_tokens": 7])), .generation(3, .failed(failure)),
            .synthesis(4, .audio([0xFF, 0xFF])), .synthesis(4, .ended), .synthesis(4, .failed(failure)),
        ]
    }()

    private static let requests: [ScriptRequest] = [
        .sleep(.nanoseconds(1_500_000_001)), .say(text: "Grüezi “you”\u{0}", interruptible: false),
        .say(text: "", interruptible: true), .reply(instructions: nil), .reply(instructions: "Ask."),
        .play(source: "a.wav", interruptible: true), .stopSpeaking, .sendText(role: "user", text: "x"),
        .setInstructions("y"), .setVoice("cedar"), .setActions([tool]), .setActions([]),
        .gatherDTMF(DTMFGathering(maximum: 4, timeout: .seconds(3), terminator: "#")),
        .gatherDTMF(DTMFGathering(maximum: 1, timeout: .seconds(3), terminator: nil)),
        .transfer(target: "tel:+1"), .mute(true), .hangup(reason: nil, afterPlayout: false),
        .hangup(reason: "voicemail", afterPlayout: true), .waitForPlayout, .spawn(ScriptFunctionID(number: 3)),
        .after(.seconds(86_400), ScriptFunctionID(number: 4)), .cancelTimer(5), .service(.record(path: nil)),
        .service(.record(path: "consent.wav")), .service(.stopRecording), .service(.loadAudio(source: "a.wav")),
        .service(.store(.get(key: "k"))), .service(.store(.set(key: "k", value: .null, lifetime: nil))),
        .service(.store(.set(key: "k", value: ["a": [1, 2.5]], lifetime: .seconds(60)))),
        .service(.store(.delete(key: "k"))), .service(.store(.increment(key: "k", by: -0.5))),
        .service(.store(.keys(prefix: ""))), http(body: []), http(body: Array("ä".utf8)), http(body: [0xFF, 0xFE, 0]),
    ]

    private static func http(body: [UInt8]) -> ScriptRequest {
        .service(
            .http(
                .init(
                    method: "POST", url: "https://example.com/?q", headers: ["Accept": "", "X-Key": ""], body: body,
                    timeout: .seconds(10))))
    }

    static var all: [CallSession.Event] {
        let id = ScriptTaskID(number: 12)
        var outcomes: [ScriptOutcome] = requests.map { .yielded($0) }
        outcomes += [.returned([]), .returned([.null, "x", ["a": false]])]
        for kind in [ScriptFault.Kind.error, .budget, .memory] {
            outcomes.append(.failed(ScriptFault(kind: kind, message: "flow.lua:1: boom", traceback: "stack\n\tone")))
        }
        let replies: [ScriptReply] =
            [.value(.null), .value(true), .value(["status": 200, "headers": [:]])]
            + ScriptErrorCode.allCases.map { .failure(code: $0, message: "why") }
        return plain + outcomes.map { .script(id, $0) } + replies.map { .service(id, .reply($0)) }
            + [.service(id, .audio([0xFF, 0xFF, 0xFF])), .service(id, .audio([]))]
            + EventFormTests.modelEvents.map { .model(.event($0)) }
            + EventFormTests.liveEvents.map { .model(.live($0)) } + stages.map { .pipeline($0) }
    }
}

extension CallSession.Event {
    /// The event with silence in place of audio: what a log gives back.
    var silenced: CallSession.Event {
        func silence(_ audio: [UInt8]) -> [UInt8] { [UInt8](repeating: 0xFF, count: audio.count) }
        return switch self {
        case .model(.event(.audioDelta(let path, let audio)), let connection):
            .model(.event(.audioDelta(path, silence(audio))), connection: connection)
        case .service(let id, .audio(let audio)): .service(id, .audio(silence(audio)))
        case .flowOffered(let version, let definition, let audio):
            .flowOffered(version: version, definition, fallbackAudio: silence(audio))
        default: self
        }
    }
}

import SansIO

/// What a Live session's voice is doing.
enum LiveSpeech: Sendable {
    /// Nothing. Next: `synthesising` or `pausing`.
    case silent
    /// A sentence is being synthesised. Next: `speaking`.
    case synthesising(job: Int, text: String)
    /// A sentence goes out in real time. Next: `silent`.
    case speaking(LiveSentence)
    /// A pause of the persona. Next: `silent`.
    case pausing(until: Instant)

    var nextDeadline: Instant? {
        switch self {
        case .silent, .synthesising: nil
        case .speaking(let sentence): sentence.nextDeadline
        case .pausing(let until): until
        }
    }

    /// Whether the model has words under way.
    var isSpeaking: Bool {
        switch self {
        case .synthesising, .speaking: true
        case .silent, .pausing: false
        }
    }

    var isSilent: Bool {
        if case .silent = self { true } else { false }
    }
}

/// A sentence that goes out in real time.
struct LiveSentence: Sendable {
    /// Audio that goes out together, and runs ahead of the time at which it is heard. [ms]
    static let chunk = 100

    let text: String
    let audio: [UInt8]
    let format: RealtimeAudioFormat
    let start: Instant
    /// Audio that has gone out. [B]
    private(set) var sent = 0
    private let words: [String]
    private var sentWords = 0

    init(text: String, audio: [UInt8], format: RealtimeAudioFormat, start: Instant) {
        self.text = text
        self.audio = audio
        self.format = format
        self.start = start
        words = RealtimeServerSession.pieces(of: text)
    }

    /// How long the sentence is heard.
    var duration: Duration { .milliseconds(audio.count / format.bytesPerMillisecond) }

    /// When the next chunk goes out; when the sentence has been heard, once all have.
    var nextDeadline: Instant {
        sent < audio.count ? start + .milliseconds(sent / format.bytesPerMillisecond) : start + duration
    }

    var isComplete: Bool { sent >= audio.count && sentWords == words.count }

    /// The next chunk, and the words that begin in it with the place of each in the sentence. [ms]
    mutating func takeChunk() -> (words: [(text: String, range: Range<Int64>)], audio: ArraySlice<UInt8>) {
        let end = min(audio.count, sent + Self.chunk * format.bytesPerMillisecond)
        defer { sent = end }
        let length = duration.milliseconds
        var begun: [(text: String, range: Range<Int64>)] = []
        while sentWords < words.count, end == audio.count || sentWords * audio.count < words.count * end {
            let from = length * Int64(sentWords) / Int64(words.count)
            let to = length * Int64(sentWords + 1) / Int64(words.count)
            begun.append((words[sentWords], from..<to))
            sentWords += 1
        }
        return (begun, audio[sent..<end])
    }

    /// The words that have been heard after so long.
    func heard(after duration: Duration) -> String {
        guard self.duration > .zero else { return text }
        let share = min(1, max(0, duration.seconds / self.duration.seconds))
        return words.prefix(Int(Double(words.count) * share)).joined()
    }
}

/// The model's own words, and when it finds them.
extension LiveServerSession {
    /// Does the next thing there is to do: a step of the persona, or an answer to the user.
    mutating func proceed() {
        guard let settings else { return }
        // Nobody begins to speak while the user does.
        while speech.isSilent, utterance == nil, !queue.isEmpty { take(queue.removeFirst(), settings) }
        guard needsAnswer, thought == nil, recognitions.isEmpty, utterance == nil, speech.isSilent, queue.isEmpty else {
            return
        }
        needsAnswer = false
        think(settings, delegationID: nil)
    }

    private mutating func take(_ step: PersonaStep, _ settings: LiveSettings) {
        switch step {
        case .say(let text):
            if text.allSatisfy(\.isWhitespace) { return }
            let job = nextJob()
            speech = .synthesising(job: job, text: text)
            let voice = settings.voice.string ?? settings.voice["id"]?.string ?? ""
            outbox.append(
                .synthesise(
                    job: job, speech: RealtimeServerSession.Speech(text: text, voice: voice, format: settings.format)))
        case .call(let name, let arguments):
            var calls = [PersonaStep.call(name: name, arguments: arguments)]
            while case .call? = queue.first { calls.append(queue.removeFirst()) }
            delegate(calls, settings)
        case .pause(let duration): speech = .pausing(until: now + duration)
        case .fail(let code, let message):
            queue = []
            sendError(RealtimeError(failure: code, message: message), clientEventID: nil)
        case .drop: close(.drop)
        case .frame(let text): outbox.append(.sendFrame(text))
        }
    }

    mutating func think(_ settings: LiveSettings, delegationID: String?) {
        var dialogue = Dialogue(
            instructions: settings.instructions, tools: settings.callableTools, entries: entries)
        dialogue.mayCallAny = settings.backend == nil
        let job = nextJob()
        thought = Thought(job: job, delegationID: delegationID)
        outbox.append(.think(job: job, request: dialogue.takingOwnInstructions().request))
    }

    mutating func receiveThought(job: Int, steps: [PersonaStep]) {
        guard let thought, thought.job == job, let settings else { return }
        self.thought = nil
        if let delegationID = thought.delegationID {
            answer(delegationID, with: steps, settings)
        } else if utterance != nil {
            // The user goes on: what was thought of the first half is nothing to say.
            needsAnswer = true
        } else {
            queue += steps
        }
    }

    mutating func failThought(job: Int, message: String) {
        guard thought?.job == job else { return }
        thought = nil
        sendError(RealtimeError(type: "server_error", code: "server_error", message: message), clientEventID: nil)
    }

    mutating func beginSpeech(job: Int, audio: [UInt8]) {
        guard case .synthesising(job, let text) = speech, let settings else { return }
        speech = .speaking(LiveSentence(text: text, audio: audio, format: settings.format, start: now))
    }

    mutating func failSpeech(job: Int, message: String) {
        guard case .synthesising(job, _) = speech else { return }
        speech = .silent
        sendError(RealtimeError(type: "server_error", code: "server_error", message: message), clientEventID: nil)
    }

    /// Goes on with what is due.
    mutating func advanceSpeech() {
        switch speech {
        case .silent, .synthesising: return
        case .pausing: speech = .silent
        case .speaking(var sentence):
            guard !sentence.isComplete else {
                speech = .silent
                entries.append(.message(role: "assistant", text: sentence.text))
                return
            }
            let (words, audio) = sentence.takeChunk()
            let offset = (sentence.start - startedAt).milliseconds
            for (word, range) in words {
                emit(
                    "session.output_transcript.delta",
                    [
                        "delta": .string(word), "start_ms": .integer(offset + range.lowerBound),
                        "end_ms": .integer(offset + range.upperBound),
                    ])
            }
            if !audio.isEmpty {
                let base64 = String(decoding: Base64.encode(audio), as: UTF8.self)
                outbox.append(.send(["type": "session.output_audio.delta", "delta": .string(base64)]))
            }
            speech = .speaking(sentence)
        }
    }

    /// The user speaks: the model falls silent at once, and knows what was heard of it.
    mutating func stopSpeaking() {
        guard !speech.isSilent || !queue.isEmpty else { return }
        if case .speaking(let sentence) = speech {
            let heard = sentence.heard(after: now - sentence.start)
            if !heard.isEmpty { entries.append(.message(role: "assistant", text: heard)) }
        }
        speech = .silent
        queue = []
    }
}

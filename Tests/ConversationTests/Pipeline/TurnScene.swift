import SansIO

@testable import Conversation

/// Turn-taking in virtual time: what it is told, and what it decided when.
struct TurnScene {
    var turns: TurnTaking
    let options: TurnOptions
    private(set) var now = Instant.zero
    /// As "1200 pause".
    private(set) var log: [String] = []
    private(set) var outputs: [TurnTaking.Output] = []

    init(language: String? = "en", _ change: (inout TurnOptions) -> Void = { _ in }) {
        var options = TurnOptions()
        change(&options)
        self.options = options
        turns = TurnTaking(options: options, language: language)
    }

    /// Lets time pass, and what becomes due happen.
    mutating func run(to milliseconds: Int) {
        let end = Instant(nanoseconds: Int64(milliseconds) * 1_000_000)
        while let due = turns.nextDeadline, due <= end {
            now = max(now, due)
            note(turns.deadline(at: now))
        }
        now = max(now, end)
    }

    /// The caller speaks between two moments; then the detector knows.
    mutating func speak(_ range: Range<Int>) {
        start(range.lowerBound)
        stop(range.upperBound)
    }

    mutating func start(_ milliseconds: Int) {
        run(to: milliseconds)
        note(turns.voiceStarted(at: milliseconds, now: now))
    }

    /// The voice ends, which is known a pause later.
    mutating func stop(_ milliseconds: Int) {
        run(to: milliseconds + Int(options.voicePause.milliseconds))
        note(turns.voiceStopped(at: milliseconds, now: now))
    }

    mutating func hear(_ segment: UInt64, _ text: String, at milliseconds: Int) {
        run(to: milliseconds)
        note(turns.transcribed(segment, text, now: now))
    }

    mutating func hearPart(_ segment: UInt64, _ text: String, at milliseconds: Int) {
        run(to: milliseconds)
        note(turns.transcriptDelta(segment, text, now: now))
    }

    mutating func fail(_ segment: UInt64, at milliseconds: Int) {
        run(to: milliseconds)
        note(turns.transcriptFailed(segment, now: now))
    }

    mutating func agent(audible: Bool, interruptible: Bool = true, at milliseconds: Int) {
        run(to: milliseconds)
        note(turns.agentChanged(isAudible: audible, isInterruptible: interruptible, at: now))
    }

    mutating func allow(answers: Bool = true, interruptions: Bool = true, at milliseconds: Int) {
        run(to: milliseconds)
        note(turns.allow(answers: answers, interruptions: interruptions, at: now))
    }

    mutating func note(_ decided: [TurnTaking.Output]) {
        outputs += decided
        log += decided.map { "\(now.nanoseconds / 1_000_000) \(Self.describe($0))" }
    }

    /// What has been decided since the last call.
    mutating func take() -> [String] {
        defer { log = [] }
        return log
    }

    static func describe(_ output: TurnTaking.Output) -> String {
        switch output {
        case .beginSegment(let id, let from): "begin \(id) from \(from)"
        case .endSegment(let id, let range): "end \(id) \(range)"
        case .dropSegment(let id): "drop \(id)"
        case .turnStarted: "turn"
        case .pause: "pause"
        case .resume: "resume"
        case .partial(let text): "partial '\(text)'"
        case .preempt(let text): "preempt '\(text)'"
        case .discardPreemption: "discard"
        case .committed(let text, let until, let transcribed):
            "commit '\(text)' \(until.nanoseconds / 1_000_000) "
                + (transcribed.map { "\($0.nanoseconds / 1_000_000)" } ?? "–")
        case .abandoned: "abandon"
        }
    }
}

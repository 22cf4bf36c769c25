import SansIO
import Testing

@testable import Conversation

@Suite("Turn-taking, whatever comes")
struct TurnTakingRandomTests {
    @Test(
        "In 10,000 random conversations every rule of the outputs holds, and nothing is left waiting",
        .timeLimit(.minutes(5)))
    func conversations() throws {
        var committed = 0
        var paused = 0
        for seed in 0..<10_000 as Range<UInt64> {
            var run = RandomConversation(seed: seed)
            if !run.play().isEmpty {
                var again = RandomConversation(seed: seed, isTold: true)
                let problems = again.play()
                try #require(
                    problems.isEmpty,
                    "seed \(seed): \(problems.joined(separator: "; "))\n\(again.story.joined(separator: "\n"))")
            }
            committed += run.committed.count
            paused += run.pauses
        }
        // The conversations are about something.
        #expect(committed > 10_000)
        #expect(paused > 5_000)
    }

    @Test("Options are read back as they were written; what is wrong with them is said in a sentence")
    func options() throws {
        #expect(try TurnOptions(json: TurnOptions().json) == TurnOptions())
        #expect(try TurnOptions(json: [:]) == TurnOptions())
        var options = TurnOptions()
        options.minimumDelay = .milliseconds(725)
        options.minimumWords = 3
        options.preemptiveReplies = 0
        options.maximumTurn = .seconds(90)
        #expect(try TurnOptions(json: options.json) == options)
        #expect(options.json["min_delay"]?.number == 0.725)
        #expect(try TurnOptions(json: ["min_delay": 0.7, "min_words": 2]).minimumWords == 2)
        let wrong: [(JSON, String)] = [
            (7, "turn options must be a table, such as { min_delay = 0.5 }"),
            (["min_delay": "soon"], "min_delay must be a number of seconds from 0.1 to 10.0"),
            (["min_delay": 99], "min_delay must be a number of seconds from 0.1 to 10.0"),
            (["min_delay": 5, "max_delay": 4], "max_delay must not be shorter than min_delay"),
            (["dictation_delay": 1.5, "min_delay": 1.6], "dictation_delay must not be shorter than min_delay"),
            (["min_speech": 2, "certain_speech": 1], "certain_speech must not be shorter than min_speech"),
            (["voice_pause": 1, "min_delay": 0.5], "voice_pause must not be longer than min_delay"),
            (["voice_pause": 0.8, "max_delay": 0.6], "max_delay must not be shorter than voice_pause"),
            (["voice_pause": 0.8, "dictation_delay": 0.6], "dictation_delay must not be shorter than voice_pause"),
            (["min_words": -1], "min_words must be a whole number from 0 to 20"),
            (["min_words": 1.5], "min_words must be a whole number from 0 to 20"),
        ]
        for (json, sentence) in wrong {
            let error = #expect(throws: TurnOptionsError.self) { try TurnOptions(json: json) }
            #expect(error?.description == sentence)
        }
        let unknown = #expect(throws: TurnOptionsError.self) { try TurnOptions(json: ["delay": 1]) }
        #expect(
            unknown?.description.hasPrefix("delay is no option of turn-taking; there are min_delay, max_delay,")
                == true)
    }

    @Test("A default gives way to what was written, so that each option can be written alone")
    func defaults() throws {
        func options(_ json: JSON) throws -> [Double] {
            let json = try TurnOptions(json: json).json
            return ["min_delay", "max_delay", "dictation_delay", "voice_pause"].compactMap { json[$0]?.number }
        }
        #expect(try options(["min_delay": 2]) == [2, 3, 2, 0.25])
        #expect(try options(["min_delay": 5]) == [5, 5, 5, 0.25])
        #expect(try options(["min_delay": 0.1]) == [0.1, 3, 1.5, 0.1])
        #expect(try options(["max_delay": 0.3]) == [0.3, 0.3, 1.5, 0.25])
        #expect(try options(["dictation_delay": 0.2]) == [0.2, 3, 0.2, 0.2])
        #expect(try options(["voice_pause": 2]) == [2, 3, 2, 2])
        #expect(try TurnOptions(json: ["min_speech": 2]).certainSpeech == .seconds(2))
        #expect(try TurnOptions(json: ["certain_speech": 0.1]).minimumSpeech == .milliseconds(100))
        for field in TurnOptions.fields {
            for value in [field.range.lowerBound, field.range.upperBound, field.usual] {
                let read = try TurnOptions(json: [field.name: .number(value)])
                #expect(read.json[field.name]?.number == value)
                #expect(try TurnOptions(json: read.json) == read)
            }
        }
    }
}

/// A caller, an agent and a transcriber that do anything at any time, and what must hold of the outputs all the same.
private struct RandomConversation {
    private var random: SeededRandom
    private var turns: TurnTaking
    private var now = Instant.zero
    private let isTold: Bool
    private(set) var story: [String] = []
    private(set) var committed: [String] = []
    private(set) var pauses = 0
    private var problems: [String] = []

    private var open: Set<UInt64> = []
    private var begun: UInt64 = 0
    private var lastEnd = 0
    private var isPaused = false
    private var isStarted = false
    private var preempted: String?
    private var partial = ""
    /// Words that were delivered while they were waited for.
    private var accepted: [String] = []
    private var nextWord = 0

    init(seed: UInt64, isTold: Bool = false) {
        self.isTold = isTold
        random = SeededRandom(seed: seed)
        var options = TurnOptions()
        if random.chance(0.3) {
            options.maximumTurn = .seconds(6)
            options.noiseLimit = .seconds(3)
            options.minimumWords = Int(random.next() % 3)
            options.preemptiveReplies = Int(random.next() % 3)
        }
        if random.chance(0.1) {
            // Not to be had from JSON, but harmless.
            options.maximumTurn = .zero
            options.noiseLimit = .zero
            options.minimumDelay = .zero
            options.minimumSpeech = .zero
        }
        turns = TurnTaking(options: options, language: random.chance(0.5) ? "en" : nil)
    }

    mutating func play() -> [String] {
        for _ in 0..<40 where problems.isEmpty {
            let gaps: [Int64] = [0, 1, 20, 150, 300, 700, 1_500, 4_000, 12_000]
            let gap = gaps[Int(random.next() % UInt64(gaps.count))]
            run(to: now + .milliseconds(gap == 0 ? 0 : Int64(random.next() % UInt64(gap)) + 1))
            step()
        }
        // All falls silent, and everything is allowed.
        perform("silence") { $0.voiceStopped(at: $1.position + 100, now: $1.now) }
        perform("allow") { $0.allow(answers: true, interruptions: true, at: $1.now) }
        perform("agent silent") { $0.agentChanged(isAudible: false, isInterruptible: true, at: $1.now) }
        run(to: now + .seconds(60))
        check(turns.nextDeadline == nil, "something still waits")
        check(open.isEmpty, "segments \(open.sorted()) never ended")
        check(!isPaused, "still paused")
        check(!isStarted, "a turn never ended")
        check(preempted == nil, "a reply was forgotten")
        check(turns.segments.isEmpty && turns.finishing.isEmpty, "segments are left")
        let words = committed.flatMap { $0.split(separator: " ").map(String.init) }.filter { $0.hasPrefix("w") }
        check(Set(words).count == words.count, "said twice: \(words)")
        check(Set(accepted).isSubset(of: words), "lost: \(Set(accepted).subtracting(words).sorted())")
        return problems
    }

    private typealias Moment = (now: Instant, position: Int)

    private var moment: Moment { (now, Int(now.nanoseconds / 1_000_000)) }

    private mutating func step() {
        let id = UInt64(random.next() % (begun + 2))
        let shift = Int(random.next() % 400) - 300
        switch random.next() % 20 {
        case 0...4: perform("voice") { $0.voiceStarted(at: $1.position + shift, now: $1.now) }
        case 5...9: perform("silence") { $0.voiceStopped(at: $1.position + shift, now: $1.now) }
        case 10, 11:
            let word = makeWord()
            perform("part of \(id): \(word)") { $0.transcriptDelta(id, " " + word, now: $1.now) }
        case 12...15:
            let texts = [
                "", "mhm", "yeah okay", "...", "\(makeWord()) \(makeWord()).", "\(makeWord()) and",
                "\(makeWord()) 5 5 5",
            ]
            let text = texts[Int(random.next() % UInt64(texts.count))]
            let target = random.chance(0.8) ? turns.segments.first { $0.endedAt != nil && !$0.isSettled }?.id ?? id : id
            let waiting = (turns.segments + turns.finishing).first { $0.id == target }
            if let waiting, waiting.endedAt != nil, !waiting.isSettled {
                accepted += text.split { $0 == " " || $0 == "." }.map(String.init).filter { $0.hasPrefix("w") }
            }
            perform("all of \(target): \(text)") { $0.transcribed(target, text, now: $1.now) }
        case 16: perform("none of \(id)") { $0.transcriptFailed(id, now: $1.now) }
        case 17, 18:
            let isAudible = random.chance(0.6)
            let isInterruptible = random.chance(0.7)
            perform("agent \(isAudible) \(isInterruptible)") {
                $0.agentChanged(isAudible: isAudible, isInterruptible: isInterruptible, at: $1.now)
            }
        default:
            let answers = random.chance(0.7)
            let interruptions = random.chance(0.7)
            perform("allow \(answers) \(interruptions)") {
                $0.allow(answers: answers, interruptions: interruptions, at: $1.now)
            }
        }
        if random.chance(0.2) {
            let before = turns.nextDeadline
            let outputs = turns.deadline(at: now)
            check(outputs.isEmpty && turns.nextDeadline == before, "an early deadline does something: \(outputs)")
        }
    }

    private mutating func makeWord() -> String {
        nextWord += 1
        return "w\(nextWord)x"
    }

    private mutating func run(to end: Instant) {
        var steps = 0
        while let due = turns.nextDeadline, due <= end, problems.isEmpty {
            now = due
            perform("deadline") { $0.deadline(at: $1.now) }
            steps += 1
            check(steps < 1_000, "deadlines without end")
        }
        now = max(now, end)
    }

    private mutating func perform(_ name: String, _ input: (inout TurnTaking, Moment) -> [TurnTaking.Output]) {
        let outputs = input(&turns, moment)
        if isTold {
            story.append("\(moment.position) \(name) → \(outputs.map(TurnScene.describe).joined(separator: ", "))")
        }
        for (index, output) in outputs.enumerated() {
            note(output, next: index + 1 < outputs.count ? outputs[index + 1] : nil)
        }
        if let due = turns.nextDeadline { check(due > now, "a deadline that has passed: \(due)") }
        check(isPaused == (turns.pausedAt != nil), "paused or not?")
    }

    private mutating func note(_ output: TurnTaking.Output, next: TurnTaking.Output?) {
        switch output {
        case .beginSegment(let id, let from):
            check(id == begun + 1, "segment \(id) behind \(begun)")
            check(from >= lastEnd, "segment \(id) overlaps")
            begun = id
            open.insert(id)
        case .endSegment(let id, let range):
            check(open.remove(id) != nil, "segment \(id) ended twice")
            check(!range.isEmpty && range.lowerBound >= lastEnd, "segment \(id) overlaps or is empty")
            lastEnd = range.upperBound
        case .dropSegment(let id): check(open.remove(id) != nil, "segment \(id) ended twice")
        case .turnStarted:
            check(!isStarted, "a turn within a turn")
            check(!isPaused || next == .resume, "paused for ever by a turn")
            isStarted = true
            partial = ""
        case .pause:
            check(!isPaused && !isStarted, "paused twice, or in a turn")
            isPaused = true
            pauses += 1
        case .resume:
            check(isPaused, "resumed twice")
            isPaused = false
        case .partial(let text):
            check(isStarted && !text.isEmpty, "words outside of a turn")
            partial += text
        case .preempt(let text):
            check(isStarted && preempted == nil && !text.isEmpty, "two replies, or one to nothing")
            preempted = text
        case .discardPreemption:
            check(preempted != nil, "nothing to discard")
            preempted = nil
        case .committed(let text, let until, let transcribed):
            check(isStarted, "a turn ends that never began")
            check(preempted == nil || preempted == text, "the reply fits not")
            check(until <= now && (transcribed ?? now) <= now && !text.isEmpty, "times or words are odd")
            isStarted = false
            preempted = nil
            committed.append(text.filter { $0 != "." })
        case .abandoned:
            check(isStarted && preempted == nil, "a turn ends that never began")
            isStarted = false
        }
    }

    private mutating func check(_ holds: Bool, _ problem: String) {
        if !holds { problems.append(problem) }
    }
}

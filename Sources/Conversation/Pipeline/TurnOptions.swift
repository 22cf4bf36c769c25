public import SansIO

/// When a caller's turn begins and ends where this host decides it: in pipeline mode.
///
/// Where other hosts have the same figure, theirs is the default, unless their users complain of it.
public struct TurnOptions: Hashable, Sendable {
    /// How long the caller is silent before the turn is over.
    public var minimumDelay: Duration = .milliseconds(500)
    /// The same, when what was said looks unfinished: "and then I", "um", "at five,".
    public var maximumDelay: Duration = .seconds(3)
    /// The same, in the middle of a number that is dictated, or a word that is spelled.
    public var dictationDelay: Duration = .milliseconds(1_500)
    /// How long after the voice its transcript is waited for; then the turn is what there is. Longer than it takes to ask
    /// a second provider.
    public var transcriptTimeout: Duration = .seconds(6)
    /// How often in one turn a reply is generated ahead of its end, and thrown away when the caller goes on; 0 for never.
    public var preemptiveReplies = 3
    /// How long a voice must go on, while the agent speaks, to hold what it says. The pause in which a voice that has
    /// ended isn't known to have counts as voice: waiting for its end would make each interruption later.
    public var minimumSpeech: Duration = .milliseconds(300)
    /// How many words it takes to interrupt the agent. 1 or more: "mhm", "yeah", "okay" and their like don't count. 0: any
    /// word will do.
    public var minimumWords = 1
    /// Voice that lasts so long without a break interrupts the agent even if no word of it is known yet.
    public var certainSpeech: Duration = .seconds(1)
    /// How long after a noise the agent waits for words of it before it goes on where it stopped.
    public var falseInterruptionTimeout: Duration = .milliseconds(1_500)
    /// A "yes" that was too short to interrupt is an answer all the same if the agent has finished so soon after it.
    public var answerOverlap: Duration = .seconds(1)
    /// Voice that lasts so long without words in it is none: music, a television.
    public var noiseLimit: Duration = .seconds(10)
    /// A turn that lasts so long is answered, over or not.
    public var maximumTurn: Duration = .seconds(60)
    /// How long the voice detector hears nothing before it reports that a voice has stopped. Shorter than
    /// ``minimumDelay``, so that the transcript comes while the end of the turn is still waited for.
    public var voicePause: Duration = .milliseconds(250)

    public init() {}
}

/// Why an object doesn't say how turns are taken.
public struct TurnOptionsError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The member that is wrong; empty when it is the whole.
    public let field: String
    /// What is wrong with it, and what it must be.
    public let problem: String

    public var description: String { field.isEmpty ? "turn options \(problem)" : "\(field) \(problem)" }
}

extension TurnOptions {
    /// One option, as scripts name it.
    public struct Field: Hashable, Sendable {
        public let name: String
        /// Whether it counts something; all others are times. [s]
        public let isWhole: Bool
        public let range: ClosedRange<Double>
        /// What it is where nobody says otherwise.
        public let usual: Double
    }

    private struct Figure: Sendable {
        let name: String
        let path: any WritableKeyPath<TurnOptions, Duration> & Sendable
        /// [s]
        let range: ClosedRange<Double>
    }

    private static let figures = [
        Figure(name: "min_delay", path: \.minimumDelay, range: 0.1...10),
        Figure(name: "max_delay", path: \.maximumDelay, range: 0.1...30),
        Figure(name: "dictation_delay", path: \.dictationDelay, range: 0.1...30),
        Figure(name: "transcript_timeout", path: \.transcriptTimeout, range: 0.5...60),
        Figure(name: "min_speech", path: \.minimumSpeech, range: 0...5),
        Figure(name: "certain_speech", path: \.certainSpeech, range: 0...3_600),
        Figure(name: "false_interruption_timeout", path: \.falseInterruptionTimeout, range: 0.1...10),
        Figure(name: "answer_overlap", path: \.answerOverlap, range: 0...10),
        Figure(name: "noise_limit", path: \.noiseLimit, range: 2...3_600),
        Figure(name: "max_turn", path: \.maximumTurn, range: 5...3_600),
        Figure(name: "voice_pause", path: \.voicePause, range: 0.05...2),
    ]
    private static let counts: [(name: String, path: any WritableKeyPath<TurnOptions, Int> & Sendable)] = [
        ("preemptive_replies", \.preemptiveReplies), ("min_words", \.minimumWords),
    ]
    private static let countRange = 0...20

    /// All options.
    public static let fields: [Field] = {
        let usual = TurnOptions()
        return figures.map {
            Field(name: $0.name, isWhole: false, range: $0.range, usual: usual[keyPath: $0.path].seconds)
        }
            + counts.map {
                Field(
                    name: $0.name, isWhole: true, range: Double(countRange.lowerBound)...Double(countRange.upperBound),
                    usual: Double(usual[keyPath: $0.path]))
            }
    }()

    /// All options, times in seconds.
    public var json: JSON {
        var object = JSONObject()
        for figure in Self.figures { object[figure.name] = .number(self[keyPath: figure.path].seconds) }
        for count in Self.counts { object[count.name] = .integer(Int64(self[keyPath: count.path])) }
        return .object(object)
    }

    /// Reads options, times in seconds; what is missing has its default, or what those that are there leave it.
    ///
    /// - Throws: For what is no option, is out of its range, or contradicts another.
    public init(json: JSON) throws(TurnOptionsError) {
        guard let object = json.object else {
            throw TurnOptionsError(field: "", problem: "must be a table, such as { min_delay = 0.5 }")
        }
        for member in object.members {
            if let figure = Self.figures.first(where: { $0.name == member.key }) {
                self[keyPath: figure.path] = try Self.duration(member.value, figure)
            } else if let count = Self.counts.first(where: { $0.name == member.key }) {
                guard let value = member.value.integer, Self.countRange.contains(Int(clamping: value)) else {
                    throw TurnOptionsError(field: count.name, problem: "must be a whole number from 0 to 20")
                }
                self[keyPath: count.path] = Int(value)
            } else {
                let names = Self.fields.map(\.name).joined(separator: ", ")
                throw TurnOptionsError(field: member.key, problem: "is no option of turn-taking; there are \(names)")
            }
        }
        adapt(toGiven: Set(object.members.map(\.key)))
        try check()
    }

    /// Lets defaults give way to what somebody wrote.
    private mutating func adapt(toGiven given: Set<String>) {
        if !given.contains("min_delay") {
            if given.contains("voice_pause") { minimumDelay = max(minimumDelay, voicePause) }
            if given.contains("max_delay") { minimumDelay = min(minimumDelay, maximumDelay) }
            if given.contains("dictation_delay") { minimumDelay = min(minimumDelay, dictationDelay) }
        }
        if !given.contains("max_delay") { maximumDelay = max(maximumDelay, minimumDelay) }
        if !given.contains("dictation_delay") { dictationDelay = max(dictationDelay, minimumDelay) }
        if !given.contains("voice_pause") { voicePause = min(voicePause, minimumDelay) }
        if !given.contains("certain_speech") {
            certainSpeech = max(certainSpeech, minimumSpeech)
        } else if !given.contains("min_speech") {
            minimumSpeech = min(minimumSpeech, certainSpeech)
        }
    }

    private func check() throws(TurnOptionsError) {
        for (field, delay) in [("max_delay", maximumDelay), ("dictation_delay", dictationDelay)] {
            if delay < minimumDelay {
                throw TurnOptionsError(field: field, problem: "must not be shorter than min_delay")
            }
            // No default of min_delay fits between the two.
            if delay < voicePause {
                throw TurnOptionsError(field: field, problem: "must not be shorter than voice_pause")
            }
        }
        if certainSpeech < minimumSpeech {
            throw TurnOptionsError(field: "certain_speech", problem: "must not be shorter than min_speech")
        }
        if voicePause > minimumDelay {
            throw TurnOptionsError(field: "voice_pause", problem: "must not be longer than min_delay")
        }
    }

    private static func duration(_ value: JSON, _ figure: Figure) throws(TurnOptionsError) -> Duration {
        guard let seconds = value.number, figure.range.contains(seconds) else {
            let bounds = "\(figure.range.lowerBound) to \(figure.range.upperBound)"
            throw TurnOptionsError(field: figure.name, problem: "must be a number of seconds from \(bounds)")
        }
        return .nanoseconds(Int64((seconds * 1e9).rounded()))
    }
}

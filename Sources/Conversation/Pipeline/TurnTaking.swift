import SansIO

/// Decides when the caller has the floor and when the caller's turn is over, from voice activity and transcripts.
///
/// Speech is cut into segments where the voice pauses, and each is transcribed. A turn is one or more segments: it is
/// over when the voice has been silent for so long as its words suggest (``TurnOptions``). While the agent speaks, or is
/// about to, a voice holds what it says until it is clear whether the caller takes the floor; if not, nothing was lost.
///
/// A value without clock: every input says when it came. Positions are on the clock of all audio. [ms]
struct TurnTaking: Sendable {
    /// What follows, in order.
    enum Output: Hashable, Sendable {
        /// A segment begins; numbers start at 1 and are used once. Either ``endSegment(_:range:)`` or
        /// ``dropSegment(_:)`` follows, once.
        case beginSegment(UInt64, from: Int)
        /// The segment is whole, and its transcript is wanted.
        case endSegment(UInt64, range: Range<Int>)
        /// The segment holds nothing.
        case dropSegment(UInt64)
        /// The caller has the floor. ``committed(_:spokeUntil:transcribedAt:)`` or ``abandoned`` follows, once.
        case turnStarted
        /// What the agent says is to be held: the caller may be taking the floor.
        case pause
        /// Ends a ``pause``: the agent goes on where it stopped. Behind a ``turnStarted`` there is nothing to go on with,
        /// if that has dropped what was being said.
        case resume
        /// Words to be added to those told of the turn so far; the committed text replaces them all.
        case partial(String)
        /// If the turn is over now, this is its text: a reply can be made ready, but must not be heard.
        case preempt(String)
        /// The turn goes on: that reply fits no more.
        case discardPreemption
        /// The turn is over.
        ///
        /// - spokeUntil: When its voice ended.
        /// - transcribedAt: When its last words were known; `nil` when some never were.
        case committed(String, spokeUntil: Instant, transcribedAt: Instant?)
        /// The turn had no words.
        case abandoned
    }

    /// A stretch of voice, and what was understood of it.
    struct Segment: Sendable {
        enum Words: Hashable, Sendable {
            case awaited
            case known(String, at: Instant)
            /// Its transcription failed, or took too long.
            case missed
        }

        let id: UInt64
        let from: Int
        let begunAt: Instant
        /// When the voice ended; `nil` while it goes on.
        var endedAt: Instant?
        /// Words that came before the transcript was whole.
        var heard = ""
        var words = Words.awaited
        /// It goes on like what had no words: no voice until words are heard in it.
        var isNoise = false
        /// It has held the agent's speech for long enough.
        var isPauseSpent = false
        /// For how long the agent's speech was held since this began: by so much later it ends.
        var heldFor = Duration.zero
        /// It goes on behind a turn that was cut because it became too long: until it pauses, the agent has the floor.
        var isOverrun = false

        var text: String {
            if case .known(let text, _) = words { text } else { heard.trimmingWhitespace() }
        }

        var isSettled: Bool { words != .awaited }
        var hasWords: Bool { text.unicodeScalars.contains { $0.properties.isAlphabetic || $0.isDigit } }
    }

    /// How long the agent's speech is held at most by voice that neither ends nor says anything.
    static let longestPause = Duration.seconds(5)
    /// For how long after a turn its reply is taken to be about to come.
    static let replyPatience = Duration.seconds(10)
    /// Voice that goes on is not cut shorter.
    static let shortestPiece = Duration.seconds(1)

    let options: TurnOptions
    let vocabulary: TurnWords

    /// What was spoken since the last turn, oldest first; the last one may still be spoken.
    var segments: [Segment] = []
    /// A turn that was cut because it became too long, and waits for its last words.
    var finishing: [Segment] = []
    /// The caller has the floor.
    var isStarted = false
    /// The agent's speech has been held since then.
    var pausedAt: Instant?
    /// The text that a reply is being made ready for.
    var preempted: String?
    var preemptions = 0
    /// What was told of the turn's words so far.
    var told = ""

    /// Turns are answered by themselves.
    var isAnswering = true
    /// The caller may interrupt.
    var mayInterrupt = true
    var isAgentAudible = false
    var isAgentInterruptible = true
    /// Since when the agent is silent, or speaks or is about to.
    var agentSilentSince = Instant(nanoseconds: .min)
    var agentSpeaksSince = Instant(nanoseconds: .min)
    /// A reply is about to come, until then.
    var replyDueUntil: Instant?

    /// The caller says nothing any more: what was said is a turn as soon as its words are known.
    private(set) var isCallerGone = false

    private var nextSegment: UInt64 = 1
    /// Where the last segment ended: none begins before.
    private var lastPosition = 0
    private var isClosed = false
    private var outputs: [Output] = []

    /// When to call ``deadline(at:)``; `nil` when only an event can decide anything.
    private(set) var nextDeadline: Instant?

    /// - Parameter language: What the caller speaks, as ISO 639-1; `nil` when it isn't known.
    init(options: TurnOptions, language: String?) {
        self.options = options
        vocabulary = TurnWords.of(language)
    }

    // MARK: Inputs

    /// A voice was found.
    ///
    /// - Parameter position: Where it begins, padding included.
    mutating func voiceStarted(at position: Int, now: Instant) -> [Output] {
        guard !isClosed, !isCallerGone else { return [] }
        if let voice = segments.last, voice.endedAt == nil { end(voice, at: max(position, voice.from), ended: now) }
        begin(from: max(position, lastPosition), now: now)
        return settled(at: now)
    }

    /// The voice has not been heard for ``TurnOptions/voicePause``.
    ///
    /// - Parameter position: Where it was last heard.
    mutating func voiceStopped(at position: Int, now: Instant) -> [Output] {
        guard !isClosed, let voice = segments.last, voice.endedAt == nil else { return [] }
        end(voice, at: position, ended: max(voice.begunAt, now - options.voicePause))
        return settled(at: now)
    }

    /// The words so far of a segment whose transcript isn't whole.
    mutating func transcriptDelta(_ segment: UInt64, _ text: String, now: Instant) -> [Output] {
        change(segment) { if !$0.isSettled { $0.heard = text } }
        return settled(at: now)
    }

    /// All words of a segment; empty when there were none.
    mutating func transcribed(_ segment: UInt64, _ text: String, now: Instant) -> [Output] {
        change(segment) {
            guard !$0.isSettled else { return }
            let text = text.trimmingWhitespace()
            // Before the segment has ended there can be more.
            if $0.endedAt == nil { $0.heard = text } else { $0.words = .known(text, at: now) }
        }
        return settled(at: now)
    }

    /// No more words of a segment will come.
    mutating func transcriptFailed(_ segment: UInt64, now: Instant) -> [Output] {
        change(segment) { if $0.endedAt != nil, !$0.isSettled { $0.words = .missed } }
        return settled(at: now)
    }

    /// What the call allows now: whether turns are answered by themselves, and whether the caller may interrupt.
    mutating func allow(answers: Bool, interruptions: Bool, at now: Instant) -> [Output] {
        isAnswering = answers
        mayInterrupt = interruptions
        return settled(at: now)
    }

    /// Whether something of the agent is being heard, or would be if it were not held.
    ///
    /// - Parameter isInterruptible: Whether the caller may interrupt it. What is said meanwhile is kept.
    mutating func agentChanged(isAudible: Bool, isInterruptible: Bool, at now: Instant) -> [Output] {
        if isAgentAudible, !isAudible { agentSilentSince = now }
        if isAudible, !isAgentAudible, replyDueUntil == nil { agentSpeaksSince = now }
        if isAudible { replyDueUntil = nil }
        isAgentAudible = isAudible
        isAgentInterruptible = isInterruptible
        return settled(at: now)
    }

    /// The caller has hung up, or will not be heard any more.
    mutating func callerLeft(at now: Instant) -> [Output] {
        isCallerGone = true
        isAnswering = false
        if let voice = segments.last, voice.endedAt == nil {
            end(voice, at: voice.from + Int(clamping: (now - voice.begunAt).milliseconds), ended: now)
        }
        return settled(at: now)
    }

    /// Whether something was said that is no turn yet.
    var isHearing: Bool { !segments.isEmpty || !finishing.isEmpty }

    /// Time has passed.
    mutating func deadline(at now: Instant) -> [Output] {
        settled(at: now)
    }

    /// Ends everything; nothing follows.
    mutating func close() {
        isClosed = true
        segments = []
        finishing = []
        nextDeadline = nil
    }

    // MARK: Segments

    private mutating func change(_ id: UInt64, _ change: (inout Segment) -> Void) {
        if let index = segments.firstIndex(where: { $0.id == id }) { change(&segments[index]) }
        if let index = finishing.firstIndex(where: { $0.id == id }) { change(&finishing[index]) }
    }

    private mutating func begin(from position: Int, now: Instant) {
        segments.append(Segment(id: nextSegment, from: position, begunAt: now))
        tell(.beginSegment(nextSegment, from: position))
        nextSegment += 1
    }

    private mutating func end(_ voice: Segment, at position: Int, ended: Instant) {
        lastPosition = max(lastPosition, position)
        guard position > voice.from else {
            segments.removeLast()
            tell(.dropSegment(voice.id))
            return
        }
        segments[segments.count - 1].endedAt = ended
        // Its transcript tells.
        segments[segments.count - 1].isNoise = false
        tell(.endSegment(voice.id, range: voice.from..<position))
    }

    /// Ends the segment that is being spoken, and begins another where it ends.
    ///
    /// - Returns: The new one's place; it is the last.
    mutating func split(_ voice: Segment, now: Instant) -> Int {
        let position = voice.from + Int(clamping: (now - voice.begunAt).milliseconds)
        end(voice, at: position, ended: now)
        begin(from: position, now: now)
        return segments.count - 1
    }

    // MARK: Outputs

    mutating func tell(_ output: Output) {
        outputs.append(output)
    }

    /// Does all that has become due, and finds out when the next thing will.
    private mutating func settled(at now: Instant) -> [Output] {
        guard !isClosed else { return [] }
        repeat { nextDeadline = nil } while advance(at: now)
        defer { outputs = [] }
        return outputs
    }

    /// Whether an instant has come; if not, it is a deadline.
    mutating func isDue(_ instant: Instant, at now: Instant) -> Bool {
        guard instant > now else { return true }
        nextDeadline = min(nextDeadline ?? instant, instant)
        return false
    }
}

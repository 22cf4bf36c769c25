import SansIO

/// What the caller says: the voice that is heard on its way to the server, and words as the server writes them, made into
/// turns.
///
/// A voice begins a turn, and its end is the turn's; so do words whose voice was not noticed. A turn is over, too, when
/// the model begins to speak or its back end goes on. Its words may come later than that: they are whole after a pause.
extension LiveSession {
    struct CallerSpeech: Sendable {
        let itemID: String
        var text = ""
        var lastWordsAt: Instant?
        /// Of the last words, on the session's clock. [ms]
        var endMilliseconds = 0
        /// When the turn was over.
        var endedAt: Instant?
    }

    /// The last voice of the caller.
    struct CallerVoice: Sendable {
        let startedAt: Instant
        /// `nil` while it goes on.
        var endedAt: Instant?
    }

    /// How long a turn is left open for words when none have come; without any it was a noise.
    private static let wordsPatience = Duration.seconds(3)
    /// So long behind a turn a server must have been heard that has had no words for it.
    private static let wordsTime = Duration.milliseconds(1_500)

    // MARK: The voice

    mutating func voiceStarted(at now: Instant) {
        voice = CallerVoice(startedAt: now)
        if isDeaf { hasMissedCaller = true }
        if callerTurns.last.map({ $0.endedAt != nil }) ?? true { beginTurn(atMilliseconds: 0) }
    }

    mutating func voiceStopped(at now: Instant) {
        voice?.endedAt = now - options.voicePause
        endTurn(at: now)
    }

    var isVoiceHeard: Bool { voice.map { $0.endedAt == nil } ?? false }

    // MARK: Words

    mutating func callerSpoke(_ words: LiveTranscript, at now: Instant) {
        while let turn = callerTurns.first, turn.lastWordsAt != nil,
            words.startMilliseconds - turn.endMilliseconds > Int(options.pause.milliseconds)
        {
            completeTurn(at: now)
        }
        if callerTurns.isEmpty {
            guard words.text.contains(where: { !$0.isWhitespace }) else { return }
            beginTurn(atMilliseconds: words.startMilliseconds)
        }
        guard !words.text.isEmpty else { return }
        callerTurns[0].text += words.text
        callerTurns[0].lastWordsAt = now
        callerTurns[0].endMilliseconds = words.endMilliseconds
        lastCallerWordsAt = now
        say(.inputTranscriptDelta(itemID: callerTurns[0].itemID, delta: words.text))
    }

    /// When the words of the first turn are whole; `nil` while its voice is heard.
    var turnCompleteTime: Instant? {
        guard let turn = callerTurns.first else { return nil }
        if turn.endedAt == nil, isVoiceHeard { return nil }
        guard let lastWordsAt = turn.lastWordsAt else {
            guard let endedAt = turn.endedAt else { return nil }
            // Of a server that hangs nobody knows what it has understood.
            if options.silence != nil, let watch, watch.heardAt < endedAt + Self.wordsTime { return nil }
            return endedAt + Self.wordsPatience
        }
        return max(lastWordsAt, turn.endedAt ?? lastWordsAt) + options.pause
    }

    mutating func completeTurns(at now: Instant) {
        while let time = turnCompleteTime, time <= now { completeTurn(at: now) }
    }

    private mutating func completeTurn(at now: Instant) {
        if callerTurns.count == 1 { endTurn(at: now) }
        let turn = callerTurns.removeFirst()
        say(.inputTranscriptCompleted(itemID: turn.itemID, transcript: turn.text.trimmingWhitespace()))
    }

    // MARK: Turns

    private mutating func beginTurn(atMilliseconds position: Int) {
        let turn = CallerSpeech(itemID: makeID("item"))
        callerTurns.append(turn)
        say(.speechStarted(itemID: turn.itemID, audioStartMilliseconds: position))
    }

    /// Ends the turn, whose last words may still be on their way.
    mutating func endTurn(at now: Instant) {
        guard let turn = callerTurns.last, turn.endedAt == nil else { return }
        callerTurns[callerTurns.count - 1].endedAt = now
        unansweredSince = now
        let previous = lastCallerItemID
        lastCallerItemID = turn.itemID
        let spokeUntil = isVoiceHeard ? now : voice?.endedAt ?? turn.lastWordsAt ?? now
        outputs.append(.turnEnded(PipelineSession.TurnEnd(spokeUntil: spokeUntil, transcribedAt: nil)))
        say(.speechStopped(itemID: turn.itemID, audioEndMilliseconds: turn.endMilliseconds))
        say(.inputCommitted(itemID: turn.itemID, previousItemID: previous))
    }
}

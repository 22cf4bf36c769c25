import SansIO

extension TurnTaking {
    /// The segment that is being spoken now.
    var voice: Segment? {
        guard let last = segments.last, last.endedAt == nil, !last.isNoise, !last.isOverrun else { return nil }
        return last
    }

    /// What belongs to the turn: all segments but noise that goes on, and what goes on behind the turn's limit.
    private var spoken: [Segment] {
        let isOverrun = segments.last.map { $0.isOverrun && $0.endedAt == nil } ?? false
        return segments.filter { !$0.isNoise && !(isOverrun && $0.isOverrun) }
    }

    private var text: String { TurnWords.joined(spoken.map(\.text).filter { !$0.isEmpty }) }

    /// The agent speaks, or is about to: a voice may be an interruption, or none.
    private var isContested: Bool { isAgentAudible || replyDueUntil != nil }

    private var isInterruptible: Bool { mayInterrupt && (isAgentInterruptible || !isAgentAudible) }

    /// Takes the next step that has become due.
    ///
    /// - Returns: Whether there was one.
    mutating func advance(at now: Instant) -> Bool {
        if let until = replyDueUntil, isDue(until, at: now) {
            replyDueUntil = nil
            agentSilentSince = now
            return true
        }
        if giveUpTranscripts(at: now) { return true }
        if !finishing.isEmpty { return finish(at: now) }
        return findNoise(at: now) || dropEmpty(at: now) || discardReply() || tellWords()
            || limitTurn(at: now)
            || (isStarted ? endTurn(at: now) : takeFloor(at: now))
    }

    // MARK: Segments

    /// Waits no longer for words that should have come.
    private mutating func giveUpTranscripts(at now: Instant) -> Bool {
        var isChanged = false
        func isMissed(_ segment: Segment, _ turns: inout TurnTaking) -> Bool {
            guard let ended = segment.endedAt, !segment.isSettled else { return false }
            return turns.isDue(ended + turns.options.transcriptTimeout, at: now)
        }
        for index in segments.indices where isMissed(segments[index], &self) {
            segments[index].words = .missed
            isChanged = true
        }
        for index in finishing.indices where isMissed(finishing[index], &self) {
            finishing[index].words = .missed
            isChanged = true
        }
        return isChanged
    }

    /// Cuts voice in which no word is heard into pieces, so that their transcripts tell whether it is one.
    private mutating func findNoise(at now: Instant) -> Bool {
        guard let last = segments.last, last.endedAt == nil else { return false }
        if last.hasWords {
            guard last.isNoise else { return false }
            segments[segments.count - 1].isNoise = false
            return true
        }
        guard isDue(last.begunAt + max(options.noiseLimit, Self.shortestPiece), at: now) else { return false }
        let next = split(last, now: now)
        segments[next].isNoise = last.isNoise
        segments[next].isOverrun = last.isOverrun
        return true
    }

    /// Forgets segments that turned out to hold no words, and what a voice without words has begun.
    private mutating func dropEmpty(at now: Instant) -> Bool {
        guard let index = segments.firstIndex(where: { $0.endedAt != nil && $0.isSettled && !$0.hasWords }) else {
            guard isStarted, spoken.isEmpty else { return false }
            abandon()
            return true
        }
        let empty = segments.remove(at: index)
        // The voice goes on like this one.
        if case .known = empty.words, index == segments.count - 1, segments[index].begunAt == empty.endedAt,
            segments[index].endedAt == nil, !segments[index].hasWords
        {
            segments[index].isNoise = true
        }
        return true
    }

    // MARK: The floor

    /// Whether the caller takes the floor; until that is known, what the agent says is held.
    private mutating func takeFloor(at now: Instant) -> Bool {
        if startsTurn(at: now) {
            start(at: now)
            return true
        }
        return holdAgent(at: now) || ignoreBackChannel(at: now)
    }

    private mutating func startsTurn(at now: Instant) -> Bool {
        guard !spoken.isEmpty else { return false }
        if isCallerGone { return spoken.contains(where: \.hasWords) }
        if !isContested {
            if spoken.contains(where: \.hasWords), voice != nil || !isTooEarly { return true }
            guard let voice else { return false }
            // Nothing is urgent: a voice that has ended meanwhile is no reason.
            return isDue(voice.begunAt + options.minimumSpeech + options.voicePause, at: now)
        }
        guard isInterruptible else { return false }
        if takesFloor { return true }
        guard let voice else { return false }
        return isDue(max(voice.begunAt, agentSpeaksSince) + options.certainSpeech, at: now)
    }

    /// Whether the words are those of an interruption.
    private var takesFloor: Bool {
        guard spoken.contains(where: \.hasWords) else { return false }
        return vocabulary.count(in: text) >= options.minimumWords
    }

    /// Whether these words were said so long before the agent had finished that they are no answer.
    private var isTooEarly: Bool {
        guard !takesFloor, let last = spoken.last, let ended = last.endedAt else { return false }
        return agentSilentSince > ended + options.answerOverlap + last.heldFor
    }

    private mutating func start(at now: Instant) {
        isStarted = true
        replyDueUntil = nil
        told = ""
        tell(.turnStarted)
        resume(at: now)
    }

    /// Holds what the agent says, or lets it go on.
    ///
    /// - Returns: Whether either has happened.
    private mutating func holdAgent(at now: Instant) -> Bool {
        guard let since = pausedAt else {
            guard !isCallerGone, isContested, isInterruptible, let voice, !voice.isPauseSpent else { return false }
            // What was not begun is held at once: nobody hears that.
            let start = isAgentAudible ? voice.begunAt + options.minimumSpeech : voice.begunAt
            guard isDue(start, at: now) else { return false }
            pausedAt = now
            tell(.pause)
            return true
        }
        if isDue(since + Self.longestPause, at: now), voice != nil {
            segments[segments.count - 1].isPauseSpent = true
            resume(at: now)
            return true
        }
        guard isContested, isInterruptible else {
            resume(at: now)
            return true
        }
        guard voice == nil else { return false }
        if let ended = spoken.last?.endedAt, !spoken.allSatisfy(\.isSettled),
            !isDue(ended + options.falseInterruptionTimeout, at: now)
        {
            return false
        }
        resume(at: now)
        return true
    }

    private mutating func resume(at now: Instant) {
        guard let since = pausedAt else { return }
        pausedAt = nil
        for index in segments.indices { segments[index].heldFor += now - since }
        tell(.resume)
    }

    /// Forgets words that only show that the caller listens, unless they are the answer to what the agent has just said.
    private mutating func ignoreBackChannel(at now: Instant) -> Bool {
        guard voice == nil, !spoken.isEmpty, spoken.allSatisfy(\.isSettled), !takesFloor,
            let last = spoken.last, let ended = last.endedAt
        else { return false }
        let isOver = isContested ? isDue(ended + options.answerOverlap + last.heldFor, at: now) : isTooEarly
        guard isOver else { return false }
        segments.removeAll { !$0.isNoise }
        return true
    }

    // MARK: The end of a turn

    /// Waits for the pause that ends the turn, and has a reply made ready meanwhile.
    private mutating func endTurn(at now: Instant) -> Bool {
        let spoken = self.spoken
        guard voice == nil, let ended = spoken.last?.endedAt, spoken.allSatisfy(\.isSettled) else { return false }
        // What cannot be interrupted is answered when it is over.
        guard !isAgentAudible || isInterruptible || isCallerGone else { return false }
        let text = self.text
        let delay = isCallerGone ? .zero : pause(behind: text)
        if isDue(ended + delay, at: now) {
            commit(spoken, at: now)
            segments.removeAll { !$0.isNoise }
            return true
        }
        guard isAnswering, preempted == nil, preemptions < options.preemptiveReplies,
            isDue(ended + (delay - options.minimumDelay), at: now)
        else { return false }
        preempted = text
        preemptions += 1
        tell(.preempt(text))
        return true
    }

    /// How long the voice is silent at the end of a turn with these words.
    private func pause(behind text: String) -> Duration {
        switch vocabulary.ending(of: text) {
        case .finished: options.minimumDelay
        case .unfinished: options.maximumDelay
        case .dictating: options.dictationDelay
        }
    }

    /// Tells what was understood since it was told last.
    private mutating func tellWords() -> Bool {
        guard isStarted else { return false }
        let text = self.text
        guard text.count > told.count, text.hasPrefix(told) else { return false }
        tell(.partial(String(text.dropFirst(told.count))))
        told = text
        return true
    }

    /// Throws a reply away that was made ready for other words.
    private mutating func discardReply() -> Bool {
        guard let preempted, preempted != text else { return false }
        self.preempted = nil
        tell(.discardPreemption)
        return true
    }

    /// Cuts a turn that doesn't end.
    private mutating func limitTurn(at now: Instant) -> Bool {
        guard isStarted, let voice, let first = spoken.first,
            isDue(first.begunAt + max(options.maximumTurn, Self.shortestPiece), at: now)
        else { return false }
        let next = split(voice, now: now)
        finishing = Array(segments[..<next])
        segments.removeFirst(next)
        segments[0].isOverrun = true
        if preempted != nil {
            preempted = nil
            tell(.discardPreemption)
        }
        return true
    }

    /// Ends a turn that was cut, once its words are known.
    private mutating func finish(at now: Instant) -> Bool {
        guard finishing.allSatisfy(\.isSettled) else { return false }
        let spoken = finishing.filter(\.hasWords)
        finishing = []
        if spoken.isEmpty { abandon() } else { commit(spoken, at: now) }
        return true
    }

    private mutating func commit(_ spoken: [Segment], at now: Instant) {
        let text = TurnWords.joined(spoken.map(\.text).filter { !$0.isEmpty })
        let instants = spoken.compactMap { segment -> Instant? in
            if case .known(_, let instant) = segment.words { instant } else { nil }
        }
        tell(
            .committed(
                text, spokeUntil: spoken.last?.endedAt ?? now,
                transcribedAt: instants.count == spoken.count ? instants.max() : nil))
        if isAnswering {
            replyDueUntil = now + Self.replyPatience
            if !isAgentAudible { agentSpeaksSince = now }
        }
        reset()
    }

    private mutating func abandon() {
        if preempted != nil { tell(.discardPreemption) }
        tell(.abandoned)
        reset()
    }

    private mutating func reset() {
        isStarted = false
        preempted = nil
        preemptions = 0
        told = ""
    }
}

import SansIO

/// The caller's turns, as events of a Realtime server.
extension PipelineSession {
    mutating func handle(_ outputs: [TurnTaking.Output], at now: Instant) {
        for output in outputs { handle(output, at: now) }
    }

    private mutating func handle(_ output: TurnTaking.Output, at now: Instant) {
        switch output {
        case .beginSegment(let segment, let position): beginSegment(segment, from: position, at: now)
        case .endSegment(let segment, let range): endSegment(segment, range, at: now)
        case .dropSegment(let segment): dropSegment(segment)
        case .turnStarted: turnStarted()
        case .pause: outputs.append(.pausePlayout)
        case .resume: outputs.append(.resumePlayout)
        case .partial(let text):
            if let turnItemID { say(.inputTranscriptDelta(itemID: turnItemID, delta: text)) }
        case .preempt(let text):
            discardDraft()
            if awaitsCut { awaitedDraft = text } else if activeID == nil { answerTurn(ahead: text, at: now) }
        case .discardPreemption: discardDraft()
        case .committed(let text, let spokeUntil, let transcribedAt):
            commit(text, TurnEnd(spokeUntil: spokeUntil, transcribedAt: transcribedAt), at: now)
        case .abandoned: abandonTurn(at: now)
        }
    }

    // MARK: Segments

    /// A provider that listens while it is spoken gets the segment from its begin.
    private mutating func beginSegment(_ segment: UInt64, from position: Int, at now: Instant) {
        let provider = providers[.stt]?.choice(at: now) ?? 0
        let number = makeNumber()
        listening[segment] = Listening(number: number, provider: provider)
        outputs.append(.command(.beginSegment(id: number, provider: provider, from: position)))
    }

    private mutating func endSegment(_ segment: UInt64, _ range: Range<Int>, at now: Instant) {
        guard let begun = listening.removeValue(forKey: segment) else { return }
        jobs[begun.number] = Job(work: .segment(segment, range: range), tried: [begun.provider], deadline: now)
        postpone(begun.number, at: now)
        outputs.append(.command(.endSegment(id: begun.number, provider: begun.provider, range: range)))
    }

    private mutating func dropSegment(_ segment: UInt64) {
        if let begun = listening.removeValue(forKey: segment) {
            outputs.append(.command(.dropSegment(id: begun.number)))
        }
        for (number, job) in jobs.sorted(by: { $0.key < $1.key }) {
            guard case .segment(segment, _) = job.work else { continue }
            jobs[number] = nil
            if !job.isDelayed { outputs.append(.command(.dropSegment(id: number))) }
        }
    }

    // MARK: Turns

    /// The caller has the floor: what the agent was about to say is given up.
    private mutating func turnStarted() {
        let id = turnItemID ?? makeID("item")
        turnItemID = id
        discardDraft()
        say(.speechStarted(itemID: id, audioStartMilliseconds: 0))
        // What must not be interrupted is said all the same.
        guard turns.mayInterrupt else { return }
        awaitsCut = awaitsCut || isAgentAudible
        hasCutAgent = hasCutAgent || isAgentAudible || activeID != nil
        cutText = ([], activeID.flatMap { responses[$0]?.waitingTexts } ?? [])
        if let activeID { cancel(activeID, reason: "turn_detected") }
    }

    /// The caller's turn is over, and is answered.
    private mutating func commit(_ text: String, _ end: TurnEnd, at now: Instant) {
        if turnItemID == nil { turnStarted() }
        guard let id = turnItemID else { return }
        turnItemID = nil
        hasCutAgent = false
        let previous = lastTurnItemID
        lastTurnItemID = id
        context.append(.message(.user, text), id: id)
        outputs.append(.turnEnded(end))
        say(.speechStopped(itemID: id, audioEndMilliseconds: 0))
        say(.inputCommitted(itemID: id, previousItemID: previous))
        say(.inputTranscriptCompleted(itemID: id, transcript: text))
        let item = RealtimeItem(id: id, kind: .message(role: "user"), status: "completed")
        say(.itemAdded(item, previousItemID: previous))
        answer(text, at: now)
    }

    /// Answers the turn that is part of the conversation now, by what was begun for it if it still fits.
    private mutating func answer(_ text: String, at now: Instant) {
        guard answersTurns else {
            discardDraft()
            return
        }
        if activeID != nil || awaitsCut {
            discardDraft()
            owesAnswer = true
        } else if let draftID, responses[draftID]?.draftOf == text {
            announce(draftID)
        } else {
            discardDraft()
            answerTurn(ahead: nil, at: now)
        }
    }

    /// What began as a turn had no words.
    private mutating func abandonTurn(at now: Instant) {
        discardDraft()
        guard let id = turnItemID else { return }
        turnItemID = nil
        outputs.append(.turnEnded(TurnEnd(spokeUntil: now, transcribedAt: nil)))
        say(.speechStopped(itemID: id, audioEndMilliseconds: 0))
        say(.inputTranscriptFailed(itemID: id, RealtimeError(code: "no_words", message: "nothing was understood")))
        say(.inputCleared)
        guard hasCutAgent else { return }
        hasCutAgent = false
        // Nobody has the floor: the agent takes it again.
        if activeID == nil, answersTurns {
            answerTurn(ahead: nil, .init(additional: afterNoise), at: now)
        }
    }

    private var afterNoise: String {
        let unheard = (cutText.begun + cutText.waiting).joined(separator: " ")
        return "A noise on the line cut you off; the other side has said nothing. Go on with what was not heard"
            + (unheard.isEmpty ? "." : ": \(unheard)")
    }
}

import SansIO

/// A sentence that the script waits for.
struct Speech: Hashable, Sendable {
    let task: ScriptTaskID
    let isInterruptible: Bool
    var hasAudio = false
    /// The model generates no more of it.
    var isResponseDone = false
    /// The model was stopped in the middle of it.
    var isCut = false
}

/// What was heard of an answer whose sentences are parts of their own, until it is over.
struct HeardAnswer: Hashable, Sendable {
    let responseID: String
    var entry: TranscriptEntry
}

/// What the agent says, what is heard of it, and how the caller interrupts it.
extension CallSession {
    mutating func receive(_ report: MediaReport, at now: Instant) {
        switch report {
        case .started: mediaStarted(at: now)
        case .playoutStarted(let tag, let instant):
            guard let part = ledger.started(tag, at: instant) else { return }
            if let latency = turn.playoutStarted(responseID: part.path.responseID, at: instant) {
                latencies.append(latency)
                observe(.latency(latency))
            }
        case .playoutEnded(let tag, let bytes): ledger.ended(tag, bytes: bytes, at: now)
        case .flushed(let tag, let played, _):
            receiveCut(ledger.flushed(tag: tag, played: played, at: now), at: now)
            if !ledger.isFlushing { timers[.flushReport] = nil }
        case .drained: break
        case .digit(let digit, let milliseconds): pressed(digit, milliseconds: milliseconds, at: now)
        case .measured(let measured): quality = measured
        case .timedOut:
            guard answeredAt != nil else { return }
            mediaFailed(
                reason: "media_lost",
                "The far end's audio ceased without a hang-up. Check the network between here and the trunk.", at: now)
        }
    }

    mutating func mediaFailed(reason: String, _ message: String, at now: Instant) {
        guard !isEnding else { return }
        observe(.fault(CallFault(kind: .media, message: message)))
        end(CallOutcome(kind: .mediaFailed, reason: reason, message: message, endedBy: .fault), at: now)
    }

    mutating func receiveAudio(
        _ audio: [UInt8], _ path: RealtimePartPath, _ request: ResponseRequest?, at now: Instant
    ) {
        guard let tag = ledger.append(audio: audio.count, to: path, request: request) else { return }
        if let number = request?.number {
            speeches[number]?.hasAudio = true
            if wayOut?.line == number { wayOut?.line = nil }
        }
        turn.audioArrived(responseID: path.responseID, at: now)
        perform(.play(tag: tag, audio: audio))
    }

    // MARK: Barge-in

    mutating func callerSpeechStarted(_ itemID: String, at now: Instant) {
        observe(.callerSpeech(started: true))
        isCallerSpeaking = true
        idleCount = 0
        if !isEnding { notify(.onSpeechStarted, []) }
        turn.speechStarted()
        if hasTranscripts { inputs.speechStarted(itemID, at: now) }
        // While the server's interruptions are held back for an uninterruptible sentence, so are ours.
        guard phase == .active, ledger.isAudible, ledger.isInterruptible, !realtime.isHolding else { return }
        if live == nil {
            silence(at: now)
        } else {
            // A voice need not be words.
            turnOverSpeech = itemID
        }
    }

    /// Drops what is being said and what waits to be said, and tells the model.
    mutating func silence(at now: Instant) {
        guard ledger.isAudible else {
            handle(realtime.interrupt(responseIDs: []), at: now)
            return
        }
        let responseIDs = ledger.condemn()
        perform(.flush)
        timers[.flushReport] = now + configuration.limits.flushReport
        handle(realtime.interrupt(responseIDs: responseIDs), at: now)
    }

    /// Holds what is being said: the caller may be taking the floor.
    mutating func pausePlayout(at now: Instant) {
        guard ledger.pause(at: now) else { return }
        perform(.pausePlayout)
    }

    /// Goes on where the agent stopped, unless that was dropped meanwhile.
    mutating func resumePlayout(at now: Instant) {
        guard ledger.resume(at: now) else { return }
        perform(.resumePlayout)
    }

    mutating func callerSpeechStopped(_ itemID: String, at now: Instant) {
        observe(.callerSpeech(started: false))
        isCallerSpeaking = false
        if !isEnding { notify(.onSpeechStopped, []) }
        turn.speechStopped(at: now)
        if hasTranscripts { inputs.speechStopped(itemID, at: now) }
    }

    mutating func flushReportMissed(at now: Instant) {
        receiveCut(ledger.assumeFlushed(at: now), at: now)
        if ledger.isFlushing { timers[.flushReport] = now + configuration.limits.flushReport }
    }

    /// Brings the model's conversation to what was heard, and tells the script.
    mutating func receiveCut(_ parts: [HeardLedger.Part], at now: Instant) {
        guard !isEnding else { return }
        // A model that speaks in real time may have been heard as far as it had come.
        let cut = parts.filter {
            $0.heardBytes < $0.transcript.audioBytes || !$0.transcript.isAudioComplete || $0.wasUnfinished
        }
        guard !cut.isEmpty else { return }
        for part in cut where part.isLocal { localEnded(part.tag, CallSession.interrupted, at: now) }
        for part in cut where !part.isLocal {
            let milliseconds = part.heardBytes / G711Law.bytesPerMillisecond
            handle(
                realtime.truncate(
                    itemID: part.path.itemID, contentIndex: part.path.contentIndex, heardMilliseconds: milliseconds,
                    heard: part.transcript.split(heardBytes: part.heardBytes).heard,
                    // A part is a sentence of the pipeline's, and the whole answer of a server's.
                    isWhole: pipeline == nil),
                at: now)
        }
        // A sound has no words that could be cut.
        let spoken = cut.filter { !$0.isLocal || !$0.transcript.text.isEmpty }
        if !spoken.isEmpty {
            let texts = spoken.map { cutTexts(of: $0) }
            // Sentences of the same answer that were heard before belong to what was heard of it.
            let before = heardAnswer.flatMap { answer in
                spoken.contains { $0.path.itemID == answer.entry.itemID } ? answer.entry.text : nil
            }
            let heard = ([before ?? ""] + texts.map(\.heard)).filter { !$0.isEmpty }.joined(separator: " ")
            let unheard = texts.map(\.unheard).filter { !$0.isEmpty }.joined(separator: " ")
            let played = spoken.reduce(0) { $0 + $1.heardBytes } / G711Law.bytesPerMillisecond
            tell(Interruption(heard: heard, unheard: unheard, playedMilliseconds: played))
        }
        for number in Set(cut.compactMap { $0.request?.number }).sorted() {
            answerSpeech(number, CallSession.interrupted, at: now)
        }
        interruptPlayoutWaits(at: now)
    }

    /// What was heard of a part, and what was not: of a text that the script gave, all that is left.
    private func cutTexts(of part: HeardLedger.Part) -> (heard: String, unheard: String) {
        var texts = part.transcript.split(heardBytes: part.heardBytes)
        // A model that speaks in real time has not written what it was still to say.
        if live != nil, case .say(let text, _)? = part.request?.kind { texts.unheard = text.rest(after: texts.heard) }
        return texts
    }

    private mutating func tell(_ interruption: Interruption) {
        observe(.interruption(interruption))
        notify(.onInterrupted, [.string(interruption.heard), .string(interruption.unheard)])
    }

    private mutating func interruptPlayoutWaits(at now: Instant) {
        for (id, wait) in waits.sorted(by: { $0.key < $1.key }) where wait == .playout {
            resume(id, CallSession.interrupted, at: now)
        }
    }

    static let interrupted = ScriptReply.failure(code: .interrupted, message: "the caller interrupted")

    // MARK: What was heard

    mutating func reportHeard(at now: Instant) {
        for part in ledger.takeSettled() {
            noteHeard(part)
            if let unsaid = part.unsaid, !isEnding {
                tell(
                    Interruption(
                        heard: part.transcript.text.trimmingWhitespace(), unheard: unsaid,
                        playedMilliseconds: part.heardBytes / G711Law.bytesPerMillisecond))
                interruptPlayoutWaits(at: now)
            }
            report(part)
            if part.isLocal { localEnded(part.tag, .value(true), at: now) }
        }
        guard let answer = heardAnswer, realtime.responses[answer.responseID] == nil,
            !ledger.parts.contains(where: { $0.path.itemID == answer.entry.itemID })
        else { return }
        reportAnswer()
    }

    /// Writes into the conversation what the far end heard of a part.
    mutating func noteHeard(_ part: HeardLedger.Part) {
        guard !part.isLocal else { return }
        let isWhole =
            part.hasAudio && part.transcript.isAudioComplete && part.heardBytes >= part.transcript.audioBytes
        let heard = part.transcript.split(heardBytes: part.heardBytes).heard
        realtime.heard(
            itemID: part.path.itemID, contentIndex: part.path.contentIndex, isWhole ? .whole : .cut(heard))
    }

    /// Tells what the far end heard of a part; nothing when it heard nothing.
    mutating func report(_ part: HeardLedger.Part) {
        guard case .ended(let endedAt, let bytes) = part.playout, bytes > 0 else { return }
        let text = part.transcript.split(heardBytes: bytes).heard.trimmingWhitespace()
        guard !text.isEmpty else { return }
        let entry = TranscriptEntry(
            role: .agent, text: text, isFinal: true, itemID: part.path.itemID, startedAt: part.startedAt ?? endedAt,
            endedAt: endedAt)
        if heardAnswer?.entry.itemID == entry.itemID {
            heardAnswer?.entry.text += " " + text
            heardAnswer?.entry.endedAt = endedAt
            return
        }
        reportAnswer()
        if pipeline == nil || part.isLocal {
            tell(entry)
        } else {
            // More sentences of the answer may follow.
            heardAnswer = HeardAnswer(responseID: part.path.responseID, entry: entry)
        }
    }

    /// Tells of the sentences of an answer, as one.
    mutating func reportAnswer() {
        guard let answer = heardAnswer else { return }
        heardAnswer = nil
        tell(answer.entry)
    }

    private mutating func tell(_ entry: TranscriptEntry) {
        observe(.transcript(entry))
        notify(.onTranscript, ["agent", .string(entry.text), true])
    }

    // MARK: Sentences that the script waits for

    /// The model has generated all that it will of a sentence.
    mutating func speechGenerated(_ request: ResponseRequest, _ status: RealtimeResponse.Status, at now: Instant) {
        if request.number == wayOut?.line { sayLineInstead(at: now) }
        guard speeches[request.number] != nil else { return }
        speeches[request.number]?.isResponseDone = true
        switch status {
        case .cancelled:
            speeches[request.number]?.isCut = true
            if speeches[request.number]?.hasAudio == false {
                answerSpeech(request.number, CallSession.interrupted, at: now)
            }
        case .failed(let error):
            answerSpeech(request.number, .failure(code: .modelFailed, message: error.sentence), at: now)
        case .completed:
            // Of a text that was given there was nothing to pronounce, or the script dropped it. A model that speaks by
            // itself and says nothing has not done what it was asked to.
            if pipeline != nil, case .say = request.kind, speeches[request.number]?.hasAudio == false {
                answerSpeech(request.number, .value(true), at: now)
            }
        case .incomplete, .inProgress, .other: break
        }
    }

    /// Ends the wait for a sentence, if there is one.
    mutating func answerSpeech(_ number: UInt64, _ reply: ScriptReply, at now: Instant) {
        guard let speech = speeches.removeValue(forKey: number) else { return }
        resume(speech.task, reply, at: now)
        if !speech.isInterruptible, speeches.values.allSatisfy(\.isInterruptible) {
            handle(realtime.releaseHold(at: now), at: now)
        }
    }

    /// Answers those that waited for what has now been heard.
    mutating func answerWaits(at now: Instant) {
        for (number, speech) in speeches.sorted(by: { $0.key < $1.key })
        where speech.isResponseDone && !ledger.hasLiveParts(request: number) {
            let reply: ScriptReply =
                if !speech.hasAudio {
                    .failure(code: .modelFailed, message: "the model said nothing")
                } else {
                    speech.isCut ? CallSession.interrupted : .value(true)
                }
            answerSpeech(number, reply, at: now)
        }
        guard ledger.isIdle, !ledger.isFlushing, realtime.isIdle else { return }
        for (id, wait) in waits.sorted(by: { $0.key < $1.key }) where wait == .playout {
            resume(id, .value(true), at: now)
        }
    }
}

import SansIO

/// What the caller says: words as they come, made into turns.
///
/// A turn is over when the model begins to speak or its back end goes on, or after a pause. Its words may come a little later than that: they
/// are whole after the pause alone.
extension LiveSession {
    struct CallerSpeech: Sendable {
        let itemID: String
        var text = ""
        var lastWordsAt: Instant
        /// On the session's clock. [ms]
        var endMilliseconds: Int
        /// The turn is not over.
        var isSpeaking = true
    }

    mutating func callerSpoke(_ words: LiveTranscript, at now: Instant) {
        if let caller, words.startMilliseconds - caller.endMilliseconds > Int(options.pause.milliseconds) {
            endCallerSpeech()
        }
        if caller == nil {
            guard words.text.contains(where: { !$0.isWhitespace }) else { return }
            let speech = CallerSpeech(
                itemID: makeID("item"), lastWordsAt: now, endMilliseconds: words.endMilliseconds)
            caller = speech
            say(.speechStarted(itemID: speech.itemID, audioStartMilliseconds: words.startMilliseconds))
        }
        guard let id = caller?.itemID, !words.text.isEmpty else { return }
        caller?.text += words.text
        caller?.lastWordsAt = now
        lastCallerWordsAt = now
        caller?.endMilliseconds = words.endMilliseconds
        say(.inputTranscriptDelta(itemID: id, delta: words.text))
    }

    mutating func endCallerSpeech() {
        endTurn()
        guard let ended = caller else { return }
        caller = nil
        say(.inputTranscriptCompleted(itemID: ended.itemID, transcript: ended.text.trimmingWhitespace()))
    }

    /// Ends the turn, whose last words may still be on their way.
    mutating func endTurn() {
        guard let speech = caller, speech.isSpeaking else { return }
        caller?.isSpeaking = false
        let previous = lastCallerItemID
        lastCallerItemID = speech.itemID
        outputs.append(.turnEnded(PipelineSession.TurnEnd(spokeUntil: speech.lastWordsAt, transcribedAt: nil)))
        say(.speechStopped(itemID: speech.itemID, audioEndMilliseconds: speech.endMilliseconds))
        say(.inputCommitted(itemID: speech.itemID, previousItemID: previous))
    }
}

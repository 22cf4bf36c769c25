import SansIO

/// What the model says, cut out of its continuous stream.
extension LiveSession {
    struct Utterance: Sendable {
        let responseID: String
        let itemID: String
        let metadata: [String: String]
        /// What it is to be word for word, if that is known.
        let wanted: String?
        var text = ""
        /// Until when its voice is heard, if it is played as it comes.
        var voiceEnds = Instant.zero
        /// Silence at the end of what has come. [byte]
        var quietBytes = 0
        /// Nobody is to hear it any more.
        var isSilenced = false
        /// The model has been told so.
        var isStopped = false

        var path: RealtimePartPath { RealtimePartPath(responseID: responseID, itemID: itemID) }
    }

    /// What the model begins by itself: no request has this number.
    private static let ownMetadata = [ResponseRequest.numberKey: "0"]
    /// How long words wait for their voice; those that are older belong to speech that has ended.
    private static let textPatience = Duration.seconds(3)
    /// Silence that ends what the model was asked to leave unsaid.
    private static let stoppedPause = Duration.milliseconds(200)
    /// So long before its end the caller's voice must have been heard to be the reason for it.
    private static let yielding = Duration.milliseconds(1_500)

    /// Silence that ends an utterance.
    func pause(behind utterance: Utterance) -> Duration {
        utterance.isStopped ? Self.stoppedPause : options.pause
    }

    /// When what the model is saying is over if no more audio comes.
    ///
    /// `nil` while that cannot be told: in the middle of a text that it was given the server has said nothing more at all,
    /// and may hang.
    var utteranceEndTime: Instant? {
        guard let utterance else { return nil }
        if options.silence != nil, let watch, watch.heardAt <= audioCameAt, utterance.isBegun, !hasYielded(utterance) {
            return nil
        }
        return audioEnds + pause(behind: utterance)
    }

    mutating func receiveAudio(_ audio: [UInt8], at now: Instant) {
        leaveStopped()
        audioCameAt = now
        let begins = max(audioEnds, now)
        audioEnds = begins + .milliseconds(Int64(audio.count / G711Law.bytesPerMillisecond))
        var spoken: [UInt8] = []
        for run in VoicedRuns(audio).runs {
            if run.isVoiced {
                if utterance == nil { beginUtterance(at: now) }
                utterance?.quietBytes = 0
                utterance?.voiceEnds =
                    begins + .milliseconds(Int64(run.range.upperBound / G711Law.bytesPerMillisecond))
                spoken += audio[run.range]
            } else if let current = utterance {
                let quiet = current.quietBytes
                let pauseBytes = Int(pause(behind: current).milliseconds) * G711Law.bytesPerMillisecond
                let rest = run.range.prefix(max(0, pauseBytes - quiet))
                spoken += audio[rest]
                utterance?.quietBytes = quiet + rest.count
                guard quiet + rest.count >= pauseBytes else { continue }
                handOut(spoken)
                spoken = []
                endUtterance()
            }
        }
        handOut(spoken)
    }

    mutating func receiveText(_ text: String, at now: Instant) {
        leaveStopped()
        guard let utterance else {
            if textAheadSince + Self.textPatience < now { textAhead = "" }
            if textAhead.isEmpty { textAheadSince = now }
            textAhead += text
            return
        }
        guard !utterance.isSilenced, !text.isEmpty else { return }
        self.utterance?.text += text
        say(.audioTranscriptDelta(utterance.path, text))
    }

    private mutating func beginUtterance(at now: Instant) {
        let ask = takeAnswered(at: now)
        var new = Utterance(
            responseID: ask?.responseID ?? makeID("resp"), itemID: makeID("item"),
            metadata: ask?.metadata ?? Self.ownMetadata, wanted: ask?.wanted)
        new.isSilenced = ask?.isDropped == true
        let text = textAheadSince + Self.textPatience < now ? "" : textAhead
        textAhead = ""
        utterance = new
        guard !new.isSilenced else { return }
        // The model takes the caller's turn to be over.
        endTurn(at: now)
        unansweredSince = nil
        if ask?.responseID == nil {
            say(.responseCreated(RealtimeResponse(id: new.responseID, status: .inProgress, metadata: new.metadata)))
        }
        let item = RealtimeItem(id: new.itemID, kind: .message(role: "assistant"), status: "in_progress")
        say(.outputItemAdded(item, responseID: new.responseID, outputIndex: 0))
        say(.contentPartAdded(new.path, type: "audio"))
        receiveText(text, at: now)
    }

    private mutating func handOut(_ audio: [UInt8]) {
        guard let utterance, !utterance.isSilenced, !audio.isEmpty else { return }
        say(.audioDelta(utterance.path, audio))
    }

    mutating func endUtterance() {
        guard let ended = utterance else { return }
        utterance = nil
        guard !ended.isSilenced else { return }
        let isCut = hasYielded(ended)
        if isCut { outputs.append(.interrupted(ended.path, unheard: ended.unsaid)) }
        say(.audioDone(ended.path))
        say(.audioTranscriptDone(ended.path, ended.text))
        let item = RealtimeItem(
            id: ended.itemID, kind: .message(role: "assistant"), status: isCut ? "incomplete" : "completed")
        end(
            ended.responseID, isCut ? .cancelled(reason: "turn_detected") : .completed, output: [item],
            metadata: ended.metadata)
    }

    /// Whether the model has left something unsaid because the caller spoke.
    private func hasYielded(_ ended: Utterance) -> Bool {
        guard !isDeaf, !ended.isWhole, let voice, voice.startedAt <= ended.voiceEnds else { return false }
        return voice.endedAt.map { $0 + Self.yielding >= ended.voiceEnds } ?? true
    }

    /// What the model was asked to leave unsaid is over when it has been asked for something else.
    private mutating func leaveStopped() {
        guard utterance?.isStopped == true, asks.contains(where: { $0.isNoted && !$0.isDropped }) else { return }
        utterance = nil
    }
}

extension LiveSession.Utterance {
    /// What is left of the text that it was to be.
    fileprivate var unsaid: String { wanted?.rest(after: text) ?? "" }

    /// Whether a part of the text that it was to be is left.
    fileprivate var isBegun: Bool { !isSilenced && !unsaid.isEmpty }

    /// Whether nothing seems to be left: of a text, or else of a sentence.
    fileprivate var isWhole: Bool {
        if wanted != nil { return unsaid.isEmpty }
        guard let last = text.last(where: { !$0.isWhitespace && !"\"'”’»)".contains($0) }) else { return true }
        return ".!?…。！？".contains(last)
    }
}

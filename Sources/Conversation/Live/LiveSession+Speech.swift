import SansIO

/// What the model says, cut out of its continuous stream.
extension LiveSession {
    struct Utterance: Sendable {
        let responseID: String
        let itemID: String
        let metadata: [String: String]
        var text = ""
        /// Silence at the end of what has come. [byte]
        var quietBytes = 0
        /// Nobody is to hear it any more.
        var isSilenced = false

        var path: RealtimePartPath { RealtimePartPath(responseID: responseID, itemID: itemID) }
    }

    /// What the model begins by itself: no request has this number.
    private static let ownMetadata = [ResponseRequest.numberKey: "0"]
    /// How long words wait for their voice; those that are older belong to speech that has ended.
    private static let textPatience = Duration.seconds(3)

    mutating func receiveAudio(_ audio: [UInt8], at now: Instant) {
        audioEnds = max(audioEnds, now) + .milliseconds(Int64(audio.count / G711Law.bytesPerMillisecond))
        let pauseBytes = Int(options.pause.milliseconds) * G711Law.bytesPerMillisecond
        var spoken: [UInt8] = []
        for run in VoicedRuns(audio).runs {
            if run.isVoiced {
                if utterance == nil { beginUtterance(at: now) }
                utterance?.quietBytes = 0
                spoken += audio[run.range]
            } else if let quiet = utterance?.quietBytes {
                let rest = run.range.prefix(pauseBytes - quiet)
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
            metadata: ask?.metadata ?? Self.ownMetadata)
        new.isSilenced = ask?.isDropped == true
        let text = textAheadSince + Self.textPatience < now ? "" : textAhead
        textAhead = ""
        utterance = new
        guard !new.isSilenced else { return }
        // The model takes the caller's turn to be over.
        endTurn()
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
        say(.audioDone(ended.path))
        say(.audioTranscriptDone(ended.path, ended.text))
        let item = RealtimeItem(id: ended.itemID, kind: .message(role: "assistant"), status: "completed")
        end(ended.responseID, .completed, output: [item], metadata: ended.metadata)
    }
}

import SansIO

/// The user's audio: what is speech in it, and what the recogniser makes of it.
extension LiveServerSession {
    /// What is kept behind the detector's position besides the padding: its window. [ms]
    private static let detectionWindow: Int64 = 400
    /// Silence behind which the model may answer. [ms]
    private static let answerSilence: Int64 = 450
    /// Voice that makes the model stop speaking; less is a word to show that somebody listens. [ms]
    private static let interruption: Int64 = 400
    /// Voice that has been heard when the detector tells of it. [ms]
    private static let detection: Int64 = 100

    mutating func appendAudio(_ text: String) throws(RealtimeError) {
        guard let audio = Base64.decode(text.utf8) else {
            throw .wrongValue("audio", "Invalid 'audio': expected base64-encoded audio bytes.")
        }
        guard audio.count <= RealtimeServerSession.maximumAppend else {
            throw .wrongValue("audio", "Invalid 'audio': at most 15 MiB of audio may be appended at once.")
        }
        guard audio.count % input.format.bytesPerSample == 0 else {
            throw .wrongValue("audio", "Invalid 'audio': \(audio.count) bytes are no whole number of 16-bit samples.")
        }
        guard !isMuted else { return }
        input.append(audio)
        if configuration.hears { outbox.append(.listen(audio, input.format)) }
    }

    /// The detector begins anew at the end of what has been appended.
    mutating func restartDetector() {
        utterance = nil
        judgedUntil = input.end
        var detection = TurnDetection()
        detection.silenceDuration = Self.answerSilence
        detector = TurnDetector(settings: detection, from: input.end)
        outbox.append(.restartListening)
    }

    mutating func receiveVoice(_ frames: [Bool]) {
        let frame = RealtimeServerSession.voiceFrame
        for isVoiced in frames {
            judgedUntil += frame
            if isVoiced { utterance?.voiced += frame }
            switch detector?.receive(isVoiced: isVoiced, from: judgedUntil - frame, to: judgedUntil) {
            case .started(let position): utterance = Utterance(start: position, voiced: Self.detection)
            case .stopped(let position): endUtterance(at: position)
            case nil: break
            }
            if let speaking = utterance, !speaking.hasInterrupted, speaking.voiced >= Self.interruption {
                utterance?.hasInterrupted = true
                stopSpeaking()
            }
        }
        guard let detector, utterance == nil else { return }
        input.discard(before: judgedUntil - detector.settings.prefixPadding - Self.detectionWindow)
    }

    private mutating func endUtterance(at end: Int64) {
        guard let start = utterance?.start else { return }
        utterance = nil
        let job = nextJob()
        // The audio clock is behind the session's by what the client has not sent.
        let lag = max(0, elapsed - input.end)
        recognitions[job] = (start + lag)..<max(start + lag, end + lag)
        outbox.append(.transcribe(job: job, audio: input.take(from: start, to: end), format: input.format))
    }

    mutating func finishRecognition(job: Int, words: String) {
        guard let range = recognitions.removeValue(forKey: job) else { return }
        let pieces = RealtimeServerSession.pieces(of: words)
        for (index, piece) in pieces.enumerated() {
            let length = range.upperBound - range.lowerBound
            let start = range.lowerBound + length * Int64(index) / Int64(pieces.count)
            let end = range.lowerBound + length * Int64(index + 1) / Int64(pieces.count)
            emit(
                "session.input_transcript.delta",
                ["delta": .string(piece), "start_ms": .integer(start), "end_ms": .integer(end)])
        }
        // A word beside the model's own speech wants no answer; a noise there is nothing at all.
        if speech.isSpeaking {
            if !words.isEmpty { entries.append(.message(role: "user", text: words)) }
            return
        }
        entries.append(.message(role: "user", text: words))
        needsAnswer = true
    }
}

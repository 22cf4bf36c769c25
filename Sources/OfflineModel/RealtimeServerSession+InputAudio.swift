import SansIO

/// The input buffer: appended audio, turns found in it, and what the recogniser makes of them.
extension RealtimeServerSession {
    /// Frame of the voice detector. [ms]
    static let voiceFrame: Int64 = 20
    /// Most audio that one append event may hold. [B]
    static let maximumAppend = 15 * 1024 * 1024
    /// What is kept behind the detector's position besides the padding: its window. [ms]
    private static let detectionWindow: Int64 = 400

    mutating func appendAudio(_ text: String) throws(RealtimeError) {
        guard let audio = Base64.decode(text.utf8) else {
            throw .wrongValue("audio", "Invalid 'audio': expected base64-encoded audio bytes.")
        }
        guard audio.count <= Self.maximumAppend else {
            throw .wrongValue("audio", "Invalid 'audio': at most 15 MiB of audio may be appended at once.")
        }
        guard audio.count % input.format.bytesPerSample == 0 else {
            throw .wrongValue("audio", "Invalid 'audio': \(audio.count) bytes are no whole number of 16-bit samples.")
        }
        append(audio)
    }

    /// Takes whole samples.
    mutating func append(_ audio: [UInt8]) {
        input.append(audio)
        if detector != nil, configuration.hears { outbox.append(.listen(audio, input.format)) }
    }

    mutating func receiveVoice(_ frames: [Bool]) {
        for isVoiced in frames {
            let start = judgedUntil
            judgedUntil += Self.voiceFrame
            switch detector?.receive(isVoiced: isVoiced, from: start, to: judgedUntil) {
            case .started(let position): beginTurn(at: position)
            case .stopped(let position): endTurn(at: position)
            case nil: break
            }
        }
        guard let detector, turn == nil else { return }
        input.discard(before: judgedUntil - detector.settings.prefixPadding - Self.detectionWindow)
    }

    /// The detector begins anew at the end of what has been appended.
    mutating func restartDetector() {
        turn = nil
        judgedUntil = input.end
        detector = settings.turnDetection.map { TurnDetector(settings: $0, from: input.end) }
        outbox.append(.restartListening)
        scheduled.removeAll { $0.work == .idle }
    }

    private mutating func beginTurn(at start: Int64) {
        let itemID = identifiers.next("item_")
        turn = (itemID, start)
        scheduled.removeAll { $0.work == .idle }
        emit("input_audio_buffer.speech_started", ["audio_start_ms": .integer(start), "item_id": .string(itemID)])
        guard detector?.settings.interruptsResponse == true,
            let index = responses.firstIndex(where: { !$0.isOutOfBand })
        else { return }
        cancel(at: index, reason: "turn_detected")
    }

    private mutating func endTurn(at end: Int64) {
        guard let (itemID, start) = turn else { return }
        turn = nil
        emit("input_audio_buffer.speech_stopped", ["audio_end_ms": .integer(end), "item_id": .string(itemID)])
        let audio = input.take(from: start, to: end)
        commit(audio, milliseconds: end - start, itemID: itemID)
        if detector?.settings.createsResponse == true, !settings.isTranscription { respondToTurn() }
    }

    /// A response that the server itself begins.
    private mutating func respondToTurn() {
        do throws(RealtimeError) {
            try createResponse([:])
        } catch {
            sendError(error, eventID: nil)
        }
    }

    mutating func commitAudio() throws(RealtimeError) {
        guard input.milliseconds >= 100 else {
            let hundredths = Int64(input.milliseconds * 100)
            let length = "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
            throw RealtimeError(
                code: "input_audio_buffer_commit_empty",
                message: "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, "
                    + "but buffer only has \(length)ms of audio.")
        }
        let itemID = turn?.itemID ?? identifiers.next("item_")
        let milliseconds = Int64(input.milliseconds)
        commit(input.take(), milliseconds: milliseconds, itemID: itemID)
        restartDetector()
    }

    mutating func clearAudio() {
        input.clear()
        restartDetector()
        emit("input_audio_buffer.cleared")
    }

    /// Makes a user message of audio and sends it to the recogniser.
    private mutating func commit(_ audio: [UInt8], milliseconds: Int64, itemID: String) {
        emit(
            "input_audio_buffer.committed",
            ["previous_item_id": JSON(orNull: items.last?.id), "item_id": .string(itemID)])
        let words: String? = configuration.hears ? nil : ""
        let part = ConversationItem.Part.inputAudio(
            audio: audio, milliseconds: milliseconds, words: words, transcript: nil)
        insert(ConversationItem(id: itemID, content: .message(.user, [part]), status: .completed), at: items.count)
        recognise(audio, format: input.format, itemID: itemID)
    }

    mutating func recognise(_ audio: [UInt8], format: RealtimeAudioFormat, itemID: String) {
        guard configuration.hears else { return }
        let job = nextJob()
        recognitions[job] = itemID
        outbox.append(.transcribe(job: job, audio: audio, format: format))
    }

    /// Enters the words into the item, lets responses go on that wait for them, and schedules the transcript.
    mutating func finishRecognition(job: Int, words: String, failure: String?) {
        guard let itemID = recognitions.removeValue(forKey: job) else { return }
        if let index = items.firstIndex(where: { $0.id == itemID }) {
            items[index].setWords(words)
            if !settings.transcription.isNull {
                let longest = max(1, configuration.maximumTranscriptDelay.nanoseconds)
                let delay = Duration.nanoseconds(Int64.random(in: 0..<longest, using: &random))
                schedule(.transcript(itemID: itemID, failure: failure), at: now + delay)
            }
        }
        for response in responses.map(\.id) {
            guard let index = responses.firstIndex(where: { $0.id == response }) else { continue }
            startThinkingIfReady(at: index)
        }
    }

    /// Tells the client what the recogniser heard: deltas, then the whole; or that it failed.
    mutating func sendTranscript(itemID: String, failure: String?) {
        guard let index = items.firstIndex(where: { $0.id == itemID }),
            let part = items[index].parts.firstIndex(where: { if case .inputAudio = $0 { true } else { false } }),
            case .inputAudio(_, let milliseconds, let words?, _) = items[index].parts[part]
        else { return }
        let prefix = "conversation.item.input_audio_transcription."
        let place: KeyValuePairs<String, JSON> = ["item_id": .string(itemID), "content_index": .integer(Int64(part))]
        if let failure {
            let error: JSON = [
                "type": "server_error", "code": "audio_transcription_failed", "message": .string(failure),
                "param": .null,
            ]
            emit(prefix + "failed", place, ["error": error])
            return
        }
        for delta in Self.pieces(of: words) {
            emit(prefix + "delta", place, ["delta": .string(delta)])
        }
        items[index].showWords()
        emit(
            prefix + "completed", place,
            ["transcript": .string(words), "usage": transcriptUsage(words: words, milliseconds: milliseconds)])
    }

    private func transcriptUsage(words: String, milliseconds: Int64) -> JSON {
        if settings.transcription["model"]?.string == "whisper-1" {
            return ["type": "duration", "seconds": .integer((milliseconds + 999) / 1000)]
        }
        let audio = TokenCount.userAudio(milliseconds)
        let text = TokenCount.text(words) + 2
        return [
            "type": "tokens", "total_tokens": .integer(audio + text), "input_tokens": .integer(audio),
            "input_token_details": ["text_tokens": 0, "audio_tokens": .integer(audio)], "output_tokens": .integer(text),
        ]
    }

    /// Nobody spoke for long enough: an empty turn is committed and answered.
    mutating func runIdleTimeout() {
        guard turn == nil, responses.allSatisfy(\.isOutOfBand), detector != nil else { return }
        let end = input.end
        let start = max(0, end - Int64(input.milliseconds))
        let itemID = identifiers.next("item_")
        emit(
            "input_audio_buffer.timeout_triggered",
            ["audio_start_ms": .integer(start), "audio_end_ms": .integer(end), "item_id": .string(itemID)])
        commit(input.take(), milliseconds: end - start, itemID: itemID)
        respondToTurn()
    }

    /// Words with the blank before them, in order; joined they are `text` again.
    static func pieces(of text: String) -> [String] {
        var pieces: [String] = []
        for character in text {
            if pieces.isEmpty || character == " " { pieces.append("") }
            pieces[pieces.count - 1].append(character)
        }
        return pieces
    }
}

extension ConversationItem {
    /// Enters what the recogniser heard.
    mutating func setWords(_ heard: String) {
        changeAudio { audio, milliseconds, _, transcript in
            .inputAudio(audio: audio, milliseconds: milliseconds, words: heard, transcript: transcript)
        }
    }

    /// Makes the words visible to the client.
    mutating func showWords() {
        changeAudio { audio, milliseconds, words, _ in
            .inputAudio(audio: audio, milliseconds: milliseconds, words: words, transcript: words)
        }
    }

    private mutating func changeAudio(_ change: ([UInt8], Int64, String?, String?) -> Part) {
        guard case .message(let role, let parts) = content else { return }
        content = .message(
            role,
            parts.map { part in
                guard case .inputAudio(let audio, let milliseconds, let words, let transcript) = part else {
                    return part
                }
                return change(audio, milliseconds, words, transcript)
            })
    }
}

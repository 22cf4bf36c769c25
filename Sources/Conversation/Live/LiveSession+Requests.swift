import SansIO

/// Requests to speak, and what becomes of them.
extension LiveSession {
    struct Ask: Sendable {
        let eventID: String
        let metadata: [String: String]
        let askedAt: Instant
        /// The back end goes on by itself; its words are the answer.
        let isContinuation: Bool
        /// What it asks for word for word.
        var wanted: String?
        /// The server took note.
        var isNoted = false
        /// Set when the response was announced.
        var responseID: String?
        /// The answer is not to be heard.
        var isDropped = false
    }

    mutating func ask(
        _ parameters: RealtimeClientEvent.ResponseParameters, eventID: String, at now: Instant
    ) {
        var metadata: [String: String] = [:]
        for member in parameters.metadata.members { metadata[member.key] = member.value.string }
        let kind = metadata["moonline"]
        let isContinuation = kind == "follow_up" && !backEnd.isResumed
        asks.append(
            Ask(
                eventID: eventID, metadata: metadata, askedAt: now, isContinuation: isContinuation,
                wanted: parameters.verbatim))
        let texts: [String]
        if isContinuation {
            // What the caller said has led to the functions: the answer is to that.
            endTurn(at: now)
            announce(asks.count - 1)
            return
        } else if let text = parameters.verbatim {
            texts = LiveText.say(text)
        } else if let instructions = parameters.additional {
            texts = LiveText.reply(instructions)
        } else {
            texts = [kind == "greeting" ? LiveText.greeting : LiveText.reply]
        }
        append(texts, eventID: eventID) { .appendCommentary($0) }
    }

    mutating func noted(_ eventID: String?) {
        if let eventID, eventID == stop { stopped() }
        guard let index = asks.firstIndex(where: { $0.eventID == eventID }) else { return }
        asks[index].isNoted = true
    }

    /// The request that a voice which begins now answers.
    mutating func takeAnswered(at now: Instant) -> Ask? {
        let index = asks.firstIndex { ask in
            ask.isNoted || ask.responseID != nil || ask.askedAt + options.noticePatience <= now
        }
        return index.map { asks.remove(at: $0) }
    }

    private mutating func announce(_ index: Int) {
        let id = makeID("resp")
        asks[index].responseID = id
        say(.responseCreated(RealtimeResponse(id: id, status: .inProgress, metadata: asks[index].metadata)))
    }

    // MARK: Time

    /// When a request that no voice has answered is made known all the same: nobody else is to take it for lost.
    func announceTime(of ask: Ask) -> Instant? {
        ask.responseID == nil ? ask.askedAt + options.patience : nil
    }

    /// When a request counts as not answered: not while the caller speaks or the back end works, but not never.
    func giveUpTime(of ask: Ask) -> Instant {
        let longest = ask.askedAt + options.longestPatience
        if backEnd.isWorking { return longest }
        return min(longest, max(ask.askedAt, lastCallerWordsAt) + options.patience)
    }

    mutating func giveUpAsks(at now: Instant) {
        for index in asks.indices {
            if let time = announceTime(of: asks[index]), time <= now { announce(index) }
        }
        for ask in asks where giveUpTime(of: ask) <= now {
            asks.removeAll { $0.eventID == ask.eventID }
            guard let id = ask.responseID, !ask.isDropped else { continue }
            let error = RealtimeError(
                code: "no_speech", message: "the model did not speak when it was asked to", severity: .benign)
            end(id, ask.isContinuation ? .completed : .failed(error), metadata: ask.metadata)
        }
    }

    // MARK: Ends

    /// The answer is not to be heard, and the model is asked to leave the rest unsaid.
    mutating func cancel(_ id: String?) {
        let status = RealtimeResponse.Status.cancelled(reason: "client_cancelled")
        if let utterance, utterance.responseID == id || id == nil, !utterance.isSilenced {
            self.utterance?.isSilenced = true
            end(utterance.responseID, status, metadata: utterance.metadata)
        } else if let index = asks.firstIndex(where: { $0.responseID == id && !$0.isDropped }), let id {
            asks[index].isDropped = true
            end(id, status, metadata: asks[index].metadata)
        } else {
            return
        }
        let eventID = makeID("live")
        stop = eventID
        append([LiveText.stop], eventID: eventID) { .appendCommentary($0) }
    }

    /// The server has taken note that the model is to be quiet.
    private mutating func stopped() {
        stop = nil
        asks.removeAll(where: \.isDropped)
        if utterance?.isSilenced == true { utterance?.isStopped = true }
    }

    mutating func end(
        _ id: String, _ status: RealtimeResponse.Status, output: [RealtimeItem] = [], metadata: [String: String]
    ) {
        say(.responseDone(RealtimeResponse(id: id, status: status, output: output, metadata: metadata)))
    }
}

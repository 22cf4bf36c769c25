import SansIO

/// Puts what the caller said in the order in which it was said.
///
/// The server transcribes beside the conversation: transcripts come late and out of order. One that overtakes others
/// waits for them, but not for ever.
struct InputTranscripts: Sendable {
    /// One turn of the caller, written down.
    struct Utterance: Hashable, Sendable {
        var itemID: String
        var text: String
        var startedAt: Instant
        var endedAt: Instant
    }

    private struct Turn {
        let itemID: String
        var startedAt: Instant
        var endedAt: Instant?
        var partial = ""
        var isEnded = false
        /// Why no text came: `nil` with `isEnded` means that transcription failed.
        var text: String?
    }

    /// How long a transcript waits for those of earlier turns.
    static let patience = Duration.seconds(3)

    private var turns: [Turn] = []
    private var patienceEnds: Instant?

    var nextDeadline: Instant? { patienceEnds }
    /// Whether a turn that is over has no transcript yet.
    var isOutstanding: Bool { turns.contains { $0.endedAt != nil && !$0.isEnded } }

    mutating func speechStarted(_ itemID: String, at now: Instant) {
        guard !itemID.isEmpty, !turns.contains(where: { $0.itemID == itemID }) else { return }
        // A turn that began but was never committed will never be written down.
        turns.removeAll { $0.endedAt == nil && $0.partial.isEmpty && !$0.isEnded }
        turns.append(Turn(itemID: itemID, startedAt: now))
    }

    mutating func speechStopped(_ itemID: String, at now: Instant) {
        guard let index = index(itemID) else { return }
        turns[index].endedAt = now
    }

    mutating func committed(_ itemID: String, previousItemID: String?, at now: Instant) {
        if let index = index(itemID) {
            if turns[index].endedAt == nil { turns[index].endedAt = now }
        } else {
            let position = previousItemID.flatMap { index($0) }.map { $0 + 1 } ?? turns.count
            turns.insert(Turn(itemID: itemID, startedAt: now, endedAt: now), at: position)
        }
    }

    /// - Returns: What is known of the turn so far.
    mutating func append(_ delta: String, to itemID: String, at now: Instant) -> Utterance? {
        guard let index = index(itemID), !turns[index].isEnded else { return nil }
        turns[index].partial += delta
        let turn = turns[index]
        return Utterance(
            itemID: itemID, text: turn.partial, startedAt: turn.startedAt, endedAt: turn.endedAt ?? now)
    }

    /// - Parameter text: `nil` when the transcription failed.
    /// - Returns: The utterances that are now in order.
    mutating func complete(_ itemID: String, _ text: String?, at now: Instant) -> [Utterance] {
        if let index = index(itemID) {
            guard !turns[index].isEnded else { return [] }
            turns[index].isEnded = true
            turns[index].text = text
            if turns[index].endedAt == nil { turns[index].endedAt = now }
        } else if let text, !itemID.isEmpty {
            // Its turn is unknown or was given up: late is better than never.
            return utterances([Turn(itemID: itemID, startedAt: now, endedAt: now, isEnded: true, text: text)])
        }
        return takeReady(at: now)
    }

    /// Gives up waiting for earlier turns when their time has passed.
    mutating func deadline(at now: Instant) -> [Utterance] {
        guard let ends = patienceEnds, ends <= now else { return [] }
        patienceEnds = nil
        guard let last = turns.lastIndex(where: \.isEnded) else { return [] }
        let ready = turns[...last].filter(\.isEnded)
        turns.removeFirst(last + 1)
        return utterances(ready)
    }

    /// All that was written down, in order; the call has ended.
    mutating func takeRemaining() -> [Utterance] {
        defer {
            turns = []
            patienceEnds = nil
        }
        return utterances(
            turns.map { turn in
                var turn = turn
                if !turn.isEnded, !turn.partial.isEmpty { turn.text = turn.partial }
                return turn
            })
    }

    /// Forgets turns that will be heard again, under other names.
    mutating func forget(_ itemIDs: Set<String>) {
        turns.removeAll { itemIDs.contains($0.itemID) }
    }

    private func index(_ itemID: String) -> Int? { turns.firstIndex { $0.itemID == itemID } }

    private mutating func takeReady(at now: Instant) -> [Utterance] {
        let ready = turns.prefix(while: \.isEnded)
        turns.removeFirst(ready.count)
        if turns.contains(where: \.isEnded) {
            if patienceEnds == nil { patienceEnds = now + Self.patience }
        } else {
            patienceEnds = nil
        }
        return utterances(ready)
    }

    private func utterances(_ turns: some Sequence<Turn>) -> [Utterance] {
        turns.compactMap { turn in
            guard let text = turn.text?.trimmingWhitespace(), !text.isEmpty else { return nil }
            return Utterance(
                itemID: turn.itemID, text: text, startedAt: turn.startedAt, endedAt: turn.endedAt ?? turn.startedAt)
        }
    }
}

extension String {
    /// The string without white space at both ends.
    func trimmingWhitespace() -> String {
        let tail = drop { $0.isWhitespace }
        guard let last = tail.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(tail[...last])
    }
}

import SansIO

/// Measures how long the caller waits for the answer to a turn.
struct CallerTurn: Sendable {
    private(set) var number = 0
    private var stoppedAt: Instant?
    private var firstAudioAt: Instant?
    /// Responses begun since the caller fell silent.
    private var responseIDs: Set<String> = []

    mutating func speechStarted() {
        stoppedAt = nil
    }

    mutating func speechStopped(at now: Instant) {
        number += 1
        stoppedAt = now
        firstAudioAt = nil
        responseIDs = []
    }

    mutating func begin(responseID: String) {
        if stoppedAt != nil { responseIDs.insert(responseID) }
    }

    mutating func audioArrived(responseID: String, at now: Instant) {
        if firstAudioAt == nil, responseIDs.contains(responseID) { firstAudioAt = now }
    }

    /// - Returns: The turn's latency, once, when the answer's first packet was sent.
    mutating func playoutStarted(responseID: String, at instant: Instant) -> TurnLatency? {
        guard let stopped = stoppedAt, responseIDs.contains(responseID) else { return nil }
        stoppedAt = nil
        return TurnLatency(
            turn: number, toFirstPacket: instant - stopped, toFirstAudio: (firstAudioAt ?? instant) - stopped)
    }
}

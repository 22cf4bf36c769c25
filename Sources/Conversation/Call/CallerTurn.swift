import SansIO

/// Measures how long the caller waits for the answer to a turn.
struct CallerTurn: Sendable {
    private(set) var number = 0
    private var stoppedAt: Instant?
    private var firstAudioAt: Instant?
    /// What the pipeline knows of the turn that ends next.
    private var end: PipelineSession.TurnEnd?
    private var transcribedAt: Instant?
    /// Responses begun since the caller fell silent, with what is known of their way.
    private var responses: [String: TurnTiming] = [:]

    mutating func speechStarted() {
        stoppedAt = nil
    }

    /// The caller's voice and words, before the turn that they make is reported to have stopped.
    mutating func ends(_ end: PipelineSession.TurnEnd) {
        self.end = end
    }

    mutating func speechStopped(at now: Instant) {
        number += 1
        stoppedAt = end?.spokeUntil ?? now
        transcribedAt = end?.transcribedAt
        end = nil
        firstAudioAt = nil
        responses = [:]
    }

    mutating func begin(responseID: String) {
        if stoppedAt != nil { responses[responseID] = TurnTiming() }
    }

    mutating func note(_ timing: TurnTiming, responseID: String) {
        if responses[responseID] != nil { responses[responseID] = timing }
    }

    mutating func audioArrived(responseID: String, at now: Instant) {
        if firstAudioAt == nil, let timing = responses[responseID] { firstAudioAt = timing.firstAudio ?? now }
    }

    /// - Returns: The turn's latency, once, when the answer's first packet was sent.
    mutating func playoutStarted(responseID: String, at instant: Instant) -> TurnLatency? {
        guard let stopped = stoppedAt, let timing = responses[responseID] else { return nil }
        stoppedAt = nil
        var latency = TurnLatency(
            turn: number, toFirstPacket: instant - stopped, toFirstAudio: (firstAudioAt ?? instant) - stopped)
        latency.toTranscript = transcribedAt.map { $0 - stopped }
        latency.toFirstToken = timing.firstToken.map { $0 - stopped }
        latency.toFirstSentence = timing.firstSentence.map { $0 - stopped }
        return latency
    }
}

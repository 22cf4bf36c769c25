import SansIO

/// Something that a session does at a later time.
struct ScheduledEvent: Hashable, Sendable {
    enum Work: Hashable, Sendable {
        /// The session has reached its maximum duration.
        case expiry
        /// Nobody has spoken for `idle_timeout_ms`.
        case idle
        /// The transcript of the user's audio is told, or that there is none.
        case transcript(itemID: String, failure: String?)
        /// `rate_limits.updated`, which follows each response.
        case rateLimits
    }

    let at: Instant
    let work: Work
}

extension RealtimeServerSession {
    /// Tokens that the client may use a minute.
    private static let tokenLimit: Int64 = 40_000

    mutating func schedule(_ work: ScheduledEvent.Work, at instant: Instant) {
        scheduled.append(ScheduledEvent(at: instant, work: work))
    }

    mutating func run(_ work: ScheduledEvent.Work) {
        switch work {
        case .expiry:
            let minutes = configuration.maximumDuration.nanoseconds / 60_000_000_000
            close(
                .close(code: 1001, reason: "Your session hit the maximum duration of \(minutes) minutes."))
        case .idle: runIdleTimeout()
        case .transcript(let itemID, let failure): sendTranscript(itemID: itemID, failure: failure)
        case .rateLimits:
            let remaining = max(0, Self.tokenLimit - usedTokens)
            let reset = Double(Self.tokenLimit - remaining) * 60 / Double(Self.tokenLimit)
            emit(
                "rate_limits.updated",
                [
                    "rate_limits": [
                        [
                            "name": "tokens", "limit": .integer(Self.tokenLimit), "remaining": .integer(remaining),
                            "reset_seconds": .number(reset),
                        ]
                    ]
                ])
            usedTokens = 0
        }
    }
}

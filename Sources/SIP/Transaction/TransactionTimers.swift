/// The base values from which the transaction timers A to M follow (RFC 3261 §17.1.1.1 and Table 4, RFC 6026 §8).
public struct TransactionTimers: Hashable, Sendable {
    /// Estimate of the round trip; the first retransmission interval.
    public var t1: Duration
    /// The greatest retransmission interval of non-INVITE requests and of INVITE responses.
    public var t2: Duration
    /// How long a message may stay in the network.
    public var t4: Duration

    public init(t1: Duration = .milliseconds(500), t2: Duration = .seconds(4), t4: Duration = .seconds(5)) {
        self.t1 = t1
        self.t2 = t2
        self.t4 = t4
    }

    /// 64·T1: Timers B, F, H, J, L and M.
    public var timeout: Duration { t1 * 64 }

    /// Timer D: at least 32 s.
    public var timerD: Duration { max(.seconds(32), timeout) }

    /// How long Timer E takes to reach T2: before that, a server may not send 100 to a non-INVITE request over an
    /// unreliable transport, and after it, it must (RFC 4320 §4.1).
    public var nonInviteTryingDelay: Duration {
        var interval = t1
        var sum = Duration.zero
        while interval < t2 && sum < timeout {
            sum += interval
            interval *= 2
        }
        return sum
    }

    /// The interval that follows `interval` where doubling is capped at T2.
    func doubled(_ interval: Duration) -> Duration { min(interval * 2, t2) }
}

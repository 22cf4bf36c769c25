/// How a transaction came to its end.
public enum TransactionOutcome: Hashable, Sendable {
    /// A final response was exchanged, and no retransmission of it can arrive any more.
    case completed
    /// The peer did not answer within 64·T1.
    case timedOut
    /// The transport reported that nothing can reach the peer.
    case transportFailed
}

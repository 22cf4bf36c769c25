import SansIO
import Synchronization

/// Settles for all requests and sessions of a server, or of a test call, which of them meet which faults. Safe to use
/// from any thread.
public final class FaultSource: Sendable {
    private let ledger: Mutex<MisbehaviourLedger>

    /// - Parameter seed: Of all that is drawn: equal requests in equal order meet equal faults.
    public init(_ misbehaviour: Misbehaviour = Misbehaviour(), seed: UInt64 = 1) {
        ledger = Mutex(MisbehaviourLedger(misbehaviour, seed: seed))
    }

    /// A reply with the faults that are due.
    ///
    /// - Parameter own: Rules of the key's own, besides those for all.
    func misbehave(
        _ reply: EndpointReply, on place: Misbehaviour.Place, key: String, own: Misbehaviour = Misbehaviour()
    ) -> EndpointReply {
        ledger.withLock { $0.misbehave(reply, on: place, key: key, own: own) }
    }

    /// The faults of a session that begins.
    func session(
        at place: Misbehaviour.Place, key: String, own: Misbehaviour = Misbehaviour(), from start: Instant
    ) -> MisbehavingSession {
        ledger.withLock { $0.session(at: place, key: key, own: own, from: start) }
    }
}

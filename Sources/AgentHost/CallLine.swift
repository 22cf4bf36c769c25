import Conversation
import MediaEngine
import ScriptAPI
import Synchronization
import Telephony

/// The queue of one call, and those who put events into it: telephone, media, model, script, operator.
///
/// It is there before the call's runner is: an incoming call has a line as soon as its INVITE is there.
final class CallLine: Sendable {
    let events: AsyncStream<CallSession.Event>
    let mailbox: AsyncStream<CallSession.Event>.Continuation
    let gate = AudioGate()
    /// Newer versions of the flow: no more than the session may still ask for, however often the flow changes.
    private let offers = Mutex(Offers())

    private struct Offers {
        /// The one that the session was told of last, and behind it those that it is still to be told of.
        var told: [Flow] = []
        /// The one that the script host goes over to.
        var taken: Flow?
    }

    init() {
        let (events, mailbox) = AsyncStream<CallSession.Event>.makeStream()
        self.events = events
        self.mailbox = mailbox
    }

    /// What the telephone side tells.
    var handlers: PhoneCallHandlers {
        PhoneCallHandlers(
            media: MediaStream.Handlers(
                uplink: { [gate] payload, _ in gate.receive(payload) },
                event: { [mailbox] event in if let report = MediaReport(event) { mailbox.yield(.media(report)) } })
        ) { [gate, mailbox] event in
            switch event {
            case .answered(let codec, let headers):
                gate.keep(isALaw: codec == .pcma)
                mailbox.yield(.telephony(.answered(headers: headers)))
                // Both directions are open, whether the far end has spoken yet or not.
                mailbox.yield(.media(.started))
            case .digit(let digit, let duration): mailbox.yield(.media(.digit(digit, milliseconds: duration)))
            default:
                if let event = TelephonyEvent(event) { mailbox.yield(.telephony(event)) }
            }
        }
    }

    /// Offers a newer version of the flow. To be called by one after the other.
    ///
    /// - Parameter fallbackAudio: Its fallback line, for when the model cannot say it.
    func offer(_ flow: Flow, fallbackAudio: [UInt8]) {
        offers.withLock { $0.told.append(flow) }
        mailbox.yield(.flowOffered(version: flow.version, flow.definition, fallbackAudio: fallbackAudio))
    }

    /// The session was told of that version: it asks for none that was offered before.
    ///
    /// - Returns: That version.
    func told(_ version: String) -> Flow? {
        offers.withLock { offers in
            guard let index = offers.told.firstIndex(where: { $0.version == version }) else { return nil }
            offers.told.removeFirst(index)
            return offers.told.first
        }
    }

    /// The session has decided for that version.
    func take(_ version: String) {
        offers.withLock { offers in offers.taken = offers.told.first { $0.version == version } }
    }

    /// The version that the session has decided for.
    func takenFlow(_ version: String) -> Flow? {
        offers.withLock { offers in offers.taken.flatMap { $0.version == version ? $0 : nil } }
    }
}

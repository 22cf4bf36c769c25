import Conversation
import MediaEngine
import ScriptAPI
import Synchronization
import Telephony
import VoiceAgent

/// The queue of one call, and those who put events into it: telephone, media, model, script, operator.
///
/// It is there before the call's runner is: an incoming call has a line as soon as its INVITE is there.
final class CallLine: Sendable {
    let events: AsyncStream<CallSession.Event>
    let mailbox: AsyncStream<CallSession.Event>.Continuation
    let model: RealtimeConnection
    let gate: AudioGate
    /// Newer versions of the flow that the call may go over to, by version.
    private let offered = Mutex<[String: Flow]>([:])

    init(model configuration: RealtimeConfiguration) {
        let (events, mailbox) = AsyncStream<CallSession.Event>.makeStream()
        self.events = events
        self.mailbox = mailbox
        model = RealtimeConnection(configuration: configuration) { mailbox.yield(.model(ModelEvent($0))) }
        gate = AudioGate(model: model)
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

    /// Offers a newer version of the flow.
    func offer(_ flow: Flow) {
        offered.withLock { $0[flow.version] = flow }
        mailbox.yield(.flowOffered(version: flow.version, flow.definition))
    }

    func offeredFlow(_ version: String) -> Flow? { offered.withLock { $0[version] } }
}

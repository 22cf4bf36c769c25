import AgentHost
import Conversation
import MediaEngine
import SIP
import SansIO
import Telephony

// Signalling and media between the two ends.
extension VirtualCall {
    func perform(_ actions: [PhoneCore.Action], of phone: VirtualPhone) {
        for action in actions {
            switch action {
            case .send(let bytes, let destination):
                guard destination == phone.side.other.signalling else { continue }
                for arrival in phone.signallingLink.arrivals(sentAt: now) {
                    queue.insert(.signalling(to: phone.side.other, bytes), at: arrival)
                }
            case .incoming(let handle, let incoming): take(handle, incoming, at: phone)
            case .startMedia(_, let parameters): phone.start(parameters, at: now)
            case .event(let handle, let event):
                guard handle == phone.handle else { continue }
                if phone.side == .agent { agentHears(event) } else { calleeHears(event) }
            case .notice: break
            }
        }
    }

    func take(_ handle: CallHandle, _ incoming: IncomingPhoneCall, at phone: VirtualPhone) {
        guard phone.handle == nil else {
            return perform(phone.core.refuse(handle, status: 486, at: now), of: phone)
        }
        phone.handle = handle
        perform(phone.core.accept(handle, mediaPort: phone.side.mediaPort, at: now), of: phone)
        if phone.side == .callee {
            command(.ring, of: callee)
            tell(.ringing)
        } else {
            begin(incoming)
            deliver(.start)
        }
    }

    func command(_ command: PhoneCommand, of phone: VirtualPhone) {
        guard let handle = phone.handle else { return }
        perform(phone.core.receive(.command(handle, command), at: now), of: phone)
    }

    func tick(_ phone: VirtualPhone) {
        send(phone.media?.tick(at: now) ?? [], from: phone)
        drain(phone)
    }

    func send(_ datagrams: [VirtualMedia.Datagram], from phone: VirtualPhone) {
        for datagram in datagrams where !isDead(phone) {
            for arrival in phone.mediaLink.arrivals(sentAt: now) {
                queue.insert(.media(to: phone.side.other, datagram), at: arrival)
            }
        }
    }

    /// Whether audio from here reaches nobody any more.
    func isDead(_ phone: VirtualPhone) -> Bool {
        guard let oneWay = plan.test.options.network.oneWay, let answeredAt, now >= answeredAt + oneWay.after else {
            return false
        }
        return (phone.side == .callee) == (oneWay.direction == .toAgent)
    }

    func drain(_ phone: VirtualPhone) {
        if phone.side == .agent {
            phone.drain(uplink: agentReceives) { event in
                if let report = MediaReport(event) { deliver(.media(report)) }
            }
        } else {
            phone.drain(uplink: calleeReceives) { event in
                if case .playoutEnded(let tag, _, _) = event, tag == lastTag {
                    tell(.spoken)
                }
                if case .flushed = event { tell(.spoken) }
            }
        }
    }

    func closeMedia(_ phone: VirtualPhone) {
        guard let media = phone.media else { return }
        send(media.close(at: now), from: phone)
        drain(phone)
    }
}

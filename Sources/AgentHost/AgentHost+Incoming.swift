import CallStore
import Conversation
import LiveKit
import Logging
import MediaEngine
import SansIO
import ScriptAPI
import Synchronization
import Telephony

/// Where incoming calls go; there before the host is, because the telephone's port is.
final class IncomingDesk: Sendable {
    private let host = Mutex<AgentHost?>(nil)

    func open(_ host: AgentHost) {
        self.host.withLock { $0 = host }
    }

    func close() {
        host.withLock { $0 = nil }
    }

    /// Takes a call; its host decides what becomes of it.
    func receive(_ call: IncomingPhoneCall) -> UserAgent.IncomingDecision? {
        guard let host = host.withLock({ $0 }) else { return nil }
        let line = host.makeLine()
        return UserAgent.IncomingDecision(handlers: line.handlers) { phone in
            Task { await host.take(call, phone, line) }
        }
    }
}

extension AgentHost {
    /// Starts a call for an INVITE that came in, or refuses it.
    func take(_ incoming: IncomingPhoneCall, _ phone: PhoneCall, _ line: CallLine) async {
        let id = ObjectID.make(.call)
        let flow: Flow
        do throws(Refusal) {
            flow = try admitIncoming(id)
        } catch {
            logger.notice("an incoming call is refused: \(error.reason)", metadata: ["from": .string(incoming.from)])
            phone.reject(status: error.status)
            phone.media.close()
            return
        }
        let plan = CallPlan(
            id: id, dispatchID: "", room: "sip-" + id, target: CallTarget(number: incoming.to, metadata: [:]),
            flow: flow, callerID: incoming.from,
            incoming: CallPlan.Incoming(call: phone, headers: incoming.headers),
            startedAt: configuration.startTime ?? AgentHost.now)
        start(plan, line: line)
    }

    /// Why an incoming call is refused.
    private struct Refusal: Error {
        let status: Int
        let reason: String
    }

    /// The flow that takes incoming calls.
    private func admitIncoming(_ id: String) throws(Refusal) -> Flow {
        guard !isDraining else { throw Refusal(status: 503, reason: "the host is shutting down") }
        guard hasRoom else { throw Refusal(status: 503, reason: "the host carries as many calls as it may") }
        let agents = configuration.inboundAgent.map { [$0] } ?? incomingAgents
        guard let agent = agents.first else {
            throw Refusal(status: 480, reason: "no flow has on_incoming; name an agent by MOONLINE_INBOUND_AGENT")
        }
        guard agents.count == 1 else {
            let names = agents.joined(separator: ", ")
            throw Refusal(
                status: 480, reason: "several flows have on_incoming (\(names)); name one by MOONLINE_INBOUND_AGENT")
        }
        do throws(FlowRefusal) {
            return try beginCall(id, agent: agent)
        } catch {
            throw Refusal(status: 480, reason: error.description)
        }
    }
}

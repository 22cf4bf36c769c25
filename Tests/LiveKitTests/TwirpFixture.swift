import LiveKit
import Net
import SansIO
import Synchronization

/// A backend in memory.
final class MemoryBackend: Sendable {
    private struct State {
        var trunks: [OutboundTrunk] = []
        var dispatches: [Dispatch] = []
    }

    private let state = Mutex(State())

    var trunks: [OutboundTrunk] { state.withLock { $0.trunks } }

    var backend: AdminBackend {
        AdminBackend(
            createTrunk: { trunk throws(TwirpError) in
                self.state.withLock { state in
                    var stored = trunk
                    stored.id = "ST_\(state.trunks.count + 1)"
                    state.trunks.append(stored)
                    return stored
                }
            },
            listTrunks: { () throws(TwirpError) in self.trunks },
            deleteTrunk: { id throws(TwirpError) in
                let found = self.state.withLock { state -> OutboundTrunk? in
                    guard let index = state.trunks.firstIndex(where: { $0.id == id }) else { return nil }
                    return state.trunks.remove(at: index)
                }
                guard let found else { throw TwirpError(.notFound, "there is no trunk \(id)") }
                return found
            },
            createDispatch: { request throws(TwirpError) in
                if request.metadata == "busy" {
                    throw TwirpError(.resourceExhausted, "all lines are taken", meta: ["sip_status_code": "486"])
                }
                return self.state.withLock { state in
                    var dispatch = Dispatch(
                        id: "AD_\(state.dispatches.count + 1)", agentName: request.agentName, room: request.room,
                        metadata: request.metadata, createdAt: 1_700_000_000_123_456_789)
                    dispatch.attributes = request.attributes
                    state.dispatches.append(dispatch)
                    return dispatch
                }
            },
            listDispatches: { room, id throws(TwirpError) in
                self.state.withLock { state in
                    state.dispatches.filter { $0.room == room && (id == nil || $0.id == id) }
                }
            },
            deleteDispatch: { room, id throws(TwirpError) in
                let found = self.state.withLock { state -> Dispatch? in
                    guard let index = state.dispatches.firstIndex(where: { $0.id == id && $0.room == room }) else {
                        return nil
                    }
                    return state.dispatches.remove(at: index)
                }
                guard let found else { throw TwirpError(.notFound, "there is no dispatch \(id)") }
                return found
            })
    }
}

enum Fixture {
    static let now: Int64 = 1_700_000_000
    static let secret = Secret("secret")

    static func router(_ memory: MemoryBackend) -> TwirpRouter {
        TwirpRouter(
            backend: memory.backend, secretOf: { $0 == "devkey" ? secret : nil }, now: { now })
    }

    static func token(trunks: Bool = false, room: String? = nil) -> String {
        var token = AccessToken(issuer: "devkey", now: now)
        if trunks { token.sip = SIPGrant(admin: true) }
        token.video = room.map(VideoGrant.admin(of:))
        return token.signed(secret: secret)
    }
}

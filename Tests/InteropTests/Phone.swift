import Audio
import Logging
import MediaEngine
import SansIO
import Telephony
import TestSupport

/// Our own user agent on the loopback interface, with a media engine of its own.
final class Phone: Sendable {
    let agent: UserAgent
    let engine: MediaEngine
    /// Calls that came in, in order.
    let incoming: Watched<[ObservedCall]>

    /// What the phone does with calls that come in.
    enum Reception: Sendable {
        case refuse
        /// Rings, then answers.
        case answer
        /// Rings, answers, and says this.
        case say([Int16])
    }

    struct Configuration: Sendable {
        var reception = Reception.refuse
        /// Zero: never.
        var mediaTimeout: Duration = .zero
        var mediaPorts: ClosedRange<UInt16> = 16_384...32_766
    }

    private init(agent: UserAgent, engine: MediaEngine, incoming: Watched<[ObservedCall]>) {
        self.agent = agent
        self.engine = engine
        self.incoming = incoming
    }

    /// Runs `body` with a phone, and shuts the phone down.
    @discardableResult
    static func with<Outcome: Sendable>(
        _ configuration: Configuration = Configuration(), _ body: (Phone) async throws -> Outcome
    ) async throws -> Outcome {
        var settings = MediaEngine.Configuration()
        settings.bindAddress = Loopback.host
        settings.mediaTimeout = configuration.mediaTimeout
        settings.ports = configuration.mediaPorts
        let engine = try MediaEngine(settings)
        defer { engine.shutdown() }
        var identity = UserAgent.Configuration()
        identity.bindAddress = Loopback.host
        identity.port = 0
        let incoming = Watched<[ObservedCall]>([])
        let reception = configuration.reception
        let agent = try await UserAgent.start(
            identity, media: engine, logger: Logger(label: "interop") { _ in SwiftLogNoOpLogHandler() }
        ) { offered in
            if case .refuse = reception { return nil }
            let call = ObservedCall()
            call.caller.update { $0 = offered.from }
            incoming.update { $0.append(call) }
            return UserAgent.IncomingDecision(handlers: call.handlers) { phoneCall in
                call.phoneCall.update { $0 = phoneCall }
                phoneCall.ring()
                phoneCall.answer()
                if case .say(let samples) = reception { call.say(samples) }
            }
        }
        let phone = Phone(agent: agent, engine: engine, incoming: incoming)
        do {
            let outcome = try await body(phone)
            await agent.shutDown()
            return outcome
        } catch {
            await agent.shutDown()
            throw error
        }
    }

    var port: UInt16 { agent.address.port }

    /// Calls `number` through a trunk on a port of this machine.
    func call(
        _ number: String = "+15105550100", port: UInt16, username: String? = nil, password: String? = nil,
        ringTimeout: Duration? = nil
    ) async throws -> ObservedCall {
        let call = ObservedCall()
        let trunk = TrunkRoute(host: Loopback.host, port: port, username: username, password: password)
        let placed = try await agent.place(
            OutgoingCall(target: number, callerID: "+15105550123", ringTimeout: ringTimeout, trunk: trunk),
            handlers: call.handlers)
        call.phoneCall.update { $0 = placed }
        return call
    }
}

import AgentHost
import CallStore
import Conversation
import MediaEngine
import Net
import SIP
import SansIO
import Synchronization
import TestSupport

/// Somebody who calls the host: SIP of `UserAgentCore`, media of a ``MediaPeer``.
actor Caller {
    enum State: Sendable, Hashable {
        case calling
        /// 180 or 183.
        case ringing
        case answered
        case refused(status: Int)
        case ended
    }

    nonisolated let state = Watched(State.calling)
    nonisolated let media: MediaPeer
    private let socket: DatagramSocket
    private let timer: DeadlineTimer
    private let input: AsyncStream<UserAgentCore.Input>.Continuation
    private var core: UserAgentCore
    private var handle: CallHandle
    private var loop: Task<Void, Never>?

    /// Calls the host; the INVITE is out when this returns.
    static func call(
        _ test: TestHost, from: String = "+15105550177", to: String = "+15105550123", headers: [String: String] = [:]
    ) async throws -> Caller {
        let (stream, continuation) = AsyncStream<UserAgentCore.Input>.makeStream()
        let socket = try await DatagramSocket.bind(host: Loopback.host, port: 0) { bytes, source in
            continuation.yield(.datagram(bytes, from: source))
        } onError: { _, _ in
        }
        let caller = Caller(socket: socket, media: try await MediaPeer.start(), input: continuation)
        let parts = test.host.sipAddress.split(separator: ":")
        guard parts.count == 2, let port = UInt16(parts[1]) else {
            throw NotSeen(description: "\(test.host.sipAddress) is no host and port")
        }
        let own = socket.localAddress.port
        let invite = OutgoingInvite(
            requestURI: try URI(parsing: "sip:\(to)@\(test.host.sipAddress)"),
            from: NameAddress(uri: try URI(parsing: "sip:\(from)@\(Loopback.host):\(own)")),
            headers: Headers(headers.map { Headers.Field(HeaderName($0.key), $0.value) }),
            offer: Array(caller.media.description.utf8),
            destination: TransportAddress(host: String(parts[0]), port: port))
        await caller.run(stream, invite)
        return caller
    }

    private init(
        socket: DatagramSocket, media: MediaPeer, input: AsyncStream<UserAgentCore.Input>.Continuation
    ) {
        self.socket = socket
        self.media = media
        self.input = input
        timer = DeadlineTimer { input.yield(.deadline) }
        let address = TransportAddress(host: Loopback.host, port: socket.localAddress.port)
        core = UserAgentCore(
            configuration: UserAgentCore.Configuration(address: address, userAgent: "Caller"),
            seed: UInt64(address.port))
        handle = core.makeHandle()
    }

    private func run(_ stream: AsyncStream<UserAgentCore.Input>, _ invite: OutgoingInvite) {
        receive(.command(handle, .invite(invite)))
        loop = Task { [weak self] in
            for await input in stream {
                guard let self else { return }
                await self.receive(input)
            }
        }
    }

    // MARK: What a test has it do

    /// Waits for a state.
    nonisolated func reached(_ wanted: State) async throws {
        try await state.wait(for: "the caller's \(wanted)") { $0 == wanted ? true : nil }
    }

    /// Waits for the end of the call, or for its refusal.
    nonisolated func over() async throws -> State {
        try await state.wait(for: "the end of the caller's call") { state in
            switch state {
            case .refused, .ended: state
            case .calling, .ringing, .answered: nil
            }
        }
    }

    /// Hangs up, or gives up a call that rings.
    func hangUp() {
        receive(.command(handle, .hangUp(reasons: [])))
    }

    /// Tells of a key by INFO.
    func tell(key: Character) {
        let body = "Signal=\(key)\r\nDuration=160\r\n"
        receive(.command(handle, .info(contentType: "application/dtmf-relay", body: Array(body.utf8))))
    }

    func stop() async {
        hangUp()
        timer.stop()
        input.finish()
        await socket.shutdown()
        await media.close()
    }

    // MARK: The core

    private func receive(_ input: UserAgentCore.Input) {
        let now = MonotonicClock.now()
        let actions = core.receive(input, at: now)
        timer.arm(after: core.nextDeadline.map { $0 - now })
        for action in actions {
            switch action {
            case .send(let bytes, let destination): socket.send(bytes, to: destination)
            case .event(_, .provisional): state.update { $0 = .ringing }
            case .event(_, .answered): state.update { $0 = .answered }
            case .event(_, .failed(let failure)): state.update { $0 = .refused(status: failure.status) }
            case .event(_, .ended): state.update { $0 = .ended }
            case .event, .pinged: break
            }
        }
    }
}

extension TestHost {
    /// Runs `body` with a call of somebody to the host, and hangs up.
    func withCaller<Outcome: Sendable>(
        from: String = "+15105550177", headers: [String: String] = [:], _ body: (Caller) async throws -> Outcome
    ) async throws -> Outcome {
        let caller = try await Caller.call(self, from: from, headers: headers)
        let outcome: Result<Outcome, any Error>
        do {
            outcome = .success(try await body(caller))
        } catch {
            outcome = .failure(error)
        }
        await caller.stop()
        return try outcome.get()
    }

    /// The id of that call of the host, in their order.
    func callID(_ number: Int = 0) async throws -> String {
        try await observations.wait(for: "call \(number) of the host") { observations in
            var ids: [String] = []
            for observation in observations where !ids.contains(observation.callID) { ids.append(observation.callID) }
            return ids.indices.contains(number) ? ids[number] : nil
        }
    }

    /// Waits for the end of an incoming call.
    ///
    /// - Returns: Its report, and what of it is stored.
    func ended(_ id: String) async throws -> (report: CallReport, record: CallRecord) {
        guard let report = await host.report(dispatchID: id) else {
            throw NotSeen(description: "there is no report of \(id)")
        }
        guard let record = try await stored({ try await $0.call(id: id) }) else {
            throw NotSeen(description: "there is no record of \(id)")
        }
        return (report, record)
    }

    /// The faults of all calls, in order.
    var faults: [CallFault] {
        observations.value.compactMap { if case .fault(let fault) = $0.observation { fault } else { nil } }
    }
}

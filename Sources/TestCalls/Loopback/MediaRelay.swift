import MediaEngine
import Net
import SansIO
import Synchronization

/// A bad line for one call's audio: real datagrams that are lost, delayed, reordered and duplicated on their way.
///
/// Each end sends to a port of the relay in place of the other's, and hears from that port; RTCP takes the next one. The
/// callee's telephone knows of it: it names the relay's port in its SDP, and has its own stream send to the relay.
final class MediaRelay: Sendable {
    typealias Direction = NetworkConditions.OneWay.Direction

    /// RTP on an even port, RTCP on the next (RFC 3550 §11).
    private struct Ports {
        let media: DatagramSocket
        let control: DatagramSocket

        var port: UInt16 { media.localAddress.port }

        func socket(isControl: Bool) -> DatagramSocket { isControl ? control : media }

        func shutDown() async {
            await media.shutdown()
            await control.shutdown()
        }
    }

    private struct Datagram {
        let bytes: [UInt8]
        let direction: Direction
        let isControl: Bool
    }

    private struct State {
        var toAgent: ImpairedLink
        var toCallee: ImpairedLink
        /// What is on its way.
        var transit = EventQueue<Datagram>()
        /// Where the agent wants RTP and RTCP, as its SDP says.
        var agent: (media: TransportAddress, control: TransportAddress)?
        var answeredAt: Instant?
        /// `nil` before they are open, and after ``MediaRelay/close()``.
        var sides: (agent: Ports, callee: Ports)?

        mutating func arrivals(_ direction: Direction, at now: Instant) -> [Instant] {
            let oneWay = toAgent.conditions.oneWay
            if let oneWay, let answeredAt, oneWay.direction == direction, now >= answeredAt + oneWay.after { return [] }
            return direction == .toAgent ? toAgent.arrivals(sentAt: now) : toCallee.arrivals(sentAt: now)
        }
    }

    private static let ports: ClosedRange<UInt16> = 45_000...58_998
    private static let attempts = 100

    private let state: Mutex<State>
    /// Of the callee's stream.
    private let calleePort: UInt16
    private let timer: DeadlineTimer
    private let wakeUps: AsyncStream<Void>.Continuation

    /// Opens the relay's ports.
    ///
    /// - Parameter calleePort: That of the callee's stream.
    /// - Throws: `NetError`.
    static func open(_ conditions: NetworkConditions, seed: UInt64, calleePort: UInt16) async throws -> MediaRelay {
        let (due, wakeUps) = AsyncStream<Void>.makeStream()
        let relay = MediaRelay(conditions, seed: seed, calleePort: calleePort, wakeUps: wakeUps)
        Task { [weak relay] in
            for await _ in due { relay?.sendDue(at: MonotonicClock.now()) }
        }
        let agentSide = try await bind { relay.receive($0, .toCallee, isControl: $1) }
        do {
            let calleeSide = try await bind { relay.receive($0, .toAgent, isControl: $1) }
            relay.state.withLock { $0.sides = (agentSide, calleeSide) }
            return relay
        } catch {
            await agentSide.shutDown()
            throw error
        }
    }

    private init(
        _ conditions: NetworkConditions, seed: UInt64, calleePort: UInt16, wakeUps: AsyncStream<Void>.Continuation
    ) {
        var random = SeededRandom(seed: seed)
        state = Mutex(
            State(
                toAgent: ImpairedLink(conditions, seed: random.next()),
                toCallee: ImpairedLink(conditions, seed: random.next())))
        self.calleePort = calleePort
        self.wakeUps = wakeUps
        timer = DeadlineTimer { wakeUps.yield() }
    }

    private static func bind(
        _ receive: @escaping @Sendable ([UInt8], _ isControl: Bool) -> Void
    ) async throws(NetError) -> Ports {
        var failure = NetError(.addressInUse, "No pair of ports is free for a bad line.")
        for _ in 0..<attempts {
            let port = UInt16.random(in: ports) & ~1
            let media: DatagramSocket
            do throws(NetError) {
                media = try await socket(port) { receive($0, false) }
            } catch {
                failure = error
                continue
            }
            do throws(NetError) {
                return Ports(media: media, control: try await socket(port + 1) { receive($0, true) })
            } catch {
                await media.shutdown()
                failure = error
            }
        }
        throw failure
    }

    private static func socket(
        _ port: UInt16, _ receive: @escaping @Sendable ([UInt8]) -> Void
    ) async throws(NetError) -> DatagramSocket {
        try await DatagramSocket.bind(host: LoopbackStage.address, port: port) { bytes, _ in
            receive(bytes)
        } onError: { _, _ in
            // An end that is gone hears nothing: that is all that a line knows of it.
        }
    }

    /// Where the agent is to send its audio.
    var agentSidePort: UInt16? { state.withLock { $0.sides?.agent.port } }

    /// Notes where the agent wants its audio.
    ///
    /// - Returns: The parameters with the relay in the agent's place, for the callee's stream.
    func route(_ parameters: MediaParameters) -> MediaParameters {
        let control =
            parameters.remoteControl
            ?? TransportAddress(host: parameters.remote.host, port: parameters.remote.port &+ 1)
        let port = state.withLock { state in
            state.agent = (parameters.remote, control)
            return state.sides?.callee.port
        }
        guard let port else { return parameters }
        var routed = parameters
        // An address that nothing can be sent to stays: the agent is on hold.
        if parameters.remote.port != 0 { routed.remote = TransportAddress(host: LoopbackStage.address, port: port) }
        routed.remoteControl =
            parameters.multiplexesControl ? nil : TransportAddress(host: LoopbackStage.address, port: port + 1)
        return routed
    }

    /// The call is answered: a direction that dies counts from here.
    func noteAnswer(at now: Instant) {
        state.withLock { $0.answeredAt = $0.answeredAt ?? now }
    }

    func close() async {
        timer.stop()
        wakeUps.finish()
        let sides = state.withLock { state in
            defer { state.sides = nil }
            return state.sides
        }
        await sides?.agent.shutDown()
        await sides?.callee.shutDown()
    }

    // MARK: The way

    private func receive(_ bytes: [UInt8], _ direction: Direction, isControl: Bool) {
        let now = MonotonicClock.now()
        state.withLock { state in
            for arrival in state.arrivals(direction, at: now) {
                state.transit.insert(
                    Datagram(bytes: bytes, direction: direction, isControl: isControl), at: arrival)
            }
        }
        sendDue(at: now)
    }

    /// Sends what has arrived. Under the lock, so that the order stays.
    private func sendDue(at now: Instant) {
        let next = state.withLock { state in
            while let datagram = state.transit.takeDue(at: now) { send(datagram, state) }
            return state.transit.next
        }
        timer.arm(after: next.map { $0 - now })
    }

    private func send(_ datagram: Datagram, _ state: borrowing State) {
        guard let sides = state.sides else { return }
        switch datagram.direction {
        case .toAgent:
            guard let agent = state.agent else { return }
            sides.agent.socket(isControl: datagram.isControl)
                .send(datagram.bytes, to: datagram.isControl ? agent.control : agent.media)
        case .toCallee:
            let port = datagram.isControl ? calleePort + 1 : calleePort
            sides.callee.socket(isControl: datagram.isControl)
                .send(datagram.bytes, to: TransportAddress(host: LoopbackStage.address, port: port))
        }
    }
}

extension NetworkConditions {
    /// Whether audio meets anything on its way.
    var impairsAudio: Bool {
        var line = self
        line.resetModelAfter = nil
        return !line.isPerfect
    }
}

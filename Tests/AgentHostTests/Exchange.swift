import Crypto
import MediaEngine
import Net
import SIP
import SansIO
import Synchronization
import TestSupport

/// The telephone network as a test wants it: a trunk on the loopback interface that does with each number what its plan
/// says.
///
/// Its SIP is that of `UserAgentCore`, so that it acknowledges, retransmits and hangs up as it should; its media is an
/// ``RTPPeer``.
actor Exchange {
    /// What becomes of a call.
    enum Behaviour: Sendable {
        /// Rings, answers in PCMU and speaks.
        case answer
        /// Answers with another session description; `PORT` in it stands for the media port.
        case answerWith(String)
        /// Refuses.
        case refuse(Int, headers: [String: String] = [:])
        /// Rings until the caller gives up.
        case ring
        /// Asks for the password of the user `moonline` by a 401 or, as proxies do, a 407; answers who knows it.
        case askForPassword(String, status: Int)
    }

    private enum Work: Sendable {
        case input(UserAgentCore.Input)
    }

    static let username = "moonline"

    /// Where calls are taken: host and port.
    nonisolated let address: TransportAddress
    /// Calls so far, in order.
    nonisolated let calls = Watched<[ExchangeCall]>([])

    private let plan: [String: Behaviour]
    private let socket: DatagramSocket
    private let timer: DeadlineTimer
    private let work: AsyncStream<Work>.Continuation
    private var loop: Task<Void, Never>?
    private var core: UserAgentCore
    private var digest = DigestServer(realm: "exchange", key: SecureRandom.bytes(32), algorithms: [.md5])
    private var open: [CallHandle: ExchangeCall] = [:]
    private var isGone = false

    /// - Parameter plan: By number; numbers that are not in it are answered.
    static func start(_ plan: [String: Behaviour] = [:]) async throws -> Exchange {
        let (stream, continuation) = AsyncStream<Work>.makeStream()
        let socket = try await DatagramSocket.bind(host: Loopback.host, port: 0) { bytes, source in
            continuation.yield(.input(.datagram(bytes, from: source)))
        } onError: { _, destination in
            if let destination { continuation.yield(.input(.transportFailed(to: destination))) }
        }
        let exchange = Exchange(plan, socket: socket, work: continuation)
        await exchange.run(stream)
        return exchange
    }

    private init(_ plan: [String: Behaviour], socket: DatagramSocket, work: AsyncStream<Work>.Continuation) {
        self.plan = plan
        self.socket = socket
        self.work = work
        address = TransportAddress(host: Loopback.host, port: socket.localAddress.port)
        timer = DeadlineTimer { work.yield(.input(.deadline)) }
        core = UserAgentCore(
            configuration: UserAgentCore.Configuration(address: address, userAgent: "Exchange"), seed: 1)
    }

    private func run(_ stream: AsyncStream<Work>) {
        loop = Task { [weak self] in
            for await case .input(let input) in stream {
                guard let self else { return }
                await self.receive(input)
            }
        }
    }

    // MARK: What a test has it do

    /// The call of that number in order, from 0, now or later, once it is answered.
    nonisolated func answered(_ number: Int = 0) async throws -> ExchangeCall {
        let call = try await calls.wait(for: "call \(number) at the exchange") { calls in
            calls.indices.contains(number) ? calls[number] : nil
        }
        try await call.state.wait(for: "the answer to call \(number)") { $0 == .answered ? true : nil }
        return call
    }

    /// Hangs up as the callee.
    func hangUp(_ call: ExchangeCall) {
        receive(.command(call.handle, .hangUp(reasons: [])))
    }

    /// Loses power: nothing is heard of it any more, and nothing tells the others.
    func vanish() {
        isGone = true
        for call in calls.value { call.media?.fallSilent() }
    }

    /// Ends as a process ends: its ports are closed, and the kernel says so to whoever still sends.
    func stop() async {
        timer.stop()
        work.finish()
        await socket.shutdown()
        for call in calls.value { call.media?.close() }
    }

    // MARK: The core

    private func receive(_ input: UserAgentCore.Input) {
        guard !isGone else { return }
        let now = MonotonicClock.now()
        let actions = core.receive(input, at: now)
        timer.arm(after: core.nextDeadline.map { $0 - now })
        for action in actions {
            switch action {
            case .send(let bytes, let destination): socket.send(bytes, to: destination)
            case .event(let handle, .incoming(let incoming)): take(incoming, handle)
            case .event(let handle, .answered): open[handle]?.state.update { $0 = .answered }
            case .event(let handle, let event):
                guard event.isLast else { break }
                open[handle]?.media?.fallSilent()
                open[handle]?.state.update { $0 = .ended }
                open[handle] = nil
            case .pinged: break
            }
        }
    }

    private func take(_ incoming: IncomingCall, _ handle: CallHandle) {
        let number = incoming.requestURI.sip?.user ?? "\(incoming.requestURI)"
        switch plan[number] ?? .answer {
        case .answer: answer(handle, incoming, number, Exchange.description)
        case .answerWith(let description): answer(handle, incoming, number, description)
        case .refuse(let status, let headers):
            refuse(handle, incoming, number, status, Headers(headers.map { Headers.Field(HeaderName($0), $1) }))
        case .ring:
            register(ExchangeCall(number: number, handle: handle, request: incoming.request, media: nil))
            receive(.command(handle, .ring(status: 180, body: nil)))
        case .askForPassword(let password, let status):
            let isProxy = status == 407
            let verdict = digest.verify(
                incoming.request, field: isProxy ? .proxyAuthorization : .authorization, at: MonotonicClock.now()
            ) { $0 == Exchange.username ? password : nil }
            if case .accepted = verdict { return answer(handle, incoming, number, Exchange.description) }
            var headers = Headers()
            for challenge in digest.challenges(at: MonotonicClock.now()) {
                headers.append(isProxy ? .proxyAuthenticate : .wwwAuthenticate, "\(challenge)")
            }
            refuse(handle, incoming, number, status, headers)
        }
    }

    private func register(_ call: ExchangeCall) {
        open[call.handle] = call
        calls.update { $0.append(call) }
    }

    private func refuse(
        _ handle: CallHandle, _ incoming: IncomingCall, _ number: String, _ status: Int, _ headers: Headers
    ) {
        register(ExchangeCall(number: number, handle: handle, request: incoming.request, media: nil))
        receive(.command(handle, .reject(status: status, reason: nil, headers: headers)))
    }

    private func answer(_ handle: CallHandle, _ incoming: IncomingCall, _ number: String, _ description: String) {
        let media: RTPPeer
        do {
            media = try RTPPeer()
        } catch {
            return receive(.command(handle, .reject(status: 500, reason: "\(error)", headers: Headers())))
        }
        register(ExchangeCall(number: number, handle: handle, request: incoming.request, media: media))
        receive(.command(handle, .ring(status: 180, body: nil)))
        let body = description.replacing("PORT", with: "\(media.port)").replacing("\n", with: "\r\n")
        receive(.command(handle, .answer(body: Array(body.utf8))))
    }

    private static let description = """
        v=0
        o=- 1 1 IN IP4 127.0.0.1
        s=-
        c=IN IP4 127.0.0.1
        t=0 0
        m=audio PORT RTP/AVP 0
        a=rtpmap:0 PCMU/8000
        a=rtcp-mux
        a=sendrecv

        """
}

/// A call as the ``Exchange`` sees it.
final class ExchangeCall: Sendable {
    enum State: Sendable {
        case early, answered, ended
    }

    let number: String
    let request: Request
    /// `nil` for calls that are not answered.
    let media: RTPPeer?
    let state = Watched(State.early)
    fileprivate let handle: CallHandle

    fileprivate init(number: String, handle: CallHandle, request: Request, media: RTPPeer?) {
        self.number = number
        self.handle = handle
        self.request = request
        self.media = media
    }

    /// Waits until the caller has hung up, or was hung up on.
    func ended() async throws {
        try await state.wait(for: "the end of the call at the exchange") { $0 == .ended ? true : nil }
    }
}

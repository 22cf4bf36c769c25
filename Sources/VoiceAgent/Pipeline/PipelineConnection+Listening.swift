import Conversation
import Net
import SansIO
import Synchronization

/// The socket to one realtime transcription provider.
struct TranscriptionListener {
    var session: TranscriptionSession
    var socket: WebSocketConnection?
    /// Opens the socket.
    var connecting: Task<Void, Never>?
    /// Which socket is meant: events of earlier ones are stale.
    var epoch = 0
    /// Sockets that were lost, one after the other, before they had been of much use.
    private(set) var losses = 0
    var openedAt: ContinuousClock.Instant?
    /// The server will never have us.
    var refusal: StageFailure?
    /// Why the last socket was lost.
    private(set) var loss: StageFailure?

    init(session: TranscriptionSession) {
        self.session = session
    }

    /// The first wait before a socket is opened again; each further one is twice as long.
    private static let firstPause = Duration.milliseconds(250)
    private static let longestPause = Duration.seconds(8)
    /// A socket that lasted this long did not fail to be opened.
    private static let usefulTime = Duration.seconds(10)

    var isBusy: Bool { socket != nil || connecting != nil }

    /// Why a segment need not wait for a socket: there will be none, or more than one attempt at it has failed.
    var failure: StageFailure? { refusal ?? (socket == nil && losses > 1 ? loss : nil) }

    /// The socket has ended, or could not be opened.
    ///
    /// - Returns: How long the server is left alone. A session that was of use is opened again at once.
    mutating func noteLoss(_ failure: StageFailure, at now: ContinuousClock.Instant) -> Duration {
        if let openedAt, openedAt.duration(to: now) >= TranscriptionListener.usefulTime { losses = 0 }
        losses += 1
        loss = failure
        epoch += 1
        socket = nil
        connecting = nil
        openedAt = nil
        let pause = TranscriptionListener.firstPause * (1 << min(losses - 1, 10))
        return failure.retryAfter ?? (losses == 1 ? .zero : min(pause, TranscriptionListener.longestPause))
    }
}

extension PipelineConnection {
    /// OpenAI ends a session after an hour; a new one is opened before, when nothing is under way.
    private static let renewal = Duration.seconds(50 * 60)

    /// Opens a provider's socket.
    func connect(_ provider: Int, _ state: inout State) {
        guard !state.isClosed, var listener = state.listeners[provider], listener.refusal == nil else { return }
        listener.epoch += 1
        let epoch = listener.epoch
        let endpoint = configuration.stt[provider].endpoint
        let options = configuration.webSocket
        listener.connecting = Task { [weak self] in
            do throws(NetError) {
                let socket = try await WebSocketClient.connect(
                    url: endpoint.url("/realtime?intent=transcription", webSocket: true),
                    headers: endpoint.authorization, options: options
                ) { [weak self] event in self?.receive(event, provider, epoch) }
                if self?.opened(socket, provider, epoch) != true { socket.close() }
            } catch {
                self?.lost(provider, epoch, endpoint.server(.stt).failure(error))
            }
        }
        state.listeners[provider] = listener
    }

    /// - Returns: `false` when the socket is not wanted any more.
    private func opened(_ socket: WebSocketConnection, _ provider: Int, _ epoch: Int) -> Bool {
        state.withLock { state in
            guard !state.isClosed, state.listeners[provider]?.epoch == epoch else { return false }
            state.listeners[provider]?.connecting = nil
            state.listeners[provider]?.socket = socket
            state.listeners[provider]?.openedAt = .now
            perform(state.listeners[provider]?.session.open(state.caller) ?? [], provider, &state)
            return true
        }
    }

    private func receive(_ event: WebSocketEvent, _ provider: Int, _ epoch: Int) {
        switch event {
        case .text(let bytes):
            state.withLock { state in
                guard !state.isClosed, state.listeners[provider]?.epoch == epoch else { return }
                perform(state.listeners[provider]?.session.receive(bytes) ?? [], provider, &state)
                renew(provider, &state)
            }
        case .binary: break
        case .closed(let code, let reason):
            let session = TranscriptionSession(provider: configuration.stt[provider])
            lost(provider, epoch, session.failure(closeCode: code, reason: reason))
        }
    }

    /// The socket has ended, or could not be opened: its segments have failed, and it is opened again.
    private func lost(_ provider: Int, _ epoch: Int, _ failure: StageFailure) {
        state.withLock { state in
            guard !state.isClosed, state.listeners[provider]?.epoch == epoch else { return }
            if failure.severity == .fatal { return refuse(provider, failure, &state) }
            lose(provider, failure, &state)
        }
    }

    private func lose(_ provider: Int, _ failure: StageFailure, _ state: inout State) {
        let reports = state.listeners[provider]?.session.close(failure) ?? []
        let socket = state.listeners[provider]?.socket
        let wait = state.listeners[provider]?.noteLoss(failure, at: .now) ?? .zero
        perform(reports, provider, &state)
        if state.opening?.hasTime(for: wait, at: .now) == false { settle(.stt, provider, failure, &state) }
        after(wait, &state) { connection in
            connection.state.withLock { connection.connect(provider, &$0) }
        }
        socket?.close()
    }

    private func refuse(_ provider: Int, _ failure: StageFailure, _ state: inout State) {
        let reports = state.listeners[provider]?.session.close(failure) ?? []
        state.listeners[provider]?.refusal = failure
        state.listeners[provider]?.epoch += 1
        let socket = state.listeners[provider]?.socket
        state.listeners[provider]?.socket = nil
        state.listeners[provider]?.connecting = nil
        perform(reports, provider, &state)
        settle(.stt, provider, failure, &state)
        socket?.close()
    }

    /// Opens a fresh session at a quiet point before the server ends the old one.
    private func renew(_ provider: Int, _ state: inout State) {
        guard let listener = state.listeners[provider], let openedAt = listener.openedAt, listener.session.isIdle,
            openedAt.duration(to: .now) > PipelineConnection.renewal
        else { return }
        state.listeners[provider]?.session = TranscriptionSession(provider: configuration.stt[provider])
        state.listeners[provider]?.socket = nil
        connect(provider, &state)
        listener.socket?.close()
    }

    /// Does what a session asks for.
    func perform(_ outputs: [TranscriptionSession.Output], _ provider: Int, _ state: inout State) {
        for output in outputs {
            switch output {
            case .send(let message): state.listeners[provider]?.socket?.send(text: message)
            case .report(let event): onEvent(event)
            case .ready: settle(.stt, provider, nil, &state)
            case .refused(let failure): refuse(provider, failure, &state)
            case .lost(let failure): lose(provider, failure, &state)
            }
        }
    }

    /// Waits without a thread, and then goes on unless the connection was closed.
    func after(_ delay: Duration, _ state: inout State, _ body: @escaping @Sendable (PipelineConnection) -> Void) {
        let number = state.nextWait
        state.nextWait += 1
        state.waits[number] = Task { [weak self] in
            do {
                try await ContinuousClock().sleep(for: delay)
            } catch {
                return  // The connection was closed.
            }
            guard let self, self.state.withLock({ $0.waits.removeValue(forKey: number) }) != nil else { return }
            body(self)
        }
    }
}

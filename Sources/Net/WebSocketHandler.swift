import NIOCore
import NIOSSL
import NIOWebSocket
import SansIO

/// The last handler of an upgraded channel: turns frames into events, and keeps the connection alive.
///
/// Lives on the channel's event loop alone.
final class WebSocketHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        case open
        /// Our close frame is out; only the peer's close frame, the end of the connection or the time-out follow.
        case closing
        /// The closed event is delivered. Nothing follows.
        case closed
    }

    private var phase = Phase.open
    private var context: ChannelHandlerContext?
    private var assembler: WebSocketMessageAssembler
    private var writer: WebSocketFrameWriter
    private var onEvent: WebSocketEventHandler?
    private let options: WebSocketOptions
    private var lastHeard = NIODeadline.now()
    private var timers: [Timer: Scheduled<Void>] = [:]
    /// A method of the connection is at work. What happens because of it is told behind it, as is what follows: who calls
    /// may hold a lock that the receiver of events takes too.
    private var isCalled = false
    /// Events that are told when the present call is over.
    private var untold: [WebSocketEvent] = []

    private enum Timer { case ping, pong, close }

    init(isClient: Bool, options: WebSocketOptions) {
        self.options = options
        assembler = WebSocketMessageAssembler(
            expectsMask: !isClient, maximumMessageBytes: options.maximumMessageBytes)
        writer = WebSocketFrameWriter(masks: isClient)
    }

    /// Names the receiver of events. Called before the handler is added to a channel.
    func deliver(to onEvent: @escaping WebSocketEventHandler) {
        self.onEvent = onEvent
    }

    // MARK: Called by WebSocketConnection, on the event loop

    func send(opcode: UInt8, payload: [UInt8]) {
        isCalled = true
        defer { isCalled = false }
        guard case .open = phase, let context else { return }
        write(opcode: opcode, payload: payload, context: context)
        guard !context.channel.isWritable else { return }
        let buffered = bufferedBytes(context)
        if buffered > options.maximumBufferedBytes {
            finishLater(reason: "the peer reads too slowly: \(buffered) bytes wait to be sent")
        }
    }

    func close(code: UInt16, reason: String) {
        isCalled = true
        defer { isCalled = false }
        guard case .open = phase, let context else { return }
        phase = .closing
        write(opcode: 8, payload: WebSocketHandler.closePayload(code: code, reason: reason), context: context)
        schedule(.close, after: options.closeTimeout) { handler in
            handler.finish(code: nil, reason: "the peer did not answer the close frame")
        }
    }

    func abort() {
        isCalled = true
        defer { isCalled = false }
        finishLater(reason: "the connection was aborted here")
        context?.close(promise: nil)
    }

    // MARK: ChannelInboundHandler

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        schedulePing()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        finish(code: nil, reason: "the connection was lost")
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .closed = phase { return }
        lastHeard = .now()
        let frame = WebSocketHandler.unwrapInboundIn(data)
        let outcome = assembler.receive(
            WebSocketMessageAssembler.Frame(
                isFinal: frame.fin, opcode: frame.opcode.number, isMasked: frame.maskKey != nil,
                hasReservedBits: frame.rsv1 || frame.rsv2 || frame.rsv3,
                payload: Array(buffer: frame.unmaskedData)))
        switch outcome {
        case .none: break
        case .message(let event): tell(event)
        case .ping(let payload):
            if case .open = phase { write(opcode: 10, payload: payload, context: context) }
        case .close(let code, let reason):
            if case .open = phase {
                write(opcode: 8, payload: WebSocketHandler.closePayload(code: code), context: context)
            }
            finish(code: code ?? 1005, reason: reason)
        case .violation(let code, let reason): fail(code: code, reason: reason)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(code: nil, reason: "the connection was lost without a close frame")
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case NIOWebSocketError.invalidFrameLength:
            fail(code: 1009, reason: "a message is larger than \(options.maximumMessageBytes) bytes")
        case is NIOWebSocketError: fail(code: 1002, reason: "a frame is malformed (\(error))")
        default:
            finish(code: nil, reason: NetError(nio: error, action: "keep the connection").message)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent {
            close(code: 1001, reason: "the server is shutting down")
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    // MARK: Ending

    private func fail(code: UInt16, reason: String) {
        if case .open = phase, let context {
            write(opcode: 8, payload: WebSocketHandler.closePayload(code: code, reason: reason), context: context)
        }
        finish(code: nil, reason: "the peer broke the protocol: \(reason)")
    }

    /// Ends the connection after the current event: a receiver that sends is not called again while it is at work.
    private func finishLater(reason: String) {
        if case .open = phase { phase = .closing }
        context?.eventLoop.assumeIsolated().execute { self.finish(code: nil, reason: reason) }
    }

    private func finish(code: UInt16?, reason: String) {
        if case .closed = phase { return }
        phase = .closed
        for timer in timers.values { timer.cancel() }
        timers = [:]
        if let context { closeAfterFlush(context) }
        tell(.closed(code: code, reason: reason))
    }

    private func tell(_ event: WebSocketEvent) {
        guard isCalled || !untold.isEmpty, let context else { return deliver(event) }
        untold.append(event)
        if untold.count == 1 { context.eventLoop.assumeIsolated().execute { self.tellRest() } }
    }

    private func tellRest() {
        while !untold.isEmpty { deliver(untold.removeFirst()) }
    }

    private func deliver(_ event: WebSocketEvent) {
        let receiver = onEvent
        if case .closed = event { onEvent = nil }
        receiver?(event)
    }

    /// Closes the channel when the last frame is with the kernel, or when the peer does not take it in time.
    private func closeAfterFlush(_ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        let end = context.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(options.closeTimeout.nanoseconds)) {
            context.close(promise: nil)
        }
        context.writeAndFlush(WebSocketHandler.wrapOutboundOut(ByteBuffer())).assumeIsolated().whenComplete { _ in
            end.cancel()
            context.close(promise: nil)
        }
    }

    // MARK: Writing

    private func write(opcode: UInt8, payload: [UInt8], context: ChannelHandlerContext) {
        let frame = writer.frame(opcode: opcode, payload: payload, allocator: context.channel.allocator)
        context.writeAndFlush(WebSocketHandler.wrapOutboundOut(frame), promise: nil)
    }

    private func bufferedBytes(_ context: ChannelHandlerContext) -> Int {
        do {
            return try context.channel.syncOptions?.getOption(.bufferedWritableBytes) ?? 0
        } catch {
            // A channel that is closed holds nothing.
            return 0
        }
    }

    /// Code and reason, cut at a character so that the frame stays within 125 bytes (RFC 6455 §5.5).
    private static func closePayload(code: UInt16?, reason: String = "") -> [UInt8] {
        guard let code else { return [] }
        var payload = [UInt8(code >> 8), UInt8(code & 0xFF)]
        for character in reason where payload.count + character.utf8.count <= 125 {
            payload.append(contentsOf: character.utf8)
        }
        return payload
    }

    // MARK: Keep-alive

    private func schedulePing() {
        guard let interval = options.pingInterval else { return }
        schedule(.ping, after: interval) { handler in
            guard case .open = handler.phase, let context = handler.context else { return }
            handler.write(opcode: 9, payload: [], context: context)
            if handler.timers[.pong] == nil { handler.expectPong() }
            handler.schedulePing()
        }
    }

    /// Any frame at all counts as an answer.
    private func expectPong() {
        let sent = NIODeadline.now()
        schedule(.pong, after: options.pongTimeout) { handler in
            handler.timers[.pong] = nil
            guard handler.lastHeard < sent else { return }
            let waited = handler.options.pongTimeout.seconds
            handler.finish(code: nil, reason: "the peer did not answer a ping within \(waited) s")
        }
    }

    private func schedule(_ timer: Timer, after delay: Duration, _ body: @escaping (WebSocketHandler) -> Void) {
        guard let context else { return }
        timers[timer]?.cancel()
        let task = context.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(delay.nanoseconds)) { [weak self] in
            guard let self else { return }
            body(self)
        }
        timers[timer] = task
    }
}

extension WebSocketOpcode {
    /// The four bits on the wire.
    fileprivate var number: UInt8 { UInt8(webSocketOpcode: self) }
}

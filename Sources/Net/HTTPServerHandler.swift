import Logging
import NIOCore
import NIOHTTP1
import NIOWebSocket
import SansIO

/// Collects requests, asks the handler, and writes responses: one at a time for each connection.
///
/// Lives on the channel's event loop alone.
final class HTTPServerHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        /// Between requests; the idle time-out runs.
        case waiting
        /// The head is here; the body time-out runs.
        case receiving(head: HTTPRequestHead, body: [UInt8])
        /// The handler is at work. `version` is the client's.
        case responding(isHead: Bool, keepAlive: Bool, version: HTTPVersion, task: Task<Void, Never>)
        /// The request was refused in the middle: what still arrives is dropped until the client has read the answer.
        case discarding
    }

    private var state = State.waiting
    private var context: ChannelHandlerContext?
    private var timer: Scheduled<Void>?
    /// Requests that were handed to the handler: the number of the latest, by which its writer is known.
    private var responses = 0
    private let options: HTTPServer.Options
    private let upgrader: WebSocketServerUpgrader?
    private let logger: Logger
    private let handler: HTTPServer.Handler

    /// How long a refused client has to read the refusal.
    private static let lingering = Duration.seconds(2)

    init(
        options: HTTPServer.Options, upgrader: WebSocketServerUpgrader?, logger: Logger,
        handler: @escaping HTTPServer.Handler
    ) {
        self.options = options
        self.upgrader = upgrader
        self.logger = logger
        self.handler = handler
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        waitForRequest(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (HTTPServerHandler.unwrapInboundIn(data), state) {
        case (.head(let head), .waiting): receive(head, context: context)
        case (.body(let part), .receiving(let head, var body)):
            guard body.count + part.readableBytes <= options.maximumBodyBytes else {
                return refuse(413, "The body is larger than \(options.maximumBodyBytes) bytes.", context: context)
            }
            state = .waiting
            body.append(contentsOf: part.readableBytesView)
            state = .receiving(head: head, body: body)
        case (.end, .receiving(let head, let body)): respond(to: head, body: body, context: context)
        default: break
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if case .responding(_, _, _, let task) = state { task.cancel() }
        timer?.cancel()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A refused upgrade goes on as an ordinary request; a malformed one has been answered with 400 by NIO.
        if error is NIOWebSocketUpgradeError { return }
        logger.debug("HTTP connection failed", metadata: ["error": "\(error)"])
        context.close(promise: nil)
    }

    // MARK: Receiving

    private func receive(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        let size = head.uri.utf8.count + head.headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
        guard size <= options.maximumHeaderBytes else {
            return refuse(431, "The head is larger than \(options.maximumHeaderBytes) bytes.", context: context)
        }
        if let length = head.headers.first(name: "Content-Length").flatMap({ Int($0) }),
            length > options.maximumBodyBytes
        {
            return refuse(413, "The body is larger than \(options.maximumBodyBytes) bytes.", context: context)
        }
        if head.headers.first(name: "Expect")?.lowercased() == "100-continue" {
            let go = HTTPResponseHead(version: .http1_1, status: .continue)
            context.writeAndFlush(HTTPServerHandler.wrapOutboundOut(.head(go)), promise: nil)
        }
        state = .receiving(head: head, body: [])
        schedule(after: options.bodyTimeout) { handler, context in
            handler.refuse(408, "The body did not arrive in time.", context: context)
        }
    }

    private func waitForRequest(_ context: ChannelHandlerContext) {
        state = .waiting
        schedule(after: options.idleTimeout) { _, context in context.close(promise: nil) }
    }

    private func schedule(
        after delay: Duration, _ body: @escaping (HTTPServerHandler, ChannelHandlerContext) -> Void
    ) {
        guard let context else { return }
        timer?.cancel()
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(delay.nanoseconds)) { [weak self] in
            guard let self, let context = self.context else { return }
            body(self, context)
        }
    }

    // MARK: Responding

    private func respond(to head: HTTPRequestHead, body: [UInt8], context: ChannelHandlerContext) {
        timer?.cancel()
        let request = HTTPRequest(head: head, body: body, channel: context.channel)
        let isHead = head.method == .HEAD
        let keepAlive = head.isKeepAlive
        if let rejection = upgrader?.takeRejection() {
            return write(rejection, isHead: isHead, keepAlive: false, context: context)
        }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let loop = context.eventLoop
        responses += 1
        let number = responses
        let task = Task { [handler] in
            let response = await handler(request)
            if response.isDropped { return loop.execute { bound.value.abortBody(number: number) } }
            guard let producer = response.producer, !isHead else {
                return loop.execute { bound.value.finish(response) }
            }
            await HTTPBodyWriter(handler: bound, loop: loop, response: number).run(response, producer)
        }
        state = .responding(isHead: isHead, keepAlive: keepAlive, version: head.version, task: task)
    }

    // MARK: Bodies that are written as they come

    /// Writes the head of a response whose body follows.
    ///
    /// - Returns: Completes when the kernel has it; `nil` when there is nobody to write to.
    func begin(_ response: HTTPResponse, number: Int) -> EventLoopFuture<Void>? {
        guard let (context, version, staysOpen) = writing(number) else { return nil }
        var response = response
        if !staysOpen { response.headers["Connection"] = "close" }
        do throws(NetError) {
            try response.headers.validate()
        } catch {
            logger.error("A response has an invalid header", metadata: ["error": "\(error)"])
            finish(.text("Internal error.\n", status: 500))
            return nil
        }
        var head = HTTPServerHandler.head(of: response)
        head.version = version
        return context.writeAndFlush(HTTPServerHandler.wrapOutboundOut(.head(head)))
    }

    /// Writes a part of a body; see ``begin(_:number:)``.
    func write(part: [UInt8], number: Int) -> EventLoopFuture<Void>? {
        guard let (context, _, _) = writing(number) else { return nil }
        let buffer = context.channel.allocator.buffer(bytes: part)
        return context.writeAndFlush(HTTPServerHandler.wrapOutboundOut(.body(.byteBuffer(buffer))))
    }

    /// Ends a body.
    func endBody(number: Int) {
        guard let (context, _, staysOpen) = writing(number) else { return }
        waitForRequest(context)
        let written = context.writeAndFlush(HTTPServerHandler.wrapOutboundOut(.end(nil)))
        if !staysOpen { written.assumeIsolated().whenComplete { _ in context.close(promise: nil) } }
    }

    /// Drops the connection in the middle of a response.
    func abortBody(number: Int) {
        writing(number)?.context.close(promise: nil)
    }

    /// What it takes to write the response of that number; `nil` when it has ended or the client has gone.
    ///
    /// Without chunks, which HTTP/1.0 has not, a connection does not stay open: its end is the end of the body.
    private func writing(_ number: Int) -> (context: ChannelHandlerContext, version: HTTPVersion, staysOpen: Bool)? {
        guard case .responding(_, let keepAlive, let version, _) = state, number == responses, let context,
            context.channel.isActive
        else { return nil }
        return (context, version == .http1_0 ? .http1_0 : .http1_1, keepAlive && version != .http1_0)
    }

    private static func head(of response: HTTPResponse) -> HTTPResponseHead {
        HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: response.status),
            headers: HTTPHeaders(response.headers.fields.map { ($0.name, $0.value) }))
    }

    private func finish(_ response: HTTPResponse) {
        guard case .responding(let isHead, let keepAlive, _, _) = state, let context, context.channel.isActive else {
            return
        }
        write(response, isHead: isHead, keepAlive: keepAlive, context: context)
    }

    /// Answers before the request is complete, and closes gently: a plain close would reset the connection while
    /// the client is still sending, and the answer would be lost.
    private func refuse(_ status: Int, _ reason: String, context: ChannelHandlerContext) {
        var response = HTTPResponse.text(reason + "\n", status: status)
        response.headers["Connection"] = "close"
        state = .discarding
        writeMessage(response, isHead: false, context: context).assumeIsolated().whenComplete { _ in
            context.close(mode: .output, promise: nil)
        }
        schedule(after: HTTPServerHandler.lingering) { _, context in context.close(promise: nil) }
    }

    private func write(_ response: HTTPResponse, isHead: Bool, keepAlive: Bool, context: ChannelHandlerContext) {
        var response = response
        if !keepAlive { response.headers["Connection"] = "close" }
        waitForRequest(context)
        let written = writeMessage(response, isHead: isHead, context: context)
        if !keepAlive { written.assumeIsolated().whenComplete { _ in context.close(promise: nil) } }
    }

    /// - Returns: Completes when all bytes are with the kernel.
    private func writeMessage(
        _ response: HTTPResponse, isHead: Bool, context: ChannelHandlerContext
    ) -> EventLoopFuture<Void> {
        var response = response
        do throws(NetError) {
            try response.headers.validate()
        } catch {
            logger.error("A response has an invalid header", metadata: ["error": "\(error)"])
            response = .text("Internal error.\n", status: 500)
        }
        var head = HTTPServerHandler.head(of: response)
        let hasBody = response.status >= 200 && response.status != 204 && response.status != 304
        if hasBody, response.producer == nil {
            head.headers.replaceOrAdd(name: "Content-Length", value: String(response.body.count))
        }
        context.write(HTTPServerHandler.wrapOutboundOut(.head(head)), promise: nil)
        if hasBody, !isHead, !response.body.isEmpty {
            let buffer = context.channel.allocator.buffer(bytes: response.body)
            context.write(HTTPServerHandler.wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
        }
        return context.writeAndFlush(HTTPServerHandler.wrapOutboundOut(.end(nil)))
    }
}

extension HTTPRequest {
    init(head: HTTPRequestHead, body: [UInt8], channel: any Channel) {
        var fields = HTTPFields()
        for (name, value) in head.headers { fields.append(name: name, value: value) }
        self.init(
            method: head.method.rawValue, target: head.uri, headers: fields, body: body,
            remoteAddress: channel.remoteAddress.flatMap(TransportAddress.init(nio:)))
    }
}

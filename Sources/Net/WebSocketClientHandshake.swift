import NIOCore
import NIOHTTP1
import SansIO

/// Sends the upgrade request, and collects the answer when it is a refusal.
final class WebSocketClientHandshake: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    /// How much of a refusal's body is kept. [byte]
    private static let largestBody = 64 * 1024

    private let target: WebSocketURL
    private let headers: HTTPFields
    private let opened: EventLoopPromise<WebSocketConnection>
    private var refusal: (status: Int, body: [UInt8])?

    init(target: WebSocketURL, headers: HTTPFields, opened: EventLoopPromise<WebSocketConnection>) {
        self.target = target
        self.headers = headers
        self.opened = opened
    }

    func channelActive(context: ChannelHandlerContext) {
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: target.requestTarget)
        head.headers.add(name: "Host", value: target.hostField)
        for field in headers.fields { head.headers.add(name: field.name, value: field.value) }
        context.write(WebSocketClientHandshake.wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(WebSocketClientHandshake.wrapOutboundOut(.end(nil)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch WebSocketClientHandshake.unwrapInboundIn(data) {
        case .head(let head): refusal = (Int(head.status.code), [])
        case .body(let part):
            guard let body = refusal?.body, body.count < WebSocketClientHandshake.largestBody else { return }
            let room = WebSocketClientHandshake.largestBody - body.count
            refusal?.body.append(contentsOf: part.readableBytesView.prefix(room))
        case .end: fail(context: context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(context: context)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is NIOHTTPClientUpgradeError || error is HTTPParserError {
            let sentence = "The server at \(target.origin) does not speak WebSocket: check the URL (\(error))."
            opened.fail(NetError(.protocolViolation, sentence, underlying: error))
        } else {
            opened.fail(error)
        }
        context.close(promise: nil)
    }

    private func fail(context: ChannelHandlerContext) {
        guard let refusal else {
            let sentence = "The server at \(target.origin) closed the connection before it answered the upgrade."
            opened.fail(NetError(.connectionLost, sentence))
            return
        }
        let advice: String
        switch refusal.status {
        case 401, 403: advice = "check the key"
        case 404: advice = "check the path of the URL"
        case 429: advice = "too many requests, or the quota is used up"
        case 500...599: advice = "the server has a problem, try again later"
        default: advice = "the body may say why"
        }
        opened.fail(
            NetError(
                .upgradeRefused,
                "The server at \(target.origin) refused the WebSocket with status \(refusal.status): \(advice).",
                isRetryable: refusal.status == 429 || refusal.status >= 500, httpStatus: refusal.status,
                httpBody: refusal.body))
        context.close(promise: nil)
    }
}

import NIOCore
import NIOPosix
import Synchronization

/// TCP without our own code: peers that say what no proper peer says.
enum RawPeer {
    struct Listener {
        let port: UInt16
        let channel: any Channel

        func close() async throws {
            try await channel.close().get()
        }
    }

    /// A server that hands over everything that arrives.
    static func listen(
        on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        onRead: @escaping @Sendable (any Channel, [UInt8]) -> Void
    ) async throws -> Listener {
        let channel = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Reader(onRead: onRead))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return Listener(port: UInt16(channel.localAddress?.port ?? 0), channel: channel)
    }

    /// A server that upgrades to WebSocket, and then reads nothing more.
    static func listenDeaf() async throws -> Listener {
        try await listen { channel, bytes in
            guard let answer = acceptance(of: bytes) else { return }
            channel.setOption(.autoRead, value: false).whenComplete { _ in
                channel.writeAndFlush(ByteBuffer(bytes: answer), promise: nil)
            }
        }
    }

    /// A server that upgrades to WebSocket, answers pings, and sends "3 pings" after the third.
    static func listenAnsweringPings() async throws -> Listener {
        let received = Mutex(0)
        return try await listen { channel, bytes in
            if let answer = acceptance(of: bytes) {
                channel.writeAndFlush(ByteBuffer(bytes: answer), promise: nil)
                return
            }
            // An empty masked ping has 6 bytes.
            let pings = received.withLock { received in
                let before = received / 6
                received += bytes.count
                return before..<(received / 6)
            }
            for ping in pings {
                let text = ping == 2 ? [0x81, 0x07] + Array("3 pings".utf8) : []
                channel.writeAndFlush(ByteBuffer(bytes: [0x8A, 0x00] + text), promise: nil)
            }
        }
    }

    /// A server that upgrades to WebSocket, answers the first message with the text "go", and is gone at once.
    ///
    /// - Parameters:
    ///   - group: Not that of the client, which may wait for the end on its own event loop.
    ///   - onGone: Called when the connection is closed.
    static func listenHangingUp(
        on group: any EventLoopGroup, onGone: @escaping @Sendable () -> Void
    ) async throws -> Listener {
        try await listen(on: group) { channel, bytes in
            if let answer = acceptance(of: bytes) {
                channel.writeAndFlush(ByteBuffer(bytes: answer), promise: nil)
                return
            }
            channel.writeAndFlush(ByteBuffer(bytes: [0x81, 0x02] + Array("go".utf8))).whenComplete { _ in
                channel.close().whenComplete { _ in onGone() }
            }
        }
    }

    /// The response to an upgrade request; `nil` when the bytes are none.
    private static func acceptance(of bytes: [UInt8]) -> [UInt8]? {
        let request = String(decoding: bytes, as: UTF8.self)
        let name = "Sec-WebSocket-Key: "
        guard let line = request.split(separator: "\r\n").first(where: { $0.hasPrefix(name) }) else { return nil }
        let accept = WebSocketAccept.value(for: String(line.dropFirst(name.count)))
        return Array(
            ("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
                + "Sec-WebSocket-Accept: \(accept)\r\n\r\n").utf8)
    }

    /// Sends bytes and returns everything that comes back until the peer closes.
    ///
    /// - Parameter pieces: Each is sent when the one before is with the kernel.
    static func exchange(port: UInt16, _ pieces: [UInt8]...) async throws -> [UInt8] {
        let received = Recorder<[UInt8]>()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Reader(onRead: { received.record($1) }))
                }
            }
            .connect(host: "127.0.0.1", port: Int(port)).get()
        for piece in pieces { channel.writeAndFlush(ByteBuffer(bytes: piece), promise: nil) }
        try await channel.closeFuture.get()
        return received.elements.flatMap(\.self)
    }

    private final class Reader: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let onRead: @Sendable (any Channel, [UInt8]) -> Void

        init(onRead: @escaping @Sendable (any Channel, [UInt8]) -> Void) {
            self.onRead = onRead
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            onRead(context.channel, Array(buffer: Reader.unwrapInboundIn(data)))
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}

import Dispatch
import NIOCore
import NIOPosix
import Net
import SansIO
import Synchronization
import Testing

/// Client against our own server, over loopback.
@Suite("WebSocket", .timeLimit(.minutes(1)))
struct WebSocketTests {
    private typealias Events = Recorder<WebSocketEvent>

    /// A server that echoes, or does what the first word of a text asks for.
    private func echoServer(_ change: (inout HTTPServer.Options) -> Void = { _ in }) async throws -> HTTPServer {
        var options = HTTPServer.Options()
        change(&options)
        return try await HTTPServer.start(
            host: "127.0.0.1", port: 0, options: options, logger: quiet, handler: { _ in .text("plain") },
            webSocket: { request in
                switch request.path {
                case "/refuse":
                    return .reject(HTTPResponse(status: 401, body: Array(#"{"error":"no key"}"#.utf8)))
                case "/agent" where request.headers["authorization"] != "Bearer k":
                    return .reject(.text("", status: 403))
                default:
                    let asked = request.headers["Sec-WebSocket-Protocol"]
                    return .accept(subprotocol: asked) { connection in
                        { event in
                            switch event {
                            case .text(Array("close 4000".utf8)): connection.close(code: 4000, reason: "over ünd out")
                            case .text(Array("abort".utf8)): connection.abort()
                            case .text(let bytes): connection.send(text: bytes)
                            case .binary(let bytes): connection.send(binary: bytes)
                            case .closed: break
                            }
                        }
                    }
                }
            })
    }

    private func connect(
        _ server: HTTPServer, _ events: Events, path: String = "/", headers: HTTPFields = [:],
        options: WebSocketOptions = WebSocketOptions(), scheme: String = "ws"
    ) async throws(NetError) -> WebSocketConnection {
        try await WebSocketClient.connect(
            url: "\(scheme)://127.0.0.1:\(server.port)\(path)", headers: headers, options: options,
            onEvent: { events.record($0) })
    }

    @Test("Texts and binaries of every length class come back unchanged and in order (RFC 6455 §5.2)")
    func echo() async throws {
        let server = try await echoServer()
        let events = Events()
        let connection = try await connect(server, events, path: "/agent", headers: ["Authorization": "Bearer k"])
        let sizes = [0, 1, 3, 4, 7, 8, 125, 126, 127, 300, 65_535, 65_536, 1_000_000]
        for size in sizes {
            connection.send(text: (0..<size).map { UInt8(0x20 + $0 % 90) })
            connection.send(binary: (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) })
        }
        let echoed = await events.first(sizes.count * 2)
        for (index, size) in sizes.enumerated() {
            #expect(echoed[2 * index] == .text((0..<size).map { UInt8(0x20 + $0 % 90) }))
            #expect(echoed[2 * index + 1] == .binary((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }))
        }
        connection.close(code: 3000, reason: "done")
        #expect(await events.first(sizes.count * 2 + 1).last == .closed(code: 3000, reason: ""))
        await server.shutdown()
    }

    @Test("Many threads send at once: every message arrives whole")
    func concurrentSenders() async throws {
        let server = try await echoServer()
        let events = Events()
        let connection = try await connect(server, events)
        await withTaskGroup(of: Void.self) { group in
            for sender in 0..<8 {
                group.addTask {
                    for number in 0..<250 { connection.send(text: Array("\(sender) \(number)".utf8)) }
                }
            }
        }
        let texts = await events.first(2000).map { event in
            if case .text(let bytes) = event { String(decoding: bytes, as: UTF8.self) } else { "?" }
        }
        for sender in 0..<8 {
            #expect(texts.filter { $0.hasPrefix("\(sender) ") } == (0..<250).map { "\(sender) \($0)" })
        }
        connection.close()
        await server.shutdown()
    }

    @Test("The peer's close code and reason are delivered, once and last (RFC 6455 §7.1.5)")
    func closeCode() async throws {
        let server = try await echoServer()
        let events = Events()
        let connection = try await connect(server, events)
        connection.send(text: Array("close 4000".utf8))
        connection.send(text: Array("too late".utf8))
        #expect(await events.first(1) == [.closed(code: 4000, reason: "over ünd out")])
        connection.send(text: Array("after".utf8))
        connection.close()
        await server.shutdown()
        #expect(events.elements.count == 1)
    }

    @Test("A connection that breaks is told by a closed event without code")
    func abort() async throws {
        let server = try await echoServer()
        let events = Events()
        let connection = try await connect(server, events)
        connection.send(text: Array("abort".utf8))
        guard case .closed(nil, let reason)? = await events.first(1).first else {
            Issue.record("no closed event")
            return
        }
        #expect(!reason.isEmpty)
        await server.shutdown()
    }

    @Test("What a call brings about is told behind it: who sends and closes under a lock may take it for what comes")
    func toldBehindTheCall() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let isGone = DispatchSemaphore(value: 0)
        let peer = try await RawPeer.listenHangingUp(on: group) { isGone.signal() }
        let events = Events()
        let held = Mutex<WebSocketConnection?>(nil)
        let connection = try await WebSocketClient.connect(url: "ws://127.0.0.1:\(peer.port)/") { event in
            // A lock that is taken twice is a trap.
            held.withLock { connection in
                events.record(event)
                guard case .text = event else { return }
                isGone.wait()
                // The first one is answered by a reset, on which the next one fails at once.
                for _ in 0..<3 { connection?.send(text: [0x61]) }
                connection?.close()
            }
        }
        held.withLock { $0 = connection }
        connection.send(text: Array("ready".utf8))
        guard case .closed(nil, _)? = await events.first(2).last else {
            Issue.record("\(events.elements)")
            return
        }
        #expect(events.elements.first == .text(Array("go".utf8)))
        try await peer.close()
        try await group.shutdownGracefully()
    }

    @Test("The agreed subprotocol is known to both")
    func subprotocol() async throws {
        let server = try await echoServer()
        let connection = try await connect(server, Events(), headers: ["Sec-WebSocket-Protocol": "realtime"])
        #expect(connection.subprotocol == "realtime")
        #expect(connection.remoteAddress == TransportAddress(host: "127.0.0.1", port: server.port))
        connection.close()
        await server.shutdown()
    }

    @Test("A refused upgrade gives status and body, and says what to check")
    func refusedUpgrade() async throws {
        let server = try await echoServer()
        let events = Events()
        let error = await netError { () async throws(NetError) in _ = try await connect(server, events, path: "/refuse")
        }
        #expect(error?.code == .upgradeRefused)
        #expect(error?.httpStatus == 401)
        #expect(error.map { String(decoding: $0.httpBody, as: UTF8.self) } == #"{"error":"no key"}"#)
        #expect(error?.message.contains("check the key") == true)
        #expect(error?.isRetryable == false)
        let forbidden = await netError { () async throws(NetError) in
            _ = try await connect(server, events, path: "/agent")
        }
        #expect(forbidden?.httpStatus == 403)
        #expect(events.elements.isEmpty)
        await server.shutdown()
    }

    @Test("A server that is not there, or speaks no WebSocket, is named")
    func noServer() async throws {
        let events = Events()
        let socket = try await HTTPServer.start(
            host: "127.0.0.1", port: 0, logger: quiet, handler: { _ in .text("hi") })
        let plain = await netError { () async throws(NetError) in _ = try await connect(socket, events) }
        #expect(plain?.code == .upgradeRefused)
        #expect(plain?.httpStatus == 200)
        await socket.shutdown()
        let gone = await netError { () async throws(NetError) in _ = try await connect(socket, events) }
        #expect(gone?.code == .connectionRefused)
        #expect(gone?.message.contains(":\(socket.port)") == true)
        #expect(gone?.isRetryable == true)
    }

    @Test("A server that never answers is given up after the connect time-out; cancelling ends the wait")
    func silentServer() async throws {
        let listener = try await RawPeer.listen { _, _ in }
        var options = WebSocketOptions()
        options.connectTimeout = .milliseconds(100)
        let silent = await netError { () async throws(NetError) in
            _ = try await WebSocketClient.connect(url: "ws://127.0.0.1:\(listener.port)/", options: options) { _ in }
        }
        #expect(silent?.code == .timedOut)
        let attempt = Task {
            await netError { () async throws(NetError) in
                _ = try await WebSocketClient.connect(url: "ws://127.0.0.1:\(listener.port)/") { _ in }
            }
        }
        attempt.cancel()
        #expect(await attempt.value?.code == .cancelled)
        try await listener.close()
    }

    @Test("TLS: trusted with the named CA, refused without, accepted when verification is off")
    func tls() async throws {
        let certificates = try TestCertificates()
        defer { certificates.remove() }
        let server = try await echoServer {
            $0.tls = (certificates.certificateFile, certificates.keyFile)
        }
        var options = WebSocketOptions()
        options.trustedCertificatesFile = certificates.authorityFile
        for host in ["127.0.0.1", "localhost"] {
            let events = Events()
            let connection = try await WebSocketClient.connect(
                url: "wss://\(host):\(server.port)/", options: options, onEvent: { events.record($0) })
            connection.send(text: Array("hello".utf8))
            #expect(await events.first(1) == [.text(Array("hello".utf8))])
            connection.close()
            _ = await events.first(2)
        }
        let untrusted = await netError { () async throws(NetError) in
            _ = try await connect(server, Events(), scheme: "wss")
        }
        #expect(untrusted?.code == .tls)
        #expect(untrusted?.message.contains("not trusted") == true)
        #expect(untrusted?.isRetryable == false)
        options.trustedCertificatesFile = nil
        options.verifiesCertificates = false
        let events = Events()
        let connection = try await connect(server, events, options: options, scheme: "wss")
        connection.close()
        #expect(await events.first(1) == [.closed(code: 1000, reason: "")])
        await server.shutdown()
    }

    @Test("A handshake that is broken off may succeed later, over HTTP and for a WebSocket; a bad CA file never will")
    func brokenHandshake() async throws {
        let peer = try await RawPeer.listen { channel, _ in channel.close(promise: nil) }
        let events = Events()
        let socket = await netError { () throws(NetError) in
            _ = try await WebSocketClient.connect(url: "wss://127.0.0.1:\(peer.port)/") { events.record($0) }
        }
        #expect(socket?.isRetryable == true)
        let request = HTTPRequest(target: "https://127.0.0.1:\(peer.port)/")
        let answer = await netError { () throws(NetError) in _ = try await HTTPClient().send(request) }
        #expect(answer?.code == .tls)
        #expect(answer?.isRetryable == true)
        var options = HTTPClient.Options()
        options.trustedCertificatesFile = "/nowhere.pem"
        let unreadable = await netError { () throws(NetError) in
            _ = try await HTTPClient(options: options).send(request)
        }
        #expect(unreadable?.isRetryable == false)
        try await peer.close()
    }

    @Test("A message above the limit ends the connection with 1009")
    func tooLarge() async throws {
        let server = try await echoServer { $0.webSocket.maximumMessageBytes = 1000 }
        let events = Events()
        let connection = try await connect(server, events)
        connection.send(binary: Array(repeating: 0, count: 1000))
        connection.send(binary: Array(repeating: 0, count: 1001))
        let ends = await events.first(2)
        #expect(ends.first == .binary(Array(repeating: 0, count: 1000)))
        guard case .closed(1009, _)? = ends.last else {
            Issue.record("\(ends)")
            return
        }
        await server.shutdown()
    }

    @Test("A peer that stops reading fails the connection when the buffer is full")
    func backpressure() async throws {
        let listener = try await RawPeer.listenDeaf()
        let events = Events()
        var options = WebSocketOptions()
        options.maximumBufferedBytes = 256 * 1024
        options.closeTimeout = .milliseconds(50)
        let connection = try await WebSocketClient.connect(
            url: "ws://127.0.0.1:\(listener.port)/", options: options, onEvent: { events.record($0) })
        for _ in 0..<400 { connection.send(binary: Array(repeating: 1, count: 64 * 1024)) }
        guard case .closed(nil, let reason)? = await events.first(1).first else {
            Issue.record("no closed event")
            return
        }
        #expect(reason.contains("too slowly"))
        try await listener.close()
    }

    @Test("A peer that answers no ping is given up (RFC 6455 §5.5.2)")
    func deafPeer() async throws {
        var options = WebSocketOptions()
        options.pingInterval = .milliseconds(20)
        options.pongTimeout = .milliseconds(50)
        let listener = try await RawPeer.listenDeaf()
        let events = Events()
        _ = try await WebSocketClient.connect(
            url: "ws://127.0.0.1:\(listener.port)/", options: options, onEvent: { events.record($0) })
        guard case .closed(nil, let reason)? = await events.first(1).first else {
            Issue.record("no closed event")
            return
        }
        #expect(reason.contains("ping"))
        try await listener.close()
    }

    @Test("A peer that answers pings is kept, and pinged again")
    func keepAlive() async throws {
        let listener = try await RawPeer.listenAnsweringPings()
        let events = Events()
        var options = WebSocketOptions()
        options.pingInterval = .milliseconds(10)
        options.pongTimeout = .seconds(50)
        // This peer answers the third ping with a message.
        _ = try await WebSocketClient.connect(
            url: "ws://127.0.0.1:\(listener.port)/", options: options, onEvent: { events.record($0) })
        #expect(await events.first(1) == [.text(Array("3 pings".utf8))])
        try await listener.close()
    }

    @Test("Shutting the server down closes WebSockets with 1001")
    func shutdown() async throws {
        let server = try await echoServer()
        let events = Events()
        _ = try await connect(server, events)
        await server.shutdown()
        #expect(await events.first(1) == [.closed(code: 1001, reason: "the server is shutting down")])
    }

    @Test(
        "Unmasked frames and garbage behind the upgrade end the connection, not the server",
        arguments: 0..<10 as Range<UInt64>)
    func garbage(seed: UInt64) async throws {
        let server = try await echoServer()
        var random = SeededRandom(seed: seed)
        let noise = (0..<2000).map { _ in UInt8.random(in: 0...255, using: &random) }
        let upgrade =
            "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        // A close frame at the end, for noise that happens to be one long incomplete frame.
        let answer = try await RawPeer.exchange(port: server.port, Array(upgrade.utf8) + [0x81, 0x05] + noise)
        let text = String(decoding: answer, as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.1 101"))
        // The accept value of RFC 6455 §1.3.
        #expect(text.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
        let events = Events()
        let connection = try await connect(server, events)
        connection.send(text: [0x61])
        #expect(await events.first(1) == [.text([0x61])])
        connection.close()
        await server.shutdown()
    }
}

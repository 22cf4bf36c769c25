import Dispatch
import NIOCore
import Net
import SansIO
import Synchronization
import Testing

@Suite("HTTP bodies that are written and read as they come", .timeLimit(.minutes(1)))
struct HTTPStreamTests {
    /// What came of one streamed request.
    private final class Reader: Sendable {
        let events = Recorder<HTTPStreamEvent>()
        let parts = Recorder<[UInt8]>()
        private let end = Recorder<NetError?>()

        func receive(_ event: HTTPStreamEvent) {
            events.record(event)
            switch event {
            case .head: break
            case .body(let part): parts.record(part)
            case .ended: end.record(nil)
            case .failed(let error): end.record(error)
            }
        }

        /// Why the request failed; `nil` when it did not.
        var failure: NetError? {
            get async { await end.first(1)[0] }
        }

        var status: Int? {
            events.elements.lazy.compactMap { event -> Int? in
                if case .head(let status, _) = event { status } else { nil }
            }.first
        }

        var headers: HTTPFields {
            for case .head(_, let headers) in events.elements { return headers }
            return [:]
        }

        var body: [UInt8] { parts.elements.flatMap(\.self) }
    }

    private func serve(_ handler: @escaping HTTPServer.Handler) async throws -> (server: HTTPServer, url: String) {
        let server = try await HTTPServer.start(host: "127.0.0.1", port: 0, logger: quiet, handler: handler)
        return (server, "http://127.0.0.1:\(server.port)")
    }

    @Test("Each part is there before the next is written, and the body ends where the producer returns")
    func parts() async throws {
        let turns = Recorder<Void>()
        let (server, url) = try await serve { _ in
            .streaming(headers: ["Content-Type": "text/event-stream", "X-Twice": "a"]) { body in
                for number in 1...5 {
                    try await body.write("part \(number)\n")
                    _ = await turns.first(number)
                }
            }
        }
        let client = try HTTPClient()
        let reader = Reader()
        try client.stream(HTTPRequest(target: url)) { reader.receive($0) }
        for number in 1...5 {
            let parts = await reader.parts.first(number)
            #expect(String(decoding: parts[number - 1], as: UTF8.self) == "part \(number)\n")
            turns.record(())
        }
        #expect(await reader.failure == nil)
        #expect(reader.status == 200)
        #expect(reader.headers["content-type"] == "text/event-stream")
        #expect(reader.headers["Transfer-Encoding"] == "chunked")
        #expect(client.counts.openTransfers == 0)
        await server.shutdown()
    }

    @Test("A whole response can be read as a stream, and a streamed one as a whole", arguments: [1, 70_000, 1_000_000])
    func bothWays(size: Int) async throws {
        let content = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let (server, url) = try await serve { request in
            if request.path == "/whole" { return HTTPResponse(status: 201, body: content) }
            return .streaming { body in
                for start in stride(from: 0, to: size, by: 33_333) {
                    try await body.write(Array(content[start..<min(size, start + 33_333)]))
                }
            }
        }
        let client = try HTTPClient()
        let reader = Reader()
        try client.stream(HTTPRequest(method: "POST", target: url + "/whole", body: [1])) { reader.receive($0) }
        #expect(await reader.failure == nil)
        #expect(reader.status == 201)
        #expect(reader.body == content)
        let whole = try await client.send(HTTPRequest(target: url + "/parts"))
        #expect(whole.status == 200)
        #expect(whole.body == content)
        #expect(try await client.send(HTTPRequest(method: "HEAD", target: url + "/parts")).body == [])
        await server.shutdown()
    }

    @Test("One connection serves request after request, one that was warmed the first; each at once needs its own")
    func reuse() async throws {
        let release = Recorder<Void>()
        let entered = Recorder<Void>()
        let (server, url) = try await serve { request in
            .streaming { body in
                try await body.write("a")
                if request.path == "/held" {
                    entered.record(())
                    _ = await release.first(1)
                }
            }
        }
        let client = try HTTPClient()
        let warming = Reader()
        try client.stream(HTTPRequest(method: "HEAD", target: url + "/models")) { warming.receive($0) }
        #expect(await warming.failure == nil)
        let first = Reader()
        #expect(client.counts.connectionsOpened == 1)
        try client.stream(HTTPRequest(target: url)) { first.receive($0) }
        #expect(await first.failure == nil)
        for _ in 0..<20 { _ = try await client.send(HTTPRequest(target: url)) }
        #expect(client.counts == HTTPClient.Counts(openTransfers: 0, connectionsOpened: 1))
        let held = [Reader(), Reader(), Reader()]
        for reader in held { try client.stream(HTTPRequest(target: url + "/held")) { reader.receive($0) } }
        _ = await entered.first(3)
        #expect(client.counts.openTransfers == 3)
        release.record(())
        for reader in held { #expect(await reader.failure == nil) }
        #expect(client.counts == HTTPClient.Counts(openTransfers: 0, connectionsOpened: 3))
        await server.shutdown()
    }

    @Test("Cancelling closes the connection at once: the server's producer is cancelled, the last event says so")
    func cancel() async throws {
        let gone = Recorder<Bool>()
        let (server, url) = try await serve { _ in
            .streaming { body in
                try await body.write("first")
                await withTaskCancellationHandler {
                    _ = await gone.first(1)
                } onCancel: {
                    gone.record(true)
                }
            }
        }
        let client = try HTTPClient()
        let reader = Reader()
        let stream = try client.stream(HTTPRequest(target: url)) { reader.receive($0) }
        _ = await reader.parts.first(1)
        stream.cancel()
        #expect(await reader.failure?.code == .cancelled)
        #expect(await gone.first(1) == [true])
        #expect(client.counts.openTransfers == 0)
        stream.cancel()
        #expect(reader.events.elements.count == 3)
        await server.shutdown()
    }

    @Test("Cancelling from the event handler is as good, and a client that is dropped ends what it had open")
    func cancelInside() async throws {
        let (server, url) = try await serve { _ in
            .streaming { body in
                for _ in 0..<1_000_000 { try await body.write("more") }
            }
        }
        let reader = Reader()
        let stream = Mutex<HTTPStream?>(nil)
        do {
            let client = try HTTPClient()
            let handle = try client.stream(HTTPRequest(target: url)) { event in
                reader.receive(event)
                if case .body = event { stream.withLock { $0?.cancel() } }
            }
            stream.withLock { $0 = handle }
            #expect(await reader.failure?.code == .cancelled)
        }
        let orphan = Reader()
        do {
            let client = try HTTPClient()
            try client.stream(HTTPRequest(target: url)) { orphan.receive($0) }
        }
        #expect(await orphan.failure?.code == .cancelled)
        await server.shutdown(grace: .zero)
    }

    @Test("A server that is silent is given up: before the first byte, and between two")
    func stall() async throws {
        let never = Recorder<Void>()
        let (server, url) = try await serve { request in
            if request.path == "/silent" { _ = await never.first(1) }
            return .streaming { body in
                if request.path == "/head" { _ = await never.first(1) }
                try await body.write("once")
                _ = await never.first(1)
            }
        }
        let client = try HTTPClient()
        let start = ContinuousClock.now
        let hasty = HTTPStream.Timeouts(firstByte: .milliseconds(80), betweenBytes: .seconds(50))
        let strict = HTTPStream.Timeouts(firstByte: .seconds(50), betweenBytes: .milliseconds(80))
        for (path, timeouts) in [("/silent", hasty), ("/head", hasty), ("/body", strict)] {
            let reader = Reader()
            try client.stream(HTTPRequest(target: url + path + "?key=secret"), timeouts: timeouts) {
                reader.receive($0)
            }
            let failure = await reader.failure
            #expect(failure?.code == .timedOut)
            #expect(failure?.isRetryable == true)
            #expect(failure?.message.contains("0.08 s") == true)
            #expect(failure?.message.contains("secret") == false)
            #expect(failure?.message.hasPrefix("Cannot reach") == (path == "/silent"), "\(path)")
            #expect(reader.body == (path == "/body" ? Array("once".utf8) : []))
        }
        #expect(start.duration(to: .now) < .seconds(20))
        #expect(client.counts.openTransfers == 0)
        never.record(())
        await server.shutdown(grace: .zero)
    }

    @Test("A server that sends its head and no body is not one that is out of reach")
    func headAlone() async throws {
        let peer = try await RawPeer.listen { channel, _ in
            let head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
            channel.writeAndFlush(ByteBuffer(string: head), promise: nil)
        }
        let client = try HTTPClient()
        let reader = Reader()
        try client.stream(
            HTTPRequest(target: "http://127.0.0.1:\(peer.port)/"),
            timeouts: HTTPStream.Timeouts(firstByte: .seconds(2), betweenBytes: .seconds(50))
        ) { reader.receive($0) }
        let failure = await reader.failure
        #expect(reader.status == 200)
        #expect(failure?.code == .timedOut)
        #expect(failure?.message == "127.0.0.1:\(peer.port) began its answer, but sent nothing of it within 2.0 s.")
        try await peer.close()
    }

    @Test(
        "A connection that is dropped in the middle of a body is an error, chunked or of a length that was named",
        arguments: [false, true])
    func abort(hasLength: Bool) async throws {
        let (server, url) = try await serve { request in
            .streaming(headers: hasLength ? ["Content-Length": "100"] : [:]) { body in
                try await body.write("half")
                if request.path == "/throw" { throw TestFailure("enough") }
                body.abort()
            }
        }
        let client = try HTTPClient()
        for path in ["/abort", "/throw"] {
            let reader = Reader()
            try client.stream(HTTPRequest(target: url + path)) { reader.receive($0) }
            #expect(await reader.failure?.code == .connectionLost)
            #expect(reader.body == Array("half".utf8))
        }
        await server.shutdown()
    }

    @Test("A head of 10,000 bytes is read whole, one of 100,000 and a body above the limit are refused")
    func limits() async throws {
        let (server, url) = try await serve { request in
            let size = request.query("size").flatMap { Int($0) } ?? 0
            return .streaming(headers: ["X-Long": String(repeating: "x", count: size)]) { body in
                try await body.write([UInt8](repeating: 1, count: 2_000))
            }
        }
        let client = try HTTPClient()
        func read(size: Int, maximumBodyBytes: Int) async throws -> (Reader, NetError?) {
            let reader = Reader()
            try client.stream(
                HTTPRequest(target: url + "/?size=\(size)"), maximumBodyBytes: maximumBodyBytes
            ) { reader.receive($0) }
            return (reader, await reader.failure)
        }
        let (long, failure) = try await read(size: 10_000, maximumBodyBytes: 2_000)
        #expect(failure == nil)
        #expect(long.headers["X-Long"]?.utf8.count == 10_000)
        #expect(long.body.count == 2_000)
        #expect(try await read(size: 100_000, maximumBodyBytes: 2_000).1?.code == .messageTooLarge)
        #expect(try await read(size: 10, maximumBodyBytes: 1_999).1?.code == .messageTooLarge)
        await server.shutdown()
    }

    @Test("A producer waits for a client that reads slowly (back-pressure), and learns when it goes")
    func backPressure() async throws {
        let written = Mutex(0)
        let end = Recorder<NetError?>()
        let (server, url) = try await serve { request in
            if request.path == "/else" { return .text("") }
            return .streaming { body in
                do throws(NetError) {
                    for _ in 0..<10_000 {
                        try await body.write([UInt8](repeating: 0, count: 100_000))
                        written.withLock { $0 += 100_000 }
                    }
                    end.record(nil)
                } catch {
                    end.record(error)
                }
            }
        }
        let client = try HTTPClient()
        let release = DispatchSemaphore(value: 0)
        let reader = Reader()
        let stream = try client.stream(HTTPRequest(target: url), maximumBodyBytes: .max) { event in
            reader.receive(event)
            // A reader that does not read: the kernel's buffers fill up.
            release.wait()
            release.signal()
        }
        _ = await reader.events.first(1)
        // Whole round trips through the server without a byte: it has written all that the kernel takes.
        var standing = 0
        var before = -1
        let other = try HTTPClient()
        while standing < 20 {
            #expect(try await other.send(HTTPRequest(target: url + "/else")).status == 200)
            let now = written.withLock { $0 }
            standing = now == before ? standing + 1 : 0
            before = now
        }
        // Two socket buffers, as large as Linux lets them grow by itself.
        #expect(before < 16_000_000)
        stream.cancel()
        release.signal()
        #expect(await end.first(1).first??.code == .connectionLost)
        await server.shutdown()
    }

    @Test("HTTP/1.0 gets a body without chunks, ended by the connection's end (RFC 9112 §6.3)")
    func oldClient() async throws {
        let (server, _) = try await serve { _ in
            .streaming { body in
                try await body.write("one ")
                try await body.write("two")
            }
        }
        let answer = try await RawPeer.exchange(
            port: server.port, Array("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".utf8))
        let text = String(decoding: answer, as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.0 200 OK\r\n"))
        #expect(text.hasSuffix("\r\n\r\none two"))
        #expect(!text.lowercased().contains("chunked"))
        await server.shutdown()
    }

    @Test("A streamed response whose header would split it is not sent")
    func responseSplitting() async throws {
        let (server, url) = try await serve { _ in .streaming(headers: ["X": "a\r\nB: c"]) { _ in } }
        #expect(try await HTTPClient().send(HTTPRequest(target: url)).status == 500)
        await server.shutdown()
    }

    @Test("No server and no URL are the last event; a header with a line end is thrown")
    func failures() async throws {
        let (server, url) = try await serve { _ in .text("") }
        await server.shutdown()
        let client = try HTTPClient()
        for (target, code) in [(url, NetError.Code.connectionRefused), ("ftp://127.0.0.1/", .invalidArgument)] {
            let reader = Reader()
            try client.stream(HTTPRequest(target: target)) { reader.receive($0) }
            #expect(await reader.failure?.code == code)
        }
        #expect(throws: NetError.self) {
            try client.stream(HTTPRequest(target: url, headers: ["X": "a\nb"])) { _ in }
        }
        #expect(client.counts.openTransfers == 0)
    }
}

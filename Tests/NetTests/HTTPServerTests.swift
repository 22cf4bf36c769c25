import Net
import SansIO
import Testing

@Suite("HTTPServer", .timeLimit(.minutes(1)))
struct HTTPServerTests {
    private func start(_ change: (inout HTTPServer.Options) -> Void = { _ in }) async throws -> HTTPServer {
        var options = HTTPServer.Options()
        change(&options)
        return try await HTTPServer.start(host: "127.0.0.1", port: 0, options: options, logger: quiet) { request in
            HTTPResponse(
                status: request.path == "/missing" ? 404 : 200,
                headers: ["X-Method": request.method, "X-Query": request.query("name") ?? "-"], body: request.body)
        }
    }

    private func statusLines(_ answer: [UInt8]) -> [String] {
        String(decoding: answer, as: UTF8.self).split(separator: "\r\n").map(String.init).filter {
            $0.hasPrefix("HTTP/1.1 ")
        }
    }

    @Test("Several requests go over one connection, pipelined too (RFC 9112 §9.3)")
    func keepAlive() async throws {
        let server = try await start()
        let get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
        let last = "POST /missing HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi"
        let answer = try await RawPeer.exchange(port: server.port, Array((get + get + last).utf8))
        #expect(statusLines(answer) == ["HTTP/1.1 200 OK", "HTTP/1.1 200 OK", "HTTP/1.1 404 Not Found"])
        #expect(answer.suffix(2) == Array("hi".utf8)[...])
        await server.shutdown()
    }

    @Test("HEAD is answered without body, HTTP/1.0 closes by itself")
    func head() async throws {
        let server = try await start()
        let answer = try await RawPeer.exchange(port: server.port, Array("HEAD / HTTP/1.0\r\n\r\n".utf8))
        #expect(statusLines(answer).first?.hasSuffix("200 OK") == true)
        #expect(answer.suffix(4) == Array("\r\n\r\n".utf8)[...])
        await server.shutdown()
    }

    @Test("A body above the limit is 413, announced or chunked; a large head is 431")
    func limits() async throws {
        let server = try await start {
            $0.maximumBodyBytes = 10
            $0.maximumHeaderBytes = 1000
        }
        let announced = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n"
        #expect(
            statusLines(try await RawPeer.exchange(port: server.port, Array(announced.utf8)))
                == ["HTTP/1.1 413 Payload Too Large"])
        let chunked = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n"
        #expect(
            statusLines(try await RawPeer.exchange(port: server.port, Array(chunked.utf8)))
                == ["HTTP/1.1 413 Payload Too Large"])
        let head = "GET / HTTP/1.1\r\nHost: x\r\nX: \(String(repeating: "y", count: 1000))\r\n\r\n"
        #expect(
            statusLines(try await RawPeer.exchange(port: server.port, Array(head.utf8)))
                == ["HTTP/1.1 431 Request Header Fields Too Large"])
        await server.shutdown()
    }

    @Test("Garbage is answered with 400 and the connection is closed", arguments: 0..<10 as Range<UInt64>)
    func garbage(seed: UInt64) async throws {
        let server = try await start()
        var random = SeededRandom(seed: seed)
        let noise = (0..<500).map { _ in UInt8.random(in: 128...255, using: &random) }
        let answer = try await RawPeer.exchange(port: server.port, noise)
        #expect(statusLines(answer) == ["HTTP/1.1 400 Bad Request"])
        await server.shutdown()
    }

    @Test("A client that sends its head slowly is closed, one that sends its body slowly gets 408")
    func slowClients() async throws {
        let impatient = try await start { $0.idleTimeout = .milliseconds(60) }
        #expect(try await RawPeer.exchange(port: impatient.port, Array("GET / HT".utf8)) == [])
        await impatient.shutdown()
        let server = try await start { $0.bodyTimeout = .milliseconds(60) }
        let body = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab"
        #expect(
            statusLines(try await RawPeer.exchange(port: server.port, Array(body.utf8)))
                == ["HTTP/1.1 408 Request Timeout"])
        await server.shutdown()
    }

    @Test("Expect: 100-continue is answered before the body (RFC 9110 §10.1.1)")
    func expect100() async throws {
        let server = try await start()
        let request =
            "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 1\r\n\r\n"
        let answer = try await RawPeer.exchange(port: server.port, Array(request.utf8), Array("z".utf8))
        #expect(statusLines(answer) == ["HTTP/1.1 100 Continue", "HTTP/1.1 200 OK"])
        await server.shutdown()
    }

    @Test("A header that would split the response is not sent")
    func responseSplitting() async throws {
        let server = try await HTTPServer.start(host: "127.0.0.1", port: 0, logger: quiet) { _ in
            HTTPResponse(status: 200, headers: ["X": "a\r\nSet-Cookie: b"])
        }
        let answer = try await RawPeer.exchange(
            port: server.port, Array("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".utf8))
        #expect(statusLines(answer) == ["HTTP/1.1 500 Internal Server Error"])
        #expect(!String(decoding: answer, as: UTF8.self).contains("Set-Cookie"))
        await server.shutdown()
    }

    @Test("A port in use is refused with a sentence that says what to do")
    func portInUse() async throws {
        let first = try await start()
        let error = await netError { () async throws(NetError) in
            _ = try await HTTPServer.start(host: "127.0.0.1", port: first.port, logger: quiet) { _ in .text("") }
        }
        #expect(error?.code == .addressInUse)
        #expect(error?.message.contains("127.0.0.1:\(first.port)") == true)
        await first.shutdown()
        let again = try await HTTPServer.start(host: "127.0.0.1", port: first.port, logger: quiet) { _ in .text("") }
        await again.shutdown()
    }

    @Test("Shutdown lets a running request end, and cuts what outlasts the grace")
    func drain() async throws {
        let entered = Recorder<Void>()
        let release = Recorder<Void>()
        func start() async throws -> HTTPServer {
            try await HTTPServer.start(host: "127.0.0.1", port: 0, logger: quiet) { request in
                entered.record(())
                _ = await release.first(request.path == "/stuck" ? 2 : 1)
                return .text("done")
            }
        }
        let stuck = try await start()
        async let cut = RawPeer.exchange(port: stuck.port, Array("GET /stuck HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
        _ = await entered.first(1)
        await stuck.shutdown(grace: .milliseconds(20))
        #expect(try await cut == [])

        let patient = try await start()
        async let answer = RawPeer.exchange(port: patient.port, Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
        _ = await entered.first(2)
        async let gone: Void = patient.shutdown(grace: .seconds(50))
        release.record(())
        await gone
        #expect(String(decoding: try await answer, as: UTF8.self).hasSuffix("done"))
        release.record(())
    }
}

import Net
import Testing

@Suite("HTTPClient", .timeLimit(.minutes(1)))
struct HTTPClientTests {
    private func mirror(_ change: (inout HTTPServer.Options) -> Void = { _ in }) async throws -> HTTPServer {
        var options = HTTPServer.Options()
        change(&options)
        return try await HTTPServer.start(host: "127.0.0.1", port: 0, options: options, logger: quiet) { request in
            var lines = ["\(request.method) \(request.target)"]
            lines += request.headers.fields.map { "\($0.name): \($0.value)" }
            return HTTPResponse(
                status: request.path == "/busy" ? 503 : 200, headers: ["X-Twice": "a", "x-twice": "b"],
                body: Array(lines.joined(separator: "\n").utf8) + [0x0A] + request.body)
        }
    }

    @Test("Method, target, headers and body arrive; status, headers and body come back")
    func roundTrip() async throws {
        let server = try await mirror()
        let client = try HTTPClient()
        let url = "http://127.0.0.1:\(server.port)"
        let post = try await client.send(
            HTTPRequest(
                method: "POST", target: url + "/a?b=c",
                headers: ["Authorization": "Bearer t", "Content-Type": "application/json", "X-Empty": ""],
                body: Array("{\"k\":1}\0".utf8)))
        #expect(post.status == 200)
        #expect(post.headers.values("X-Twice") == ["a", "b"])
        let lines = String(decoding: post.body, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.first == "POST /a?b=c")
        #expect(lines.contains("Authorization: Bearer t"))
        #expect(lines.contains("Content-Type: application/json"))
        #expect(lines.contains { $0.hasPrefix("X-Empty:") })
        #expect(!lines.contains { $0.hasPrefix("Expect") })
        #expect(lines.last == "{\"k\":1}\0")
        for method in ["GET", "DELETE", "PUT", "PATCH"] {
            let response = try await client.send(HTTPRequest(method: method, target: url + "/busy"))
            #expect(response.status == 503)
            #expect(String(decoding: response.body, as: UTF8.self).hasPrefix("\(method) /busy\n"))
        }
        let head = try await client.send(HTTPRequest(method: "HEAD", target: url))
        #expect(head.body.isEmpty)
        await server.shutdown()
    }

    @Test("Many requests at once on one client")
    func concurrent() async throws {
        let server = try await mirror()
        let client = try HTTPClient()
        let bodies = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<50 {
                group.addTask {
                    let url = "http://127.0.0.1:\(server.port)/\(number)"
                    return String(decoding: try await client.send(HTTPRequest(target: url)).body, as: UTF8.self)
                }
            }
            return try await group.reduce(into: Set<String>()) { $0.insert(String($1.prefix { $0 != "\n" })) }
        }
        #expect(bodies == Set((0..<50).map { "GET /\($0)" }))
        await server.shutdown()
    }

    @Test("TLS: trusted with the named CA, refused without")
    func tls() async throws {
        let certificates = try TestCertificates()
        defer { certificates.remove() }
        let server = try await mirror { $0.tls = (certificates.certificateFile, certificates.keyFile) }
        var options = HTTPClient.Options()
        options.trustedCertificatesFile = certificates.authorityFile
        let request = HTTPRequest(target: "https://localhost:\(server.port)/")
        #expect(try await HTTPClient(options: options).send(request).status == 200)
        let error = await netError { () async throws(NetError) in _ = try await HTTPClient().send(request) }
        #expect(error?.code == .tls)
        await server.shutdown()
    }

    @Test("No server, no such host, no URL, a header with a line end: each has its own error")
    func failures() async throws {
        let server = try await mirror()
        await server.shutdown()
        let client = try HTTPClient()
        func code(_ target: String, _ headers: HTTPFields = [:]) async -> NetError.Code? {
            await netError { () async throws(NetError) in
                _ = try await client.send(HTTPRequest(target: target, headers: headers))
            }?.code
        }
        #expect(await code("http://127.0.0.1:\(server.port)/") == .connectionRefused)
        #expect(await code("ftp://127.0.0.1/") == .invalidArgument)
        #expect(await code("http://127.0.0.1:99999/") == .invalidArgument)
        #expect(await code("http://127.0.0.1/", ["X": "a\r\nY: b"]) == .invalidArgument)
        #expect(await code("http://no-such-host.invalid/") == .hostNotFound)
    }

    @Test("Slow and large responses are given up; cancelling aborts; dropping the client is harmless")
    func limits() async throws {
        let entered = Recorder<Void>()
        let never = Recorder<Void>()
        let server = try await HTTPServer.start(host: "127.0.0.1", port: 0, logger: quiet) { request in
            if request.path == "/large" { return HTTPResponse(status: 200, body: Array(repeating: 0, count: 2000)) }
            if request.path == "/patient" { entered.record(()) }
            _ = await never.first(1)
            return .text("late")
        }
        var options = HTTPClient.Options()
        options.maximumBodyBytes = 1000
        let base = "http://127.0.0.1:\(server.port)"
        let client = try HTTPClient(options: options)
        options.timeout = .milliseconds(100)
        let hasty = try HTTPClient(options: options)
        let large = await netError { () async throws(NetError) in
            _ = try await client.send(HTTPRequest(target: base + "/large"))
        }
        #expect(large?.code == .messageTooLarge)
        let slow = await netError { () async throws(NetError) in
            _ = try await hasty.send(HTTPRequest(target: base + "/slow?key=secret"))
        }
        #expect(slow?.code == .timedOut)
        #expect(slow?.message.contains("secret") == false)
        let patient = try HTTPClient()
        let task = Task {
            await netError { () async throws(NetError) in
                _ = try await patient.send(HTTPRequest(target: base + "/patient"))
            }
        }
        _ = await entered.first(1)
        task.cancel()
        #expect(await task.value?.code == .cancelled)
        never.record(())
        await server.shutdown(grace: .zero)
    }
}

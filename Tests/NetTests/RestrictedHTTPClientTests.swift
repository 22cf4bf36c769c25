import NIOCore
import Net
import Testing

@Suite("RestrictedHTTPClient", .timeLimit(.minutes(1)))
struct RestrictedHTTPClientTests {
    /// Answers with its request; `/to?URL` redirects with the status of `/to/STATUS?URL`.
    private func server() async throws -> HTTPServer {
        try await HTTPServer.start(host: "127.0.0.1", port: 0, logger: quiet) { request in
            if request.path.hasPrefix("/to"), let mark = request.target.firstIndex(of: "?") {
                let status = Int(request.path.dropFirst(4)) ?? 302
                let location = String(request.target[request.target.index(after: mark)...])
                return HTTPResponse(status: status, headers: ["Location": location])
            }
            if request.path == "/large" { return HTTPResponse(status: 200, body: Array(repeating: 0x61, count: 5_000)) }
            let names = request.headers.fields.map { "\($0.name.lowercased())=\($0.value)" }
            let line = "\(request.method) \(request.target) \(names.joined(separator: " ")) "
            return HTTPResponse(status: request.path == "/missing" ? 404 : 200, body: Array(line.utf8) + request.body)
        }
    }

    private func client(_ allowed: String, _ change: (inout RestrictedHTTPClient.Options) -> Void = { _ in }) throws
        -> RestrictedHTTPClient
    {
        var options = RestrictedHTTPClient.Options()
        options.allowed = try HTTPAllowList(parsing: allowed)
        options.remedy = "set THE_LIST"
        change(&options)
        return try RestrictedHTTPClient(options: options)
    }

    private func text(_ response: HTTPResponse) -> String { String(decoding: response.body, as: UTF8.self) }

    private func error(_ client: RestrictedHTTPClient, _ request: HTTPRequest) async -> NetError? {
        await netError { () async throws(NetError) in _ = try await client.send(request, timeout: .seconds(10)) }
    }

    @Test("An allowed host is reached by address and by the name localhost")
    func allowed() async throws {
        let server = try await server()
        let port = server.port
        for host in ["127.0.0.1", "localhost", "LOCALHOST.", "0x7f.1"] {
            let client = try client("localhost:\(port),127.0.0.1:\(port)")
            let response = try await client.send(
                HTTPRequest(target: "http://\(host):\(port)/missing?a=b"), timeout: .seconds(10))
            #expect(response.status == 404)
            #expect(text(response).hasPrefix("GET /missing?a=b "))
        }
        await server.shutdown()
    }

    @Test("Nothing is allowed by default; the message says what to change and repeats no query")
    func nothing() async throws {
        let error = await error(
            try client(""), HTTPRequest(target: "https://api.example.com/x?key=hunter2", headers: ["X": "hunter3"]))
        #expect(error?.code == .notAllowed)
        #expect(
            error?.message
                == "https://api.example.com is not among the hosts that the operator allows (set THE_LIST).")
    }

    @Test("A name that is allowed and has a private address is not reached, unless the address is named too")
    func rebinding() async throws {
        let server = try await server()
        let port = server.port
        let request = HTTPRequest(target: "http://evil.localhost:\(port)/")
        for list in [
            "evil.localhost:\(port)", "*:*", "*.localhost:\(port)", "evil.localhost:\(port),localhost:\(port)",
        ] {
            let error = await error(try client(list), request)
            #expect(error?.code == .notAllowed, "\(list)")
            #expect(error?.message.contains("which is not public") == true)
        }
        let both = try client("evil.localhost:\(port),127.0.0.0/8:\(port)")
        #expect(try await both.send(request, timeout: .seconds(10)).status == 200)
        await server.shutdown()
    }

    @Test("Redirects are followed to allowed hosts alone, and to http and https alone")
    func redirects() async throws {
        let server = try await server()
        let port = server.port
        let here = "http://127.0.0.1:\(port)"
        let client = try client("127.0.0.1:\(port),localhost:\(port)")
        func follow(_ target: String, _ method: String = "GET") async throws -> String {
            text(
                try await client.send(
                    HTTPRequest(
                        method: method, target: here + target,
                        headers: ["Authorization": "t", "Cookie": "c", "X-A": "a", "Content-Type": "b"],
                        body: method == "GET" ? [] : [0x62]), timeout: .seconds(10)))
        }
        let same = try await follow("/to?/x")
        #expect(same.hasPrefix("GET /x ") && same.contains("authorization=t") && same.contains("cookie=c"))
        let other = try await follow("/to?http://localhost:\(port)/x")
        #expect(other.contains("x-a=a"))
        #expect(!other.contains("authorization") && !other.contains("cookie"))
        let posted = try await follow("/to/302?/x", "POST")
        #expect(posted.hasPrefix("GET /x ") && !posted.contains("content-type") && !posted.hasSuffix(" b"))
        let kept = try await follow("/to/307?/x", "POST")
        #expect(kept.hasPrefix("POST /x ") && kept.hasSuffix(" b"))
        #expect(try await follow("/to/303?/x", "PUT").hasPrefix("GET /x "))
        for target in [
            "http://127.0.0.1:1/", "http://evil.example/", "http://127.0.0.2:\(port)/", "https://127.0.0.1:\(port)1/",
            "http://[::1]:\(port)/", "//evil.example/",
        ] {
            let error = await error(client, HTTPRequest(target: here + "/to?" + target))
            #expect(error?.code == .notAllowed || error?.code == .invalidArgument, "\(target)")
        }
        for target in [
            "file:///etc/passwd", "ftp://127.0.0.1/", "http://u:p@127.0.0.1:\(port)/", "http://127.0.0.1:\(port)\\x",
        ] {
            #expect(
                await error(client, HTTPRequest(target: here + "/to?" + target))?.code == .invalidArgument, "\(target)")
        }
        #expect(try await follow("/to?/to?/to?/to?/to?/x").hasPrefix("GET /x "))
        let six = HTTPRequest(target: here + "/to?/to?/to?/to?/to?/to?/x")
        #expect(await error(client, six)?.code == .protocolViolation)
        await server.shutdown()
    }

    @Test("Redirects in a circle end")
    func circle() async throws {
        let listener = try await RawPeer.listen { channel, _ in
            let answer = "HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n"
            channel.writeAndFlush(ByteBuffer(string: answer), promise: nil)
        }
        let error = await error(
            try client("127.0.0.1:\(listener.port)"), HTTPRequest(target: "http://127.0.0.1:\(listener.port)/"))
        #expect(error?.code == .protocolViolation)
        #expect(error?.message.contains("redirects more than 5 times") == true)
        try await listener.close()
    }

    @Test(
        "Fields that frame the message are refused, and so are line ends and too many of them",
        arguments: [
            "Host", "content-length", "Transfer-Encoding", "Connection", "Expect", "TE", "Trailer", "Upgrade",
            "Proxy-Authorization", "Keep-Alive", "X: y\r\nZ", "X Y", "", "X\u{0}",
        ])
    func fields(name: String) async throws {
        let client = try client("127.0.0.1:*")
        let request = HTTPRequest(target: "http://127.0.0.1:1/", headers: [name: "1"])
        #expect(await error(client, request)?.code == .invalidArgument)
        let value = HTTPRequest(target: "http://127.0.0.1:1/", headers: ["X": "a\r\n\r\nGET /evil HTTP/1.1"])
        #expect(await error(client, value)?.code == .invalidArgument)
        var many = HTTPFields()
        for number in 0..<65 { many.append(name: "X-\(number)", value: "") }
        #expect(
            await error(client, HTTPRequest(target: "http://127.0.0.1:1/", headers: many))?.code == .messageTooLarge)
        let long: HTTPFields = ["X": String(repeating: "a", count: 20_000)]
        #expect(
            await error(client, HTTPRequest(target: "http://127.0.0.1:1/", headers: long))?.code == .messageTooLarge)
    }

    @Test("Requests and responses are bounded, a response while it arrives")
    func sizes() async throws {
        let server = try await server()
        let base = "http://127.0.0.1:\(server.port)"
        let client = try client("127.0.0.1:\(server.port)") {
            $0.maximumRequestBytes = 10
            $0.maximumResponseBytes = 4_999
        }
        #expect(await error(client, HTTPRequest(target: base + "/large"))?.code == .messageTooLarge)
        let larger = try await client.send(
            HTTPRequest(target: base + "/large"), timeout: .seconds(10), maximumResponseBytes: 5_000)
        #expect(larger.body.count == 5_000)
        let body = HTTPRequest(method: "POST", target: base, body: Array(repeating: 0, count: 11))
        #expect(await error(client, body)?.code == .messageTooLarge)
        await server.shutdown()
        let endless = try await RawPeer.listen { channel, _ in
            let head = "HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 90_000) + "\r\n"
            channel.writeAndFlush(ByteBuffer(string: head), promise: nil)
        }
        let restricted = try self.client("127.0.0.1:\(endless.port)")
        #expect(
            await error(restricted, HTTPRequest(target: "http://127.0.0.1:\(endless.port)/"))?.code == .messageTooLarge)
        try await endless.close()
    }

    @Test("The time-out counts for all redirects together; cancelling aborts")
    func timeout() async throws {
        let silent = try await RawPeer.listen { _, _ in }
        let target = "http://127.0.0.1:\(silent.port)/"
        let client = try client("127.0.0.1:\(silent.port)")
        let slow = await netError { () async throws(NetError) in
            _ = try await client.send(HTTPRequest(target: target), timeout: .milliseconds(100))
        }
        #expect(slow?.code == .timedOut)
        let task = Task { await error(client, HTTPRequest(target: target)) }
        task.cancel()
        #expect(await task.value?.code == .cancelled)
        try await silent.close()
    }
}

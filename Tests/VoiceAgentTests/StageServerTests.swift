import Conversation
import Net
import SansIO
import Testing
import VoiceAgent

@Suite("What servers' refusals mean")
struct StageServerTests {
    private let server = StageServer(stage: .tts, name: "api.example.com", apiKey: Secret("top-secret-key"))
    private let now: Int64 = 784_111_777

    private func failure(
        _ status: Int, _ headers: HTTPFields = [:], code: String = "", message: String = "Words."
    ) -> StageFailure {
        let body: JSON = ["error": ["message": .string(message), "type": "t", "param": nil, "code": .string(code)]]
        return server.failure(status: status, headers: headers, body: body.bytes, now: now)
    }

    @Test(
        "Keys, quotas, models and addresses are for somebody to mend; busy servers are tried again; bad requests are not",
        arguments: [
            (401, "invalid_api_key", StageFailure.Severity.fatal), (403, "", .fatal), (404, "model_not_found", .fatal),
            (402, "", .fatal), (429, "insufficient_quota", .fatal), (400, "invalid_api_key", .fatal), (302, "", .fatal),
            (408, "", .retryable), (409, "", .retryable), (429, "rate_limit_exceeded", .retryable),
            (500, "", .retryable),
            (503, "", .retryable), (529, "", .retryable), (400, "", .refused), (413, "", .refused), (422, "", .refused),
        ])
    func severity(status: Int, code: String, expected: StageFailure.Severity) {
        let failure = failure(status, code: code)
        #expect(failure.severity == expected)
        #expect(failure.stage == .tts)
        #expect(failure.message.hasPrefix("api.example.com refused speech (\(status)"))
        #expect(failure.message.contains("Words); "))
        #expect(failure.message.hasSuffix("."))
    }

    @Test("x-should-retry overrides the status, but not the quota")
    func shouldRetry() {
        #expect(failure(500, ["x-should-retry": "false"]).severity == .refused)
        #expect(failure(400, ["x-should-retry": "true"]).severity == .retryable)
        #expect(failure(429, ["x-should-retry": "true"], code: "insufficient_quota").severity == .fatal)
    }

    @Test(
        "Retry-After in seconds and as a date, retry-after-ms before it (RFC 9110 §10.2.3)",
        arguments: [
            ("Retry-After", "7", Duration.seconds(7)), ("Retry-After", "1.5", .milliseconds(1_500)),
            ("Retry-After", "Sun, 06 Nov 1994 08:49:57 GMT", .seconds(20)),
            ("Retry-After", "Sun, 06 Nov 1994 08:49:00 GMT", .zero), ("Retry-After", "99999", .seconds(120)),
            ("retry-after-ms", "250", .milliseconds(250)), ("Retry-After", "-3", .zero), ("Retry-After", "soon", nil),
            ("Retry-After", "Sunday, 06-Nov-94 08:49:37 GMT", nil), ("Retry-After", "nan", nil), ("X", "7", nil),
        ] as [(String, String, Duration?)])
    func retryAfter(name: String, value: String, expected: Duration?) {
        var headers: HTTPFields = [:]
        headers[name] = value
        #expect(failure(429, headers).retryAfter == expected)
        if name == "retry-after-ms" {
            headers["Retry-After"] = "9"
            #expect(failure(429, headers).retryAfter == expected)
        }
    }

    @Test("A failure that is not tried again names no pause")
    func noPause() {
        #expect(failure(401, ["Retry-After": "7"]).retryAfter == nil)
    }

    @Test("No message holds a key, a line end or a proxy's page; long ones are cut")
    func quotation() {
        let shown = failure(401, message: "Incorrect API key: top-secret-key, or sk-abc,\r\nsee http://x.").message
        #expect(!shown.contains("top-secret-key"))
        #expect(!shown.contains("sk-abc"))
        #expect(!shown.contains("\n"))
        #expect(failure(500, message: String(repeating: "long ", count: 500)).message.count < 400)
        let page = server.failure(status: 502, headers: [:], body: Array(text: "<html>Bad</html>"), now: now)
        #expect(page.message == "api.example.com refused speech (502); this usually passes.")
        let text = server.failure(status: 503, headers: [:], body: Array(text: "try later\n"), now: now)
        #expect(text.message == "api.example.com refused speech (503: try later); this usually passes.")
    }

    @Test("A connection that fails is tried again, one that cannot be is not")
    func connections() {
        #expect(server.failure(NetError(.connectionLost, "Gone.")).severity == .retryable)
        #expect(server.failure(NetError(.timedOut, "Slow.")).severity == .retryable)
        #expect(server.failure(NetError(.tls, "A bad certificate.")).severity == .fatal)
        #expect(server.failure(NetError(.tls, "Broken off.", isRetryable: true)).severity == .retryable)
        #expect(server.failure(NetError(.invalidArgument, "No URL.")).severity == .fatal)
        #expect(server.failure(NetError(.timedOut, "Slow.")).message == "Slow.")
    }

    @Test(
        "A server is named by its host, and its port where it has one; never by a user's name",
        arguments: [
            ("https://api.openai.com/v1", "api.openai.com"), ("http://127.0.0.1:8089/v1/", "127.0.0.1:8089"),
            ("http://user:pw@host/v1", "host"), ("", "The server"),
        ])
    func names(baseURL: String, expected: String) {
        #expect(StageEndpoint(baseURL: baseURL).server(.llm).name == expected)
    }
}

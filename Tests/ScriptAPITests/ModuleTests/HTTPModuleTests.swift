import Conversation
import SansIO
import ScriptAPI
import Testing

@Suite("require \"http\"") struct HTTPModuleTests {
    private func call(_ source: String) throws -> ServiceRequest.HTTPCall {
        guard case .http(let call) = try ModuleRun.request("return http.\(source)") else {
            throw ModuleRun.Unexpected(description: "no HTTP request")
        }
        return call
    }

    @Test("get, post and request become requests")
    func requests() throws {
        let get = try call("get('https://a.example/x')")
        #expect(get.method == "GET")
        #expect(get.url == "https://a.example/x")
        #expect(get.headers == [:])
        #expect(get.body == [])
        #expect(get.timeout == .seconds(10))
        let post = try call(
            "post('https://a.example/x', { body = 'a\\xff\\0b', headers = { ['X-N'] = 5 }, timeout = 0.5 })")
        #expect(post.method == "POST")
        #expect(post.body == [0x61, 0xFF, 0, 0x62])
        #expect(post.headers == ["X-N": "5"])
        #expect(post.timeout == .milliseconds(500))
        #expect(try call("request { url = 'x' }").method == "GET")
        #expect(try call("request { url = 'x', json = { 1 } }").method == "POST")
        #expect(try call("request { url = 'x', method = 'delete' }").method == "DELETE")
    }

    @Test("json becomes the body, with its type unless the script gives another")
    func json() throws {
        let post = try call("post('x', { json = { b = json.null, a = json.array {} } })")
        #expect(String(decoding: post.body, as: UTF8.self) == #"{"a":[],"b":null}"#)
        #expect(post.headers == ["Content-Type": "application/json"])
        let other = try call("post('x', { json = 1, headers = { ['content-type'] = 'application/x' } })")
        #expect(other.headers == ["content-type": "application/x"])
    }

    @Test("a query is percent-encoded, sorted, and goes before the fragment")
    func query() throws {
        let cases = [
            ("a", "a?b=1&c=x%20%26%20%C3%BC"), ("a?", "a?b=1&c=x%20%26%20%C3%BC"),
            ("a?z=1", "a?z=1&b=1&c=x%20%26%20%C3%BC"), ("a#f", "a?b=1&c=x%20%26%20%C3%BC"),
        ]
        for (url, expected) in cases {
            #expect(try call("get('\(url)', { query = { c = 'x & ü', b = 1 } })").url == expected)
        }
    }

    @Test("the answer is a table; a failure is nil, message and code")
    func answers() throws {
        let source = "local r, why, code = http.get('x') return r and r.status, r and r.json.n, why, code"
        let run = try ModuleRun(source)
        _ = try run.start()
        #expect(
            try run.harness.resume(nil, .value(["status": 404, "headers": [:], "body": "", "json": ["n": 1]]))
                == .returned([404, 1, .null, .null]))
        let failing = try ModuleRun(source)
        _ = try failing.start()
        #expect(
            try failing.harness.resume(nil, .failure(code: .notAllowed, message: "no"))
                == .returned([.null, .null, "no", "not_allowed"]))
    }

    @Test("wrong arguments are errors of the caller's line")
    func misuse() throws {
        let cases = [
            ("http.get()", "bad argument #1 to 'get' (string expected, got no value)"),
            ("http.get('x', { body = 'x' })", "unknown field 'body'"),
            ("http.get('x', { timeout = 61 })", "field 'timeout': seconds from 0.1 to 60 expected, got 61.0"),
            ("http.get('x', { timeout = 0/0 })", "field 'timeout'"),
            ("http.get('x', { headers = { 'x' } })", "field 'headers': a table with names expected, got a list"),
            ("http.get('x', { headers = { a = {} } })", "field 'headers': field 'a': text expected, got a table"),
            ("http.post('x', { body = 'x', json = 1 })", "'body' and 'json' exclude each other"),
            ("http.request {}", "field 'url': string expected, got nil"),
            ("http.request { url = 'x', method = 'CONNECT' }", "one of GET, HEAD, POST"),
            ("http.request { url = 'x', method = 'HEAD', body = 'x' }", "a HEAD request carries nothing"),
        ]
        for (source, expected) in cases {
            let message = try ModuleRun.error(source)
            #expect(message.contains(expected), "\(message)")
        }
    }
}

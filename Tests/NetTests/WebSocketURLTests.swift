import Testing

@testable import Net

@Suite("WebSocketURL")
struct WebSocketURLTests {
    @Test("Scheme, host, port and target are told apart (RFC 6455 §3)")
    func parts() throws {
        let plain = try WebSocketURL("ws://127.0.0.1:9000/v1/realtime?model=a b".replacing(" ", with: "%20"))
        #expect(!plain.isSecure)
        #expect(plain.host == "127.0.0.1")
        #expect(plain.port == 9000)
        #expect(plain.requestTarget == "/v1/realtime?model=a%20b")
        #expect(plain.hostField == "127.0.0.1:9000")
        #expect(plain.serverName == nil)
        let secure = try WebSocketURL("wss://api.openai.com")
        #expect(secure.isSecure)
        #expect(secure.port == 443)
        #expect(secure.requestTarget == "/")
        #expect(secure.hostField == "api.openai.com")
        #expect(secure.serverName == "api.openai.com")
        let query = try WebSocketURL("https://[::1]:8443?x=1")
        #expect(query.host == "::1")
        #expect(query.requestTarget == "/?x=1")
        #expect(query.hostField == "[::1]:8443")
        #expect(query.serverName == nil)
    }

    @Test(
        "Anything else is refused, and the query is not repeated in the message",
        arguments: [
            "", "ws:", "ftp://a", "ws://", "ws://:80", "ws://a:0", "ws://a:65536", "ws://a:x", "ws://[::1", "ws://u@a",
            "ws://[::1]x", "ws://a/\r\nX: y", "ws://a/#f", "wss://ä/", "ws://a b/?key=secret",
        ])
    func refused(text: String) {
        do throws(NetError) {
            _ = try WebSocketURL(text)
            Issue.record("accepted")
        } catch {
            #expect(error.code == .invalidArgument)
            #expect(!error.message.contains("secret"))
        }
    }
}

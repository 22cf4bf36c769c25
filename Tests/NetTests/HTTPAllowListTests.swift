import Net
import SansIO
import Testing

@Suite("HTTPAllowList")
struct HTTPAllowListTests {
    private func allows(_ list: String, _ url: String) throws -> Bool {
        try HTTPAllowList(parsing: list).allows(HTTPURL(url))
    }

    @Test(
        "What an entry allows",
        arguments: [
            ("api.example.com", "https://api.example.com/x?y=z"), ("api.example.com", "http://api.example.com"),
            ("api.example.com", "https://API.Example.COM/"), ("api.example.com", "https://api.example.com./"),
            ("api.example.com", "https://api.example.com:443/"), ("API.example.com.", "https://api.example.com/"),
            ("https://api.example.com", "https://api.example.com/"), ("*.example.org", "https://a.example.org/"),
            ("*.example.org", "https://a.b.example.org/"), ("*.example.org:8443", "https://a.example.org:8443/"),
            ("localhost:9000", "http://localhost:9000/"), ("a.example:*", "http://a.example:1/"),
            ("*", "https://any.example/"), ("127.0.0.1", "http://127.0.0.1/"), ("10.0.0.0/8", "http://10.9.8.7/"),
            ("[::1]:8080", "http://[::1]:8080/"), ("::1", "http://[0:0::1]/"),
            ("2001:db8::/32", "http://[2001:db8::7]/"),
            ("127.0.0.1", "http://[::ffff:127.0.0.1]/"), ("x.example, api.example.com", "https://api.example.com/"),
            ("127.0.0.1:9", "http://127.0.0.1:9/"), ("a_b.example", "http://a_b.example/"),
        ])
    func allowed(list: String, url: String) throws {
        #expect(try allows(list, url))
    }

    @Test(
        "What it does not",
        arguments: [
            ("", "https://api.example.com/"), ("api.example.com", "https://example.com/"),
            ("api.example.com", "https://evil.api.example.com/"),
            ("api.example.com", "https://api.example.com.evil.com/"),
            ("api.example.com", "https://evilapi.example.com/"), ("api.example.com", "https://api.example.com:8443/"),
            ("api.example.com", "http://api.example.com:443/"), ("api.example.com:8443", "https://api.example.com/"),
            ("https://api.example.com", "http://api.example.com/"), ("*.example.org", "https://example.org/"),
            ("*.example.org", "https://evilexample.org/"), ("*.example.org", "https://a.example.org.evil.com/"),
            ("*", "http://127.0.0.1/"), ("*", "http://8.8.8.8/"), ("*", "http://[::1]/"),
            ("localhost:9000", "http://127.0.0.1:9000/"), ("localhost", "http://localhost:8080/"),
            ("10.0.0.0/8", "http://11.0.0.1/"), ("8.8.8.8", "http://8.8.8.9/"), ("::1", "http://[::2]/"),
            ("api.example.com", "https://evil.com/api.example.com"),
            ("api.example.com", "https://evil.com?api.example.com"),
            ("api.example.com", "https://evil.com#api.example.com"),
        ])
    func refused(list: String, url: String) throws {
        #expect(try allows(list, url) == false)
    }

    @Test(
        "URLs that two parsers could read differently are no URLs",
        arguments: [
            "http://api.example.com@evil.com/", "http://user:secret@api.example.com/",
            "http://api.example.com:80@evil.com/",
            "http://evil.com\\@api.example.com/", "http://api.example.com\\.evil.com/", "http://api.example.com /",
            "http://api.example.com\t/", "http://api.example.com/\r\nHost: evil.com", "http://api.example.com/\u{0}",
            "http://bücher.example/", "http://api。example.com/", "http://api.example.com%00.evil.com/",
            "http://api.example.com%2f@evil.com", "http://a..b/", "http://.example.com/", "http:///x", "http://",
            "//a.b/x",
            "/x", "", "file:///etc/passwd", "ftp://api.example.com/", "gopher://api.example.com/", "data:text/plain,x",
            "javascript:alert(1)", "http://api.example.com:0/", "http://api.example.com:99999/",
            "http://api.example.com:8o/",
            "http://[::1", "http://[fe80::1%25eth0]/", "http://[::1]evil.com/", "http://1.2.3.4.5/", "http://1.2.3.0x/",
            "http://256.1.1.1/", "http://[v1.x]/", "http://-/\u{7F}", "http:\\\\evil.com", "http:/evil.com",
            "http:evil.com", "http:////evil.com", "evil.com", "evil.com:80/",
        ])
    func unusable(url: String) {
        #expect(throws: NetError.self, "\(url)") { try HTTPURL(url) }
    }

    @Test(
        "Old notations of addresses are the addresses that they mean, or nothing",
        arguments: [
            "http://0x7f.1/", "http://2130706433/", "http://0177.0.0.1/", "http://127.1/", "http://0x7f000001/",
            "http://127.0.0.1./", "http://%31%32%37.0.0.1/", "http://[::ffff:7f00:1]/",
            "http://[0:0:0:0:0:ffff:127.0.0.1]/",
        ])
    func oldAddresses(url: String) throws {
        do {
            let url = try HTTPURL(url)
            #expect(url.hostText == "127.0.0.1")
            #expect(try allows("*,localhost,127.0.0.2", url.description) == false)
            #expect(try allows("127.0.0.1", url.description))
        } catch let error as NetError {
            #expect(error.code == .invalidArgument)
        }
    }

    @Test("A URL is written in one way, without fragment, dots and escapes that say nothing")
    func canonical() throws {
        #expect(
            try HTTPURL("HTTPS://API.example.com:443/a/../b?q=%20#f").description == "https://api.example.com/b?q=%20")
        #expect(try HTTPURL("http://a.example").description == "http://a.example/")
        #expect(try HTTPURL("http://a.example?x").description == "http://a.example/?x")
        #expect(try HTTPURL("http://%61.example/%61").description == "http://a.example/%61")
        #expect(try HTTPURL("https://[0::1]:80/").description == "https://[::1]:80/")
    }

    @Test(
        "A reference is resolved against the URL (RFC 3986 §5)",
        arguments: [
            ("/c", "https://a.example/c"), ("c", "https://a.example/x/c"), ("../c", "https://a.example/c"),
            ("?q", "https://a.example/x/y?q"), ("//b.example/c", "https://b.example/c"),
            ("http://b.example:81", "http://b.example:81/"),
        ])
    func references(reference: String, expected: String) throws {
        #expect(try HTTPURL("https://a.example/x/y?z").resolving(reference).description == expected)
        #expect(throws: NetError.self) { try HTTPURL("https://a.example/").resolving("file:///etc/passwd") }
        #expect(throws: NetError.self) { try HTTPURL("https://a.example/").resolving("//x@b.example/") }
    }

    @Test(
        "Entries that are no hosts are named",
        arguments: [
            "http://", "a b@c", "exa mple.com:x", "*.*.example.com", "a*.example.com", "example.com:0",
            "example.com:70000",
            "10.0.0.0/33", "::1:x", "[::1", "::1]:80", "https://example.com/path", "1.2.3", "*.", "user@example.com",
            "[example.com]", "example..com", "ftp://example.com",
        ])
    func malformed(list: String) throws {
        do throws(NetError) {
            _ = try HTTPAllowList(parsing: list)
            Issue.record("\(list) was taken")
        } catch {
            #expect(error.code == .invalidArgument)
            #expect(error.message.contains("is no host to allow"))
        }
    }

    @Test("Names reach public addresses; private ones must be named too")
    func connections() throws {
        func reaches(_ list: String, _ url: String, _ address: String) throws -> Bool {
            try HTTPAllowList(parsing: list)
                .allowsConnection(to: #require(IPAddress(address)), for: HTTPURL(url))
        }
        #expect(try reaches("a.example", "https://a.example/", "8.8.8.8"))
        #expect(try reaches("a.example", "https://a.example/", "2a00:1450::1"))
        for address in [
            "127.0.0.1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "172.31.255.255", "169.254.169.254", "100.64.0.1",
            "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fd12::1", "ff02::1",
            "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a00:1", "2002:7f00:1::", "2001::1", "::7f00:1",
            "192.0.2.1", "198.18.0.1", "64:ff9b:1::1", "2001:db8::1", "fec0::1",
        ] {
            #expect(try !reaches("a.example,*", "https://a.example/", address), "\(address)")
            #expect(try !#require(IPAddress(address)).isPublic, "\(address)")
        }
        for address in ["172.32.0.1", "172.15.0.1", "100.128.0.1", "11.0.0.1", "64:ff9b::808:808", "2606:4700::1"] {
            #expect(try #require(IPAddress(address)).isPublic, "\(address)")
        }
        #expect(try reaches("a.example,10.0.0.0/8", "https://a.example/", "10.1.2.3"))
        #expect(try !reaches("a.example,10.0.0.0/8:8080", "https://a.example/", "10.1.2.3"))
        #expect(try !reaches("a.example,10.0.0.0/8", "https://a.example/", "192.168.0.1"))
        #expect(try reaches("localhost:9000", "http://localhost:9000/", "127.0.0.1"))
        #expect(try reaches("localhost:9000", "http://localhost:9000/", "::1"))
        #expect(try !reaches("localhost:9000", "http://localhost:9000/", "10.0.0.1"))
        #expect(try !reaches("localhost:9000,a.example:9000", "http://a.example:9000/", "127.0.0.1"))
        #expect(try !reaches("*:*", "http://localhost:9000/", "127.0.0.1"))
    }

    @Test("No URL and no list traps, and what is allowed names the host")
    func mutations() throws {
        var random = SeededRandom(seed: 5)
        let list = try HTTPAllowList(parsing: "api.example.com")
        let seeds = [
            "https://api.example.com/a?b#c", "http://user@api.example.com:80", "https://[::1]:8/x", "http://127.1",
        ]
        let alphabet = Array(":/@[]%.#?\\&=api0x\t\r\n \u{0}é。-_*".unicodeScalars)
        var parsed = 0
        for round in 0..<20_000 {
            var text = Array(seeds[round % seeds.count].unicodeScalars)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<text.count, using: &random)
                let scalar = alphabet.randomElement(using: &random) ?? "x"
                switch Int.random(in: 0..<3, using: &random) {
                case 0 where text.count > 1: text.remove(at: index)
                case 1: text.insert(scalar, at: index)
                default: text[index] = scalar
                }
            }
            let string = String(String.UnicodeScalarView(text))
            do throws(NetError) {
                _ = try HTTPAllowList(parsing: string)
            } catch {
                #expect(error.code == .invalidArgument)
            }
            do throws(NetError) {
                let url = try HTTPURL(string)
                parsed += 1
                if list.allows(url) { #expect(url.origin.hasSuffix("://api.example.com"), "\(string)") }
                let again = try HTTPURL(url.description)
                #expect(again == url, "\(string)")
            } catch {
                #expect(error.code == .invalidArgument)
            }
        }
        #expect(parsed > 1_000)
    }
}

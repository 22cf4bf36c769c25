import SIP
import Testing

/// What RFC 4475 says about the content of messages, beyond whether they are parsed.
@Suite("Meaning of torture messages", .enabled(if: TortureCorpus.folder != nil, "shared/data/rfc4475 is not here"))
struct TortureMeaningTests {
    private func request(_ name: String) throws -> Request {
        try #require(try Message(parsing: TortureCorpus.message(name)).request)
    }

    private func response(_ name: String) throws -> Response {
        try #require(try Message(parsing: TortureCorpus.message(name)).response)
    }

    @Test("wsinv: white space and folding are allowed wherever the grammar has LWS (§3.1.1.1)")
    func shortTortuousInvite() throws {
        let request = try request("wsinv.dat")
        #expect(request.to.tag == "1918181833n")
        #expect(request.from.displayName == #"J Rosenberg \""#)
        #expect(request.from.tag == "98asjd8")
        #expect(request.maxForwards == 68)
        #expect(request.cseq == CSeq(number: 9, method: .invite))
        #expect(request.vias.map(\.transport) == ["UDP", "TCP", "UDP"])
        #expect(request.vias.map(\.branch) == ["390skdjuw", "z9hG4bK9ikj8", "z9hG4bK30239"])
        #expect(request.headers[.subject] == "")
        #expect(request.headers["newfangledheader"] == "newfangled value continued newfangled value")
        #expect(request.route.first?.uri.sip?.isLooseRouter == true)
        #expect(request.contact?.displayName == #"Quoted string """#)
        #expect(request.contact?.parameters["newparam"] == "newvalue")
        #expect(request.contact?.parameters.contains("secondparam") == true)
        #expect(request.contact?.quality == 0.33)
        #expect(request.contentLength == 150)
    }

    @Test("intmeth: every character that a token, a word and a user part may hold is kept (§3.1.1.2)")
    func wideRangeOfCharacters() throws {
        let request = try request("intmeth.dat")
        #expect(request.method.rawValue == "!interesting-Method0123456789_*+`.%indeed'~")
        #expect(request.uri.sip?.user == "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*")
        #expect(request.uri.sip?.password == "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)")
        #expect(request.to.displayName == "BEL:\u{07} NUL:\u{00} DEL:\u{7F}")
        #expect(request.from.displayName == "token1~` token2'+_ token3*%!.-")
        #expect(request.from.parameters["fromParam''~+*_!.-%"] == "работающий")
        #expect(request.from.tag == "_token~1'+`*%!-.")
        #expect(request.callID == #"intmeth.word%ZK-!.*_+'@word`~)(><:\/"][?}{"#)
        #expect(request.maxForwards == 255)
    }

    @Test("esc01: escapes are decoded once, and only where URIs have them (§3.1.1.3)")
    func escapes() throws {
        let request = try request("esc01.dat")
        #expect(request.uri.sip?.user == "sips:user@example.com")
        #expect(request.uri.sip?.host == "example.net")
        #expect(request.to.uri.sip?.user == "user")
        #expect(request.from.uri.sip?.user == "I have spaces")
        let contact = try #require(request.contact?.uri.sip)
        #expect(
            contact.isEquivalent(
                to: try #require(
                    try URI(
                        parsing: "sip:caller@host5.example.net;lr;name=value%2541"
                    ).sip)))
    }

    @Test("esc02: a '%' in tokens and quoted strings escapes nothing (§3.1.1.5)")
    func percentOutsideURIs() throws {
        let request = try request("esc02.dat")
        #expect(request.method.rawValue == "RE%47IST%45R")
        #expect(request.to.displayName == "%Z%45")
        #expect(request.contacts?.addresses.map { $0.uri.sip?.user } == ["alias1", "alias3"])
        #expect(request.headers["C%6Fntact"] == "<sip:alias2@host2.example.com>")
    }

    @Test("escnull: an escaped NUL is a character like others (§3.1.1.4)")
    func escapedNull() throws {
        let request = try request("escnull.dat")
        #expect(request.to.uri.sip?.user == "null-\u{00}-null")
        #expect(request.contacts?.addresses.map { $0.uri.sip?.user } == ["\u{00}", "\u{00}\u{00}"])
    }

    @Test("lwsdisp: no space is needed between a name and '<' (§3.1.1.6)")
    func noSpaceBehindName() throws {
        #expect(try request("lwsdisp.dat").from.displayName == "caller")
    }

    @Test("longreq: long values are kept whole (§3.1.1.7)")
    func longValues() throws {
        let request = try request("longreq.dat")
        #expect(request.vias.count == 34)
        #expect(request.vias.last?.received == "192.0.2.5")
        #expect(request.to.uri.sip?.port == 6000)
        #expect(request.to.displayName?.hasSuffix("extreme proportion") == true)
    }

    @Test("dblreq: bytes behind the body of a datagram are dropped (§3.1.1.8)")
    func secondRequest() throws {
        let request = try request("dblreq.dat")
        #expect(request.method == .register)
        #expect(request.callID == "dblreq.0ha0isndaksdj99sdfafnl3lk233412")
        #expect(request.body.isEmpty)
    }

    @Test("semiuri: a ';' in front of '@' belongs to the user (§3.1.1.9)")
    func semicolonInUser() throws {
        let uri = try #require(try request("semiuri.dat").uri.sip)
        #expect(uri.user == "user;par=u@example.net")
        #expect(uri.host == "example.com")
        #expect(uri.parameters.isEmpty)
    }

    @Test("transports: unknown transports in Via are taken as they are (§3.1.1.10)")
    func transports() throws {
        #expect(try request("transports.dat").vias.map(\.transport) == ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"])
    }

    @Test("mpart01: a multipart body is opaque, with its NUL bytes (§3.1.1.11)")
    func multipart() throws {
        let request = try request("mpart01.dat")
        #expect(request.contentType?.parameters["boundary"] == "7a9cbec02ceef655")
        #expect(request.body.count == 553)
        #expect(request.body.contains(0))
    }

    @Test("unreason, noreason: the reason phrase is UTF-8, or empty (§3.1.1.12, §3.1.1.13)")
    func reasons() throws {
        #expect(try response("unreason.dat").reason == "= 2**3 * 5**2 но сто девяносто девять - простое")
        #expect(try response("noreason.dat").statusCode == 100)
        #expect(try response("noreason.dat").reason == "")
    }

    @Test("badbranch: a branch that is only the cookie identifies no transaction (§3.2.1)")
    func bareCookie() throws {
        #expect(try !request("badbranch.dat").topVia.hasRFC3261Branch)
    }

    @Test("baddn: with its last line, a comma in an unquoted name is still refused (§3.1.2.15)")
    func commaInName() throws {
        let datagram = try TortureCorpus.message("baddn.dat") + [0x0D, 0x0A]
        let error = try #require(throws: ParseError.self) { try Message(parsing: datagram) }
        #expect(error.field == .from)
        #expect(error.refusal?.statusCode == 400)
    }

    @Test("unksm2: unknown schemes in To, From and Contact are kept (§3.3.4)")
    func unknownSchemes() throws {
        let request = try request("unksm2.dat")
        #expect(request.to.uri == .other("isbn:2983792873"))
        #expect(request.from.uri.scheme == "http")
        #expect(request.contact?.uri == .other("name:John_Smith"))
    }

    @Test("bext01: a 420 lists what is not supported, and not the proxies' (§3.3.5)")
    func unsupportedExtensions() throws {
        let answer = Fate.userAgent.refusal(of: try request("bext01.dat"), toTag: "here")
        #expect(answer?.unsupported == ["nothingSupportsThis", "nothingSupportsThisEither"])
        #expect(answer?.to.tag == "here")
    }

    @Test("invut: a 415 lists what is accepted (§3.3.6)")
    func unknownBody() throws {
        let answer = Fate.userAgent.refusal(of: try request("invut.dat"), toTag: "here")
        #expect(answer?.accept == ["application/sdp", "multipart/mixed"])
    }

    @Test("cparam01, cparam02: brackets decide whose a parameter is (§3.3.12, §3.3.13)")
    func contactParameters() throws {
        let bare = try #require(try request("cparam01.dat").contact)
        #expect(bare.parameters.contains("unknownparam"))
        #expect(bare.uri.sip?.parameters.isEmpty == true)
        let bracketed = try #require(try request("cparam02.dat").contact)
        #expect(bracketed.parameters.isEmpty)
        #expect(bracketed.uri.sip?.parameters.contains("unknownparam") == true)
    }

    @Test("regescrt: a Contact's escaped header is kept and decoded (§3.3.14)")
    func escapedHeader() throws {
        #expect(try request("regescrt.dat").contact?.uri.sip?.header("route") == "<sip:sip.example.com>")
    }

    @Test("inv2543: a request without Max-Forwards, tag and branch is taken (§3.4.1)")
    func oldPeer() throws {
        let request = try request("inv2543.dat")
        #expect(request.from.tag == nil)
        #expect(!request.topVia.hasRFC3261Branch)
        #expect(request.maxForwards == nil)
        #expect(request.recordRoute.first?.uri.sip?.parameters["maddr"] == "ss1.example.com")
        #expect(!request.body.isEmpty)
    }
}

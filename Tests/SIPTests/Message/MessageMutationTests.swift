import SIP
import SansIO
import Testing

@Suite("Mutated messages")
struct MessageMutationTests {
    private static let splinters: [[UInt8]] = [
        "\r\n", "\n", "\r", " ", "\t", "\r\n ", ",", ";", ";=", "=", "\"", "\\", "<", ">", "<>", "@", ":", "%", "%0",
        "%00",
        "[", "]", "[::]", "*", "?", "&", "(", ")", "-1", "0", "4294967296", "99999999999999999999999", "SIP/2.0",
        "sip:", "tel:",
        "tel:+", "Content-Length: 5\r\n", "Via: ", "v:", "Contact: *\r\n", "z9hG4bK", "\u{00}", "\u{7F}", "ü",
        "\u{FEFF}",
    ].map { Array($0.utf8) }

    private func mutated(_ message: [UInt8], with other: [UInt8], using random: inout SeededRandom) -> [UInt8] {
        var bytes = message
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            guard !bytes.isEmpty else { break }
            let index = Int.random(in: bytes.indices, using: &random)
            let end = min(bytes.count, index + Int.random(in: 1...24, using: &random))
            switch Int.random(in: 0..<7, using: &random) {
            case 0: bytes[index] = UInt8.random(in: .min ... .max, using: &random)
            case 1: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2: bytes.removeSubrange(index..<end)
            case 3: bytes.insert(contentsOf: Array(bytes[index..<end]), at: index)
            case 4:
                let splinter = Self.splinters[Int.random(in: Self.splinters.indices, using: &random)]
                bytes.insert(contentsOf: splinter, at: index)
            case 5: bytes = Array(bytes[..<index])
            default:
                let cut = Int.random(in: 0...other.count, using: &random)
                bytes = Array(bytes[..<index] + other[cut...])
            }
        }
        return bytes
    }

    /// Reads a message and everything in it; what is read must be the same when it is written and read again.
    private func exercise(_ bytes: [UInt8], _ comment: Comment) -> Bool {
        let message: Message
        do {
            message = try Message(parsing: bytes)
        } catch {
            #expect(error.offset >= 0 && error.offset <= bytes.count, comment)
            #expect(!error.description.isEmpty)
            if let answer = error.refusal?.serialized(toTag: "t") { #expect(!answer.isEmpty) }
            return false
        }
        let common = message.common
        _ = (common.maxForwards, common.contacts, common.route, common.recordRoute, common.contentType)
        _ = (common.require, common.supported, common.allow, common.accept, common.expires, common.retryAfter)
        _ = (common.referTo, common.referredBy, common.event, common.subscriptionState)
        #expect((common.contacts != nil) == common.headers.contains(.contact), comment)
        #expect((common.contentType != nil) == common.headers.contains(.contentType), comment)
        #expect(common.route.isEmpty != common.headers.contains(.route), comment)
        _ = StatusLine(fragment: common.body)
        switch message {
        case .request(let request):
            #expect(request.uri.isEquivalent(to: request.uri), comment)
            _ = Fate.userAgent.refusal(of: request, toTag: "t")
            _ = request.digestCredentials(.authorization)
        case .response(let response):
            _ = response.digestChallenges(.proxyAuthenticate)
        }
        do {
            #expect(try Message(parsing: message.serialized()) == message, comment)
        } catch {
            Issue.record("\(comment): written message is refused: \(error)")
        }
        return true
    }

    @Test("No mutation of a message traps, and what is still read survives a round trip", arguments: 1...8)
    func mutations(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let corpus = MessageFixtures.all + (try TortureCorpus.names().map { try TortureCorpus.message($0) })
        var read = 0
        for round in 0..<1500 {
            let base = corpus[Int.random(in: corpus.indices, using: &random)]
            let other = corpus[Int.random(in: corpus.indices, using: &random)]
            let bytes = mutated(base, with: other, using: &random)
            if exercise(bytes, "seed \(seed), round \(round)") { read += 1 }
        }
        #expect(read > 50, "mutations are so wild that nothing of the grammar is reached")
    }

    @Test("No bytes at all trap the readers of single fields", arguments: 1...4)
    func fields(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let seeds = [
            "\"A\" <sip:u:p@h:5060;lr?X=y>;tag=1", "tel:+1(510)555;phone-context=x", "SIP/2.0/UDP [::1]:5060;branch=z9",
            "Digest realm=\"a\\\"b\", nonce=n, qop=\"auth\"", "1 INVITE", "18 (x(y)\\));a=b", "a/b;c=\"d\"",
        ].map { Array($0.utf8) }
        for _ in 0..<2000 {
            let base = seeds[Int.random(in: seeds.indices, using: &random)]
            let bytes = mutated(base, with: seeds[0], using: &random)
            let text = String(decoding: bytes, as: UTF8.self)
            let readers: [() throws -> String] = [
                { try NameAddress(parsing: text).description }, { try URI(parsing: text).description },
                { try Via(parsing: text).description }, { try CSeq(parsing: text).description },
                { try RetryAfter(parsing: text).description }, { try MediaType(parsing: text).description },
                { try DigestChallenge(parsing: text)?.description ?? "" },
                { try DigestCredentials(parsing: text)?.description ?? "" },
            ]
            for reader in readers {
                do {
                    _ = try reader()
                } catch {
                    let offset = (error as? GrammarError)?.offset ?? -1
                    #expect((0...text.utf8.count).contains(offset))
                }
            }
        }
    }
}

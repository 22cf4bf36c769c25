import SDP
import SansIO
import Testing

@Suite("Session descriptions")
struct SessionDescriptionTests {
    @Test("The standard's example is read field by field (RFC 8866 §5)")
    func standard() throws {
        let description = try SessionDescription(parsing: Samples.standard)
        #expect(
            description.origin
                == Origin(
                    username: "jdoe", sessionID: "3724394400", sessionVersion: "3724394405", addressType: "IP4",
                    address: "198.51.100.1"))
        #expect(description.name == "Call to John Smith")
        #expect(description.information == "SDP Offer #1")
        #expect(description.uri == "http://www.jdoe.example.com/home.html")
        #expect(description.emailAddresses == ["Jane Doe <jane@jdoe.example.com>"])
        #expect(description.phoneNumbers == ["+1 617 555-6011"])
        #expect(description.times == [TimeDescription()])
        #expect(description.media.map { $0.port } == [49_170, 49_180, 51_372])
        #expect(description.connection(of: description.media[0])?.host == "198.51.100.1")
        #expect(description.connection(of: description.media[2])?.host == "2001:db8::2")
        #expect(
            description.media[2].rtpMaps
                == [RTPMap(payloadType: 99, encodingName: "h263-1998", clockRate: 90_000)])
    }

    @Test("What was read in order is written byte for byte", arguments: Samples.all.indices)
    func roundTrip(sample: Int) throws {
        let text = Samples.all[sample]
        let description = try SessionDescription(parsing: text)
        #expect(description.description == text)
        #expect(try SessionDescription(parsing: description.bytes) == description)
    }

    @Test("Every line type is kept and written in the standard's order (RFC 8866 §9)")
    func everyType() throws {
        let text = Samples.lines(
            "v=0", "o=- 1 2 IN IP6 ::1", "s=All", "i=about", "u=http://example.com", "e=a@example.com",
            "e=b@example.com", "p=+1 2", "c=IN IP4 224.2.1.1/127/3", "b=AS:64", "b=CT:128", "t=3034423619 3042462419",
            "r=7d 1h 0 25h", "t=0 0", "z=2882844526 -1h", "k=prompt", "a=recvonly", "a=x-unknown:a:b c",
            "m=audio 49170/2 RTP/AVP 0", "i=speech", "c=IN IP4 192.0.2.1", "c=IN IP4 192.0.2.2", "b=TIAS:64000",
            "k=clear:secret", "a=inactive")
        let description = try SessionDescription(parsing: text)
        #expect(description.description == text)
        #expect(description.times.map { $0.repeats } == [["7d 1h 0 25h"], []])
        #expect(description.connection?.host == "224.2.1.1")
        #expect(description.attributes.last == Attribute("x-unknown", "a:b c"))
        #expect(description.media[0].portCount == 2)
        #expect(description.media[0].connections.count == 2)
    }

    @Test("Bare LF, no last line end, blank lines, stray spaces, NUL at the end, missing s= and t= are borne")
    func leniency() throws {
        let tidy = try SessionDescription(parsing: Samples.twilio)
        let lineFeeds = Samples.twilio.replacingLineEnds(with: "\n")
        #expect(try SessionDescription(parsing: lineFeeds) == tidy)
        #expect(try SessionDescription(parsing: String(lineFeeds.dropLast())) == tidy)
        #expect(try SessionDescription(parsing: lineFeeds + "\n\n\0") == tidy)
        let spaced = Samples.twilio.replacingLineEnds(with: " \r\n \r\n")
        #expect(try SessionDescription(parsing: spaced) == tidy)

        let sparse = try SessionDescription(
            parsing:
                "v=0\na= ptime : 20\no= some one 1 2 in ip4 h\nc=in ip4 h\nm=audio 0 RTP/AVP\na = rtpmap: 0 PCMU / 8000\na=\n"
        )
        #expect(sparse.name == "-")
        #expect(sparse.times == [TimeDescription()])
        #expect(sparse.origin.username == "some one")
        #expect(sparse.connection == ConnectionData(addressType: "IP4", address: "h"))
        #expect(sparse.attributes == [Attribute("ptime", "20")])
        #expect(sparse.media[0].formats == [])
        #expect(sparse.media[0].rtpMaps == [RTPMap(payloadType: 0, encodingName: "PCMU", clockRate: 8_000)])
        #expect(sparse.media[0].attributes.count == 1)
    }

    @Test("Every fault says what is wrong and where")
    func faults() throws {
        let head = "v=0\r\no=- 1 1 IN IP4 h\r\n"
        func position(_ line: Int, _ offset: Int) throws -> SDPError.Position {
            // Positions are only made by the parser: a line without a type has the one sought.
            let text = String(repeating: "\n", count: line - 1)
            let padded = String(repeating: " ", count: offset - (line - 1)) + text + "!"
            var found: SDPError.Position?
            do {
                _ = try SessionDescription(parsing: padded)
            } catch .malformedLine(let position) {
                found = position
            }
            return try #require(found)
        }
        func expect(_ error: SDPError, _ text: String, _ location: SourceLocation = #_sourceLocation) {
            #expect(throws: error, sourceLocation: location) { try SessionDescription(parsing: text) }
        }
        expect(.missingField(type: "v"), "")
        expect(.missingField(type: "v"), "o=- 1 1 IN IP4 h")
        expect(.missingField(type: "o"), "v=0\r\ns=-\r\n")
        expect(.malformedField(type: "v", try position(1, 0)), "v=1")
        expect(.malformedLine(try position(3, head.utf8.count)), head + "hello")
        expect(.malformedLine(try position(3, head.utf8.count)), head + "A=b")
        expect(.unknownType(letter: "x", try position(3, head.utf8.count)), head + "x=1")
        for (type, value) in [
            ("c", "IN IP4"), ("c", "ATM NSAP x"), ("t", "0"), ("t", "a b"), ("m", "audio"),
            ("m", "audio 70000 RTP/AVP 0"),
            ("m", "audio -1 RTP/AVP 0"), ("m", "audio 1/0 RTP/AVP 0"), ("m", "audio 1/2/3 RTP/AVP 0"), ("m", "audio 1"),
        ] {
            expect(.malformedField(type: type, try position(3, head.utf8.count)), head + "\(type)=\(value)")
        }
        expect(.malformedField(type: "o", try position(2, 5)), "v=0\r\no=- x 1 IN IP4 h")
        expect(.misplacedField(type: "o", try position(3, head.utf8.count)), head + "o=- 1 1 IN IP4 h")
        expect(.misplacedField(type: "r", try position(3, head.utf8.count)), head + "r=1 2 3")
        let medium = head + "m=audio 1 RTP/AVP 0\r\n"
        expect(.misplacedField(type: "t", try position(4, medium.utf8.count)), medium + "t=0 0")
        expect(.unknownType(letter: "y", try position(4, medium.utf8.count)), medium + "y=0 0")
        expect(.tooLong(byteCount: 65_537), head + String(repeating: "a", count: 65_537 - head.utf8.count))
    }

    @Test("Values with line ends in them forge no lines")
    func injection() throws {
        var description = try SessionDescription(parsing: Samples.twilio)
        description.name = "a\r\nm=audio 1 RTP/AVP 0\n\0"
        description.attributes.append(Attribute("tool", "x\ny=z"))
        let read = try SessionDescription(parsing: description.description)
        #expect(read.media.count == 1)
        #expect(read.attributes == [Attribute("tool", "x y=z")])
    }

    @Test("No mutation of any sample traps, and what is read survives writing and reading")
    func mutations() throws {
        var random = SeededRandom(seed: 8_866)
        var read = 0
        var refused = 0
        for round in 0..<20_000 {
            let bytes = Self.mutate(Array(Samples.all[round % Samples.all.count].utf8), &random)
            do {
                let description = try SessionDescription(parsing: bytes)
                let again = try SessionDescription(parsing: description.bytes)
                #expect(again.description == description.description)
                for medium in description.media {
                    _ = (medium.payloads, medium.packetTime, medium.rtcp?.port, medium.formatParameters(of: "101"))
                }
                read += 1
            } catch {
                refused += 1
            }
        }
        #expect(read > 2_000 && refused > 2_000, "\(read) read, \(refused) refused")
    }

    /// A few random edits: bytes changed, dropped and inserted, lines doubled, dropped and swapped.
    static func mutate(_ bytes: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) where bytes.count > 2 {
            let index = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<7, using: &random) {
            case 0: bytes[index] = .random(in: .min ... .max, using: &random)
            case 1: bytes.remove(at: index)
            case 2: bytes.insert([0x20, 0x3A, 0x2F, 0x30, 0x39, 0x0A].randomElement(using: &random) ?? 0, at: index)
            case 3: bytes.removeSubrange(index..<min(bytes.count, index + Int.random(in: 1...30, using: &random)))
            case 4: bytes.insert(contentsOf: Array("99999999999999999999".utf8), at: index)
            default:
                var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
                let first = Int.random(in: 0..<lines.count, using: &random)
                let second = Int.random(in: 0..<lines.count, using: &random)
                if random.chance(0.3) { lines.insert(lines[first], at: second) } else { lines.swapAt(first, second) }
                bytes = Array(lines.joined(separator: [0x0A]))
            }
        }
        return bytes
    }
}

extension String {
    /// The text with every CR LF replaced.
    func replacingLineEnds(with end: String) -> String {
        split(separator: "\r\n", omittingEmptySubsequences: false).joined(separator: end)
    }
}

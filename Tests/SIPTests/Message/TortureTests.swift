import SIP
import Testing

/// What becomes of a message that a user agent receives.
enum Fate: Hashable, Sendable {
    /// Parsed, and nothing speaks against serving it.
    case usable
    /// Parsed, and refused by the checks of RFC 3261 §8.2.
    case refusedByUserAgent(Int)
    /// Not parsed; the sender is told so.
    case refusedByParser(Int)
    /// Not parsed, and nobody is told: responses.
    case droppedByParser
    /// Parsed, and dropped by RFC 3261 §8.1.3.3.
    case droppedByUserAgent

    /// A user agent and registrar that serves all standard methods.
    static let userAgent = RequestValidation(
        allowedMethods: [
            .invite, .ack, .bye, .cancel, .options, .register, .refer, .notify, .subscribe, .info, .update, .prack,
            .message, .publish,
        ], acceptedTypes: [.sdp, MediaType("multipart", "mixed")])

    init(of datagram: [UInt8]) {
        do {
            switch try Message(parsing: datagram) {
            case .request(let request):
                let refusal = Fate.userAgent.refusal(of: request, toTag: "here")
                self = refusal.map { .refusedByUserAgent($0.statusCode) } ?? .usable
            case .response(let response):
                self = response.isForUserAgent ? .usable : .droppedByUserAgent
            }
        } catch {
            self = error.refusal.map { .refusedByParser($0.statusCode) } ?? .droppedByParser
        }
    }
}

@Suite("RFC 4475 torture messages", .enabled(if: TortureCorpus.folder != nil, "shared/data/rfc4475 is not here"))
struct TortureTests {
    /// Every message of the RFC with its section and what becomes of it here.
    static let table: [(name: String, section: String, fate: Fate)] = [
        ("wsinv.dat", "3.1.1.1", .usable),
        ("intmeth.dat", "3.1.1.2", .refusedByUserAgent(501)),
        ("esc01.dat", "3.1.1.3", .usable),
        ("escnull.dat", "3.1.1.4", .usable),
        ("esc02.dat", "3.1.1.5", .refusedByUserAgent(501)),
        ("lwsdisp.dat", "3.1.1.6", .usable),
        ("longreq.dat", "3.1.1.7", .usable),
        ("dblreq.dat", "3.1.1.8", .usable),
        ("semiuri.dat", "3.1.1.9", .usable),
        ("transports.dat", "3.1.1.10", .usable),
        ("mpart01.dat", "3.1.1.11", .usable),
        ("unreason.dat", "3.1.1.12", .usable),
        ("noreason.dat", "3.1.1.13", .usable),
        ("badinv01.dat", "3.1.2.1", .refusedByParser(400)),
        ("clerr.dat", "3.1.2.2", .refusedByParser(400)),
        ("ncl.dat", "3.1.2.3", .refusedByParser(400)),
        ("scalar02.dat", "3.1.2.4", .refusedByParser(400)),
        ("scalarlg.dat", "3.1.2.5", .droppedByParser),
        ("quotbal.dat", "3.1.2.6", .refusedByParser(400)),
        ("ltgtruri.dat", "3.1.2.7", .refusedByParser(400)),
        ("lwsruri.dat", "3.1.2.8", .refusedByParser(400)),
        ("lwsstart.dat", "3.1.2.9", .refusedByParser(400)),
        ("trws.dat", "3.1.2.10", .refusedByParser(400)),
        ("escruri.dat", "3.1.2.11", .refusedByParser(400)),
        // The RFC leaves it to the element whether a Date that it doesn't use matters.
        ("baddate.dat", "3.1.2.12", .usable),
        ("regbadct.dat", "3.1.2.13", .refusedByParser(400)),
        ("badaspec.dat", "3.1.2.14", .refusedByParser(400)),
        ("baddn.dat", "3.1.2.15", .refusedByParser(400)),
        ("badvers.dat", "3.1.2.16", .refusedByParser(505)),
        ("mismatch01.dat", "3.1.2.17", .refusedByParser(400)),
        ("mismatch02.dat", "3.1.2.18", .refusedByParser(400)),
        ("bigcode.dat", "3.1.2.19", .droppedByParser),
        ("badbranch.dat", "3.2.1", .usable),
        ("insuf.dat", "3.3.1", .refusedByParser(400)),
        ("unkscm.dat", "3.3.2", .refusedByUserAgent(416)),
        ("novelsc.dat", "3.3.3", .refusedByUserAgent(416)),
        ("unksm2.dat", "3.3.4", .usable),
        ("bext01.dat", "3.3.5", .refusedByUserAgent(420)),
        ("invut.dat", "3.3.6", .refusedByUserAgent(415)),
        // A registrar challenges it, as it does a request without credentials.
        ("regaut01.dat", "3.3.7", .usable),
        ("multi01.dat", "3.3.8", .refusedByParser(400)),
        ("mcl01.dat", "3.3.9", .refusedByParser(400)),
        ("bcast.dat", "3.3.10", .droppedByUserAgent),
        // Only proxies may not pass it on; the endpoint answers.
        ("zeromf.dat", "3.3.11", .usable),
        ("cparam01.dat", "3.3.12", .usable),
        ("cparam02.dat", "3.3.13", .usable),
        ("regescrt.dat", "3.3.14", .usable),
        ("sdp01.dat", "3.3.15", .refusedByUserAgent(406)),
        ("inv2543.dat", "3.4.1", .usable),
    ]

    @Test("Every message of the folder has a row, and every row a message")
    func completeness() throws {
        #expect(try TortureCorpus.names() == Self.table.map(\.name).sorted())
        #expect(Self.table.count == 49)
    }

    @Test("A message is parsed or refused as RFC 4475 says", arguments: table)
    func fate(row: (name: String, section: String, fate: Fate)) throws {
        let actual = Fate(of: try TortureCorpus.message(row.name))
        #expect(actual == row.fate, "\(row.name), §\(row.section)")
    }

    @Test("A message that is parsed means the same when it is written and read again", arguments: table.map(\.name))
    func roundTrip(name: String) throws {
        let message: Message
        do {
            message = try Message(parsing: TortureCorpus.message(name))
        } catch is ParseError {
            return
        }
        #expect(try Message(parsing: message.serialized()) == message)
    }

    @Test(
        "A refused request's answer carries what the sender matches by",
        arguments: table.filter { if case .refusedByParser = $0.fate { true } else { false } }.map(\.name))
    func refusals(name: String) throws {
        let datagram = try TortureCorpus.message(name)
        let error = try #require(throws: ParseError.self) { try Message(parsing: datagram) }
        let refusal = try #require(error.refusal)
        let answer = String(decoding: refusal.serialized(toTag: "here"), as: UTF8.self)
        #expect(answer.hasPrefix("SIP/2.0 \(refusal.statusCode) "))
        #expect(answer.contains("\r\nVia: SIP/"))
        #expect(answer.contains("\r\nCSeq: "))
        #expect(answer.contains("\r\nCall-ID: ") == (name != "insuf.dat"))
        #expect(answer.hasSuffix("\r\nContent-Length: 0\r\n\r\n"))
    }
}

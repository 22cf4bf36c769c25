import SansIO
import Testing
import VoiceAgent

@Suite("Event streams (WHATWG HTML §9.2.6)")
struct ServerSentEventsTests {
    private func read(_ pieces: [[UInt8]]) throws -> [ServerSentEvents.Event] {
        var stream = ServerSentEvents()
        var events: [ServerSentEvents.Event] = []
        for piece in pieces { events += try stream.receive(piece) }
        if let last = stream.finish() { events.append(last) }
        return events
    }

    private func event(_ data: String, type: String = "message") -> ServerSentEvents.Event {
        ServerSentEvents.Event(type: type, data: Array(data.utf8))
    }

    private static let stream =
        "\u{FEFF}: a comment\ndata: first\ndata:second\ndata:  third\n\n"
        + "event: add\r\ndata: 73857293\r\n\r\n" + "event: other\rdata: ü€😀\r\r" + "data\n\n" + "data\ndata\n\n"
        + "id: 7\nretry: 9\nnothing\ndata: {\"a\": \"b: c\"}\nevent: x\n\n\n\n" + "event: dropped\n\n" + "data: [DONE]"

    private var expected: [ServerSentEvents.Event] {
        [
            event("first\nsecond\n third"), event("73857293", type: "add"), event("ü€😀", type: "other"), event("\n"),
            event("{\"a\": \"b: c\"}", type: "x"), event("[DONE]"),
        ]
    }

    @Test("Comments, line ends of all kinds, several lines of data, a byte order mark, a missing last blank line")
    func rules() throws {
        #expect(try read([Array(text: Self.stream)]) == expected)
    }

    @Test("Cut at every byte, the stream means the same")
    func everySplit() throws {
        let bytes = Array(text: Self.stream)
        for cut in 0...bytes.count {
            #expect(try read([Array(bytes[..<cut]), Array(bytes[cut...])]) == expected)
        }
        #expect(try read(bytes.map { [$0] }) == expected)
    }

    @Test("Cut anywhere, the stream means the same", arguments: 0..<50 as Range<UInt64>)
    func seededSplits(seed: UInt64) throws {
        #expect(try read(Array(text: Self.stream).pieces(longest: 9, seed: seed)) == expected)
    }

    @Test("An event that never ends is refused, whether its line or its lines are long")
    func bounds() {
        for text in [String(repeating: "x", count: 2_000), String(repeating: "data: yyyy\n", count: 300)] {
            var stream = ServerSentEvents(maximumEventBytes: 1_000)
            #expect(throws: ServerSentEvents.TooLarge.self) { _ = try stream.receive(text.utf8) }
        }
    }

    @Test("Noise traps nothing", arguments: 0..<20 as Range<UInt64>)
    func noise(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let alphabet = Array("data: event\r\n\u{FEFF}x{}".utf8)
        let bytes = (0..<2_000).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] }
        let whole = try read([bytes])
        #expect(try read(bytes.pieces(longest: 5, seed: seed)) == whole)
    }
}

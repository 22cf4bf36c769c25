import RTP
import SansIO
import Testing

/// What a compound says, copied out of it.
private struct Compound: Equatable {
    var senders: [SenderInfo] = []
    var blocks: [ReportBlock] = []
    var names: [String] = []
    var goodbyes: [UInt32] = []
    var others = 0

    init(parsing bytes: [UInt8]) throws(ControlError) {
        var compound = Compound()
        let failure = bytes.withUnsafeBytes { buffer -> ControlError? in
            var reader = ControlReader(buffer)
            do throws(ControlError) {
                while let packet = try reader.next() { compound.add(packet) }
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
        self = compound
    }

    private init() {}

    private mutating func add(_ packet: ControlPacket) {
        switch packet {
        case .senderReport(_, let info, let blocks):
            senders.append(info)
            self.blocks += Array(blocks)
        case .receiverReport(_, let blocks): self.blocks += Array(blocks)
        case .sourceDescription(_, let name): names.append(name.map { String(decoding: $0, as: UTF8.self) } ?? "-")
        case .goodbye(let ssrc): goodbyes.append(ssrc)
        case .other: others += 1
        }
    }
}

@Suite("RTCP compounds (RFC 3550 §6)")
struct ControlPacketTests {
    private let info = SenderInfo(
        ntp: NTPTimestamp(bits: 0x0102_0304_0506_0708), rtpTimestamp: 160, packetCount: 5, octetCount: 800)
    private let block = ReportBlock(
        ssrc: 0xAABB_CCDD, fractionLost: 64, cumulativeLost: -3, highestSequenceNumber: 0x0001_FFFF, jitter: 12,
        lastSenderReport: 0x0304_0506, delaySinceLastSenderReport: 65_536)

    private func compound(sender: Bool, name: String = "abc", bye: Bool = false, room: Int = 256) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xEE, count: room)
        let count = bytes.withUnsafeMutableBytes { buffer in
            var writer = ControlWriter(buffer)
            writer.report(ssrc: 7, sender: sender ? info : nil, block: block)
            Array(name.utf8).withUnsafeBytes { writer.sourceDescription(ssrc: 7, canonicalName: $0) }
            if bye { writer.goodbye(ssrc: 7) }
            return writer.count
        }
        return Array(bytes.prefix(count))
    }

    @Test("SR, RR, SDES and BYE are read back as written; lost counts keep their sign in 24 bits")
    func roundTrip() throws {
        let sent = try Compound(parsing: compound(sender: true, bye: true))
        #expect(sent.senders == [info])
        #expect(sent.blocks == [block])
        #expect(sent.names == ["abc"])
        #expect(sent.goodbyes == [7])
        let received = try Compound(parsing: compound(sender: false))
        #expect(received.senders.isEmpty)
        #expect(received.blocks == [block])
    }

    @Test("An SDES chunk ends on a word boundary with at least one zero byte (§6.5)")
    func padding() throws {
        for length in 0...9 {
            let name = String(repeating: "x", count: length)
            let bytes = compound(sender: false, name: name)
            #expect(bytes.count % 4 == 0)
            #expect(bytes.last == 0)
            #expect(try Compound(parsing: bytes).names == [name])
        }
    }

    @Test("What does not fit is left out whole")
    func small() throws {
        #expect(try Compound(parsing: compound(sender: true, room: 55)).names == [])
        #expect(try Compound(parsing: compound(sender: true, room: 60)).blocks == [block])
    }

    @Test("A compound begins with a report (A.2), or with feedback sent alone (RFC 5506)")
    func firstPacket() {
        #expect(throws: ControlError.firstType(203)) { try Compound(parsing: [0x81, 203, 0, 1, 0, 0, 0, 1]) }
        #expect(throws: Never.self) { try Compound(parsing: [0x81, 205, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2]) }
    }

    @Test("Lengths that lie are refused")
    func truncated() {
        var bytes = compound(sender: true)
        bytes[3] = 200
        #expect(throws: ControlError.truncated(offset: 0)) { try Compound(parsing: bytes) }
        bytes = compound(sender: true)
        bytes[0] = 0x9F
        #expect(throws: ControlError.truncated(offset: 0)) { try Compound(parsing: bytes) }
    }

    @Test("Round trip = arrival − LSR − DLSR (§6.4.1, figure 2)")
    func roundTripTime() {
        // The example of the RFC: A = 0xb710:8000, LSR = 0xb705:2000, DLSR = 0x0005:4000, trip 6.125 s.
        var example = block
        example.lastSenderReport = 0xB705_2000
        example.delaySinceLastSenderReport = 0x0005_4000
        #expect(example.roundTrip(arrival: 0xB710_8000) == 0x0006_2000)
        #expect(example.roundTrip(arrival: 0xB705_2001) == nil)
        example.lastSenderReport = 0
        #expect(example.roundTrip(arrival: 0xB710_8000) == nil)
    }

    @Test("No datagram traps the reader: 100,000 mutations of valid compounds")
    func mutations() {
        var random = SeededRandom(seed: 2)
        var parsed = 0
        for _ in 0..<100_000 {
            var bytes = compound(sender: random.chance(0.5), name: "name", bye: random.chance(0.5))
            for _ in 0..<(1 + random.next() % 3) {
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            if random.chance(0.3) { bytes.removeLast(Int(random.next() % UInt64(bytes.count))) }
            do {
                _ = try Compound(parsing: bytes)
                parsed += 1
            } catch {
                continue
            }
        }
        #expect(parsed > 1_000)
    }
}

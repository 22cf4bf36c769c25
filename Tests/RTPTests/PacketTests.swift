import RTP
import SansIO
import Testing

@Suite("RTP packets (RFC 3550 §5.1)")
struct PacketTests {
    private func parse(_ bytes: [UInt8]) throws(PacketError) -> Packet {
        let result = bytes.withUnsafeBytes { buffer -> Result<Packet, PacketError> in
            Result { () throws(PacketError) in try Packet(parsing: buffer) }
        }
        return try result.get()
    }

    private func plain(payload: [UInt8] = [1, 2, 3]) -> [UInt8] {
        [0x80, 0x80, 0x12, 0x34, 0, 0, 0x01, 0x40, 0xDE, 0xAD, 0xBE, 0xEF] + payload
    }

    @Test("A header that is written is read back, for every corner of its fields")
    func roundTrip() throws {
        for header in [
            PacketHeader(marker: true, payloadType: 127, sequenceNumber: .max, timestamp: .max, ssrc: .max),
            PacketHeader(marker: false, payloadType: 0, sequenceNumber: 0, timestamp: 0, ssrc: 0),
            PacketHeader(marker: true, payloadType: 8, sequenceNumber: 1, timestamp: 160, ssrc: 7),
        ] {
            var bytes = [UInt8](repeating: 0, count: 16)
            #expect(bytes.withUnsafeMutableBytes { header.write(into: $0) } == 12)
            let packet = try parse(bytes)
            #expect(packet.header == header)
            #expect(packet.payload == 12..<16)
        }
    }

    @Test("CSRC list, header extension and padding do not belong to the payload")
    func surroundings() throws {
        var bytes = plain(payload: [])
        bytes[0] = 0x80 | 0x20 | 0x10 | 2
        bytes += [0, 0, 0, 1, 0, 0, 0, 2]  // CSRC
        bytes += [0xBE, 0xDE, 0, 1, 9, 9, 9, 9]  // extension of one word
        bytes += [5, 6, 7]
        bytes += [0, 0, 3]  // padding
        let packet = try parse(bytes)
        #expect(Array(bytes[packet.payload]) == [5, 6, 7])
    }

    @Test("Version, lengths and padding are checked (RFC 3550 A.1)")
    func invalid() {
        #expect(throws: PacketError.truncated(length: 11, needed: 12)) { try parse(Array(plain().prefix(11))) }
        var bytes = plain()
        bytes[0] = 0x40
        #expect(throws: PacketError.version(1)) { try parse(bytes) }
        bytes[0] = 0x8F
        #expect(throws: PacketError.truncated(length: 15, needed: 72)) { try parse(bytes) }
        bytes[0] = 0x90
        #expect(throws: PacketError.truncated(length: 15, needed: 16)) { try parse(bytes) }
        bytes = plain(payload: [1, 2, 0])
        bytes[0] = 0xA0
        #expect(throws: PacketError.padding(0)) { try parse(bytes) }
        bytes[14] = 4
        #expect(throws: PacketError.padding(4)) { try parse(bytes) }
        bytes[14] = 3
        #expect(throws: Never.self) { try parse(bytes) }
    }

    @Test("RTCP on the same port is told from RTP (RFC 5761 §4)")
    func multiplexed() {
        var bytes = plain()
        bytes[1] = 200
        #expect(throws: PacketError.control) { try parse(bytes) }
        bytes[1] = 0x80 | 101
        #expect(throws: Never.self) { try parse(bytes) }
    }

    @Test("No datagram traps the parser: 200,000 mutations of valid packets")
    func mutations() {
        var random = SeededRandom(seed: 1)
        var parsed = 0
        for _ in 0..<200_000 {
            var bytes = plain(payload: Array(repeating: 0x55, count: Int(random.next() % 40)))
            for _ in 0..<(1 + random.next() % 4) {
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            bytes.removeLast(Int(random.next() % UInt64(bytes.count)))
            do {
                let packet = try parse(bytes)
                parsed += 1
                #expect(packet.payload.lowerBound >= 12 && packet.payload.upperBound <= bytes.count)
            } catch {
                continue
            }
        }
        #expect(parsed > 10_000)
    }
}

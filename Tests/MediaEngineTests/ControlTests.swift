import MediaEngine
import RTP
import SansIO
import Testing

@Suite("Reports")
struct ControlTests {
    /// The first report of a datagram.
    private func first(_ datagram: [UInt8]) -> (sender: SenderInfo?, blocks: [ReportBlock]) {
        datagram.withUnsafeBytes { buffer in
            var reader = ControlReader(buffer)
            do {
                switch try reader.next() {
                case .senderReport(_, let info, let blocks): return (info, Array(blocks))
                case .receiverReport(_, let blocks): return (nil, Array(blocks))
                default: Issue.record("A compound must begin with a report (RFC 3550 §6.1)")
                }
            } catch {
                Issue.record("The session sent what is not RTCP: \(error)")
            }
            return (nil, [])
        }
    }

    private func reply(sender: SenderInfo?, block: ReportBlock?, ssrc: UInt32 = 0xFEED) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 128)
        let count = bytes.withUnsafeMutableBytes { buffer in
            var writer = ControlWriter(buffer)
            writer.report(ssrc: ssrc, sender: sender, block: block)
            return writer.count
        }
        return Array(bytes.prefix(count))
    }

    @Test("Sender reports go out with counts, matching timestamps and what was lost; the answer tells the round trip")
    func reports() throws {
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        for number in 0..<500 where number % 10 != 5 {
            call.receive(
                VirtualCall.datagram(number, payload: VirtualCall.numbered(number)), at: Double(number * 20 + 1))
        }
        call.run(until: 10_000)
        #expect((2...6).contains(call.control.count))
        let report = first(try #require(call.control.last))
        let info = try #require(report.sender)
        #expect(info.packetCount > 100)
        #expect(info.octetCount == info.packetCount * 160)
        let block = try #require(report.blocks.first)
        #expect(block.ssrc == 0xFEED)
        #expect((20...30).contains(block.fractionLost))
        // The timestamp belongs to the instant: 8 units a millisecond since the first packet.
        let elapsed = Double(info.ntp.bits) / 4_294_967_296
        let units = Double(info.rtpTimestamp &- call.sent[0].header.timestamp)
        #expect(abs(units - elapsed * 8_000) < 2)

        var answer = block
        answer.ssrc = call.sent[0].header.ssrc
        answer.lastSenderReport = info.ntp.compact
        answer.delaySinceLastSenderReport = 65_536 / 10
        answer.cumulativeLost = 17
        answer.fractionLost = 128
        let sentAt = elapsed * 1_000
        let source = VirtualCall.far.withPort(4_001)
        call.run(until: 10_050)
        call.receiveControl(reply(sender: nil, block: answer), from: source, at: max(10_050, sentAt + 150))
        let statistics = call.channel.statistics
        let expected = (max(10_050, sentAt + 150) - sentAt - 100) * 1_000
        #expect(abs(Double(statistics.roundTripMicroseconds ?? 0) - expected) < 100)
        #expect(statistics.remotePacketsLost == 17)
        #expect(statistics.remoteFractionLost == 0.5)
    }

    @Test("Reports of a stranger are dropped")
    func stranger() {
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        call.receive(VirtualCall.datagram(1, payload: VirtualCall.numbered(1)), at: 1)
        let before = call.session.controlDestination
        call.receiveControl(reply(sender: nil, block: nil), from: VirtualCall.stranger, at: 10)
        #expect(call.channel.statistics.strangersDropped == 1)
        #expect(call.session.controlDestination == before)
        #expect(before.description == "192.0.2.1:4001")
    }

    @Test("Multiplexed RTCP goes to the RTP address and is taken from the RTP port (RFC 5761)")
    func multiplexed() {
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters { $0.multiplexesControl = true })
        call.receive(VirtualCall.datagram(1, payload: VirtualCall.numbered(1)), at: 1)
        #expect(call.session.controlDestination == VirtualCall.far)
        call.receive(reply(sender: nil, block: nil), at: 5)
        #expect(call.channel.statistics.invalidDropped == 0)
        #expect(call.channel.statistics.packetsReceived == 1)
    }

    @Test("Reports keep a call alive that suppresses silence; a BYE among them and strangers do not")
    func signOfLife() {
        var call = VirtualCall { $0.mediaTimeout = .seconds(5) }
        call.channel.start(VirtualCall.parameters())
        call.receive(VirtualCall.datagram(1, payload: VirtualCall.numbered(1)), at: 1)
        let source = VirtualCall.far.withPort(4_001)
        for second in 1...5 {
            call.receiveControl(reply(sender: nil, block: nil), from: source, at: Double(second * 4_000))
        }
        #expect(!call.events.contains(.timedOut))
        call.receiveControl(reply(sender: nil, block: nil), from: VirtualCall.stranger, at: 23_000)
        call.receiveControl(
            reply(sender: nil, block: nil) + [0x81, 203, 0, 1, 0, 0, 0xFE, 0xED], from: source, at: 24_000)
        call.run(until: 24_900)
        #expect(!call.events.contains(.timedOut))
        call.run(until: 25_100)
        #expect(call.events.filter { $0 == .timedOut }.count == 1)
    }

    @Test("RTCP BYE does not end anything; closing sends one")
    func goodbye() {
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        call.run(until: 500)
        let transmission = call.session.close(at: call.now)
        let datagram = Array(call.session.controlDatagram.prefix(transmission.controlLength))
        #expect(first(datagram).sender?.packetCount == 26)
        #expect(Array(datagram.suffix(8).prefix(4)) == [0x81, 203, 0, 1])
        call.session.reportClosed(at: call.now)
        #expect(call.channel.drain(uplink: { _, _ in }, event: { _ in }))
    }
}

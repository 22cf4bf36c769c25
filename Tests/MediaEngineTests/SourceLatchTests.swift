import MediaEngine
import RTP
import SansIO
import Testing

@Suite("Source latching")
struct SourceLatchTests {
    private func packet(_ number: Int, ssrc: UInt32 = 0xFEED) -> [UInt8] {
        VirtualCall.datagram(number, payload: VirtualCall.numbered(number), ssrc: ssrc)
    }

    /// A call whose far end has sent ten packets from its SDP address.
    private func latched() -> VirtualCall {
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        for number in 0..<10 { call.receive(packet(number), at: Double(number * 20 + 1)) }
        return call
    }

    @Test("A stranger can't hijack a latched stream, however much it sends and whatever it copies")
    func hijack() {
        var call = latched()
        for number in 10..<300 {
            let time = Double(number * 20 + 1)
            call.receive(packet(number), at: time)
            call.receive(packet(number + 1, ssrc: 0xBAD), from: VirtualCall.stranger, at: time + 5)
            call.receive(packet(number + 1), from: VirtualCall.stranger, at: time + 6)
        }
        #expect(call.session.mediaDestination == VirtualCall.far)
        #expect(call.uplink == (0..<300).flatMap { VirtualCall.numbered($0) })
        #expect(call.channel.statistics.strangersDropped == 580)
    }

    @Test("A stranger with another SSRC can't take over even after the far end has fallen silent")
    func silence() {
        var call = latched()
        for number in 0..<200 {
            call.receive(packet(number, ssrc: 0xBAD), from: VirtualCall.stranger, at: 3_000 + Double(number) * 20)
        }
        #expect(call.session.mediaDestination == VirtualCall.far)
        #expect(call.channel.statistics.strangersDropped == 200)
    }

    @Test("Behind a NAT another host is taken after 300 ms of nothing from SDP's host and four packets in a row")
    func addressTranslation() {
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        for number in 0..<30 {
            call.receive(packet(number), from: VirtualCall.stranger, at: Double(number * 20 + 1))
            let expected = number < 15 ? VirtualCall.far : VirtualCall.stranger
            #expect(call.session.mediaDestination == expected, "packet \(number)")
        }
        #expect(call.channel.statistics.strangersDropped == 15)
        // The address of SDP takes the stream back with its first packet.
        call.receive(packet(100), at: 700)
        #expect(call.session.mediaDestination == VirtualCall.far)
    }

    @Test("Another port of SDP's host is taken at once, and sent to")
    func otherPort() throws {
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        let source = try #require(SocketAddress(TransportAddress(host: "192.0.2.1", port: 61_000)))
        call.receive(packet(1), from: source, at: 1)
        #expect(call.session.mediaDestination == source)
        #expect(call.uplink.count == 160)
    }

    @Test("The same source from another address is followed once the old address has been silent for a second")
    func moved() {
        var call = latched()
        for number in 10..<40 {
            call.receive(packet(number), from: VirtualCall.stranger, at: 200 + Double(number - 10) * 20)
        }
        #expect(call.session.mediaDestination == VirtualCall.far)
        for number in 40..<80 {
            call.receive(packet(number), from: VirtualCall.stranger, at: 200 + Double(number - 10) * 20)
        }
        #expect(call.session.mediaDestination == VirtualCall.stranger)
    }

    @Test("A new address in SDP is sent to at once; the old source is heard until the new one speaks")
    func newDescription() {
        var call = latched()
        call.channel.start(VirtualCall.parameters { $0.remote = TransportAddress(host: "203.0.113.5", port: 7_000) })
        call.receive(packet(10), at: 210)
        #expect(call.session.mediaDestination.description == "203.0.113.5:7000")
        #expect(call.uplink.count == 11 * 160)
        let source = SocketAddress(TransportAddress(host: "203.0.113.5", port: 7_000)) ?? .none
        call.receive(packet(500, ssrc: 5), from: source, at: 230)
        call.receive(packet(11), at: 231)
        #expect(call.session.mediaDestination == source)
        #expect(call.uplink.count == 12 * 160)
        #expect(call.channel.statistics.strangersDropped == 1)
    }

    @Test("Noise from the far end's address is not RTP: counted, never handed up")
    func noise() {
        var call = latched()
        call.receive([0, 1, 2], at: 300)
        call.receive(VirtualCall.datagram(11, payload: [1], payloadType: 77), at: 301)
        call.receive(Array(repeating: 0xFF, count: 400), at: 302)
        #expect(call.channel.statistics.invalidDropped == 3)
        #expect(call.uplink.count == 10 * 160)
    }
}

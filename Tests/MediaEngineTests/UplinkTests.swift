import Audio
import MediaEngine
import RTP
import SansIO
import Testing

@Suite("The way up")
struct UplinkTests {
    @Test("Packets in order go up at once, byte for byte; before the start they are discarded")
    func inOrder() {
        var call = VirtualCall()
        call.receive(VirtualCall.datagram(9, payload: VirtualCall.numbered(9)), at: 5)
        call.channel.start(VirtualCall.parameters())
        var expected: [UInt8] = []
        for number in 10..<60 {
            let payload = VirtualCall.numbered(number)
            expected += payload
            call.receive(VirtualCall.datagram(number, payload: payload), at: Double(number * 20 + 7))
            #expect(call.uplink == expected)
        }
        #expect(call.events == [.started(at: Instant(nanoseconds: 207_000_000))])
        #expect(call.channel.statistics.packetsReceived == 50)
    }

    @Test(
        "With seeded loss, jitter, reordering and duplicates no sample is said twice, none out of order, and the timeline is kept",
        arguments: 0..<30 as Range<UInt64>)
    func lossy(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var call = VirtualCall(seed: seed)
        call.channel.start(VirtualCall.parameters())
        let first = 65_000 + Int(random.next() % 500)
        var arrivals: [(time: Double, number: Int)] = []
        for number in first..<(first + 1_000) {
            if number > first, number < first + 999, random.chance(0.05) { continue }
            let sent = Double(number - first) * 20 + 40
            let time = number == first ? sent : sent + Double(random.next() % 35)
            arrivals.append((time, number))
            if random.chance(0.05) { arrivals.append((time + Double(random.next() % 30), number)) }
        }
        arrivals.sort { $0.time < $1.time }
        for arrival in arrivals {
            // Bytes 0…0x7F of µ-law are loud and negative: neither silence nor concealment begins with the two of a packet.
            let payload = VirtualCall.numbered(arrival.number - first)
            call.receive(VirtualCall.datagram(arrival.number, payload: payload), at: arrival.time)
        }
        call.run(until: 20 * 1_000 + 100)
        #expect(call.uplink.count == 1_000 * 160, "one packet time a packet, lost ones included")
        let received = Set(arrivals.map { $0.number - first })
        var said: Set<Int> = []
        for index in 0..<min(1_000, call.uplink.count / 160) {
            let piece = Array(call.uplink[(index * 160)..<(index * 160 + 160)])
            if piece == VirtualCall.numbered(index) { said.insert(index) }
        }
        #expect(said == received)
        let statistics = call.channel.statistics
        #expect(statistics.packetsLost == 1_000 - UInt64(received.count))
        #expect(statistics.packetsDuplicate == UInt64(arrivals.count - received.count))
        #expect(statistics.packetsLate == 0)
    }

    @Test("A gap is concealed by what was before it, fading to silence within 60 ms")
    func concealment() {
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        var tone = ToneGenerator(frequency: 400)
        for number in 0..<10 {
            let payload = G711.encode(tone.samples(160), .mu)
            call.receive(VirtualCall.datagram(number, payload: payload), at: Double(number * 20 + 1))
        }
        call.receive(
            VirtualCall.datagram(15, payload: Array(repeating: 0xFF, count: 160)), at: 15 * 20 + 1)
        call.run(until: 500)
        #expect(call.uplink.count == 16 * 160)
        func level(_ packet: Int) -> Double {
            LevelMeter.level(of: G711.decode(Array(call.uplink[(packet * 160)..<(packet * 160 + 160)]), .mu))
        }
        #expect(level(10) > -20)
        #expect(level(10) > level(11) && level(11) > level(12) && level(12) > -60)
        #expect(level(13) < -60)
        #expect(call.channel.statistics.bytesConcealed == 480)
        #expect(call.channel.statistics.packetsLost == 5)
    }

    @Test("Silence that the far end suppresses is filled in: by the clock while it lasts, never twice")
    func suppressedSilence() {
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        var time = 1.0
        var number = 0
        var timestamp = 0
        for talkspurt in 0..<5 {
            for _ in 0..<50 {
                call.receive(
                    VirtualCall.datagram(
                        number, payload: VirtualCall.numbered(number), marker: false, timestamp: timestamp), at: time)
                number += 1
                timestamp += 160
                time += 20
            }
            // 1.5 s of nothing.
            time += 1_500
            timestamp += 12_000
            call.run(until: time - 1)
            let elapsed = Int((time - 1) * 8)
            #expect(abs(call.uplink.count - elapsed) < 800, "after talkspurt \(talkspurt) the clocks agree to 100 ms")
        }
        let spoken = (0..<number).filter { index in
            let wanted = VirtualCall.numbered(index)
            return call.uplink.indices.dropLast(159).contains {
                call.uplink[$0] == wanted[0] && call.uplink[$0 + 1] == wanted[1]
                    && Array(call.uplink[$0..<($0 + 160)]) == wanted
            }
        }
        #expect(spoken.count == number)
        #expect(call.channel.statistics.packetsLost == 0)
    }

    @Test(
        "When the network stalls and then delivers all, nothing is lost, and the silence filled in meanwhile is taken back"
    )
    func stall() {
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        for number in 0..<10 {
            call.receive(
                VirtualCall.datagram(number, payload: VirtualCall.numbered(number)), at: Double(number * 20 + 1))
        }
        for number in 10..<40 {
            call.receive(VirtualCall.datagram(number, payload: VirtualCall.numbered(number)), at: 801)
        }
        let filled = call.channel.statistics.bytesFilled
        #expect(filled > 3_000)
        #expect(call.uplink.count == 40 * 160 + Int(filled))
        // A second of suppressed silence follows: it is shorter by what was filled in before.
        call.receive(
            VirtualCall.datagram(40, payload: VirtualCall.numbered(40), timestamp: 40 * 160 + 8_000), at: 1_810)
        #expect(call.uplink.count == 41 * 160 + 8_000)
    }

    @Test("A new SSRC and a jump of the timestamps begin anew, without a flood of silence")
    func restart() {
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        call.receive(VirtualCall.datagram(1, payload: VirtualCall.numbered(1)), at: 1)
        call.receive(VirtualCall.datagram(2, payload: VirtualCall.numbered(2), timestamp: 9_000_000), at: 21)
        call.receive(VirtualCall.datagram(40_000, payload: VirtualCall.numbered(3), ssrc: 2), at: 41)
        call.receive(VirtualCall.datagram(40_001, payload: VirtualCall.numbered(4), ssrc: 2), at: 61)
        #expect(call.uplink == (1...4).flatMap { VirtualCall.numbered($0) })
    }

    @Test("Packets of 10, 30 and 60 ms and mixed ones are taken as they come")
    func packetTimes() {
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        var timestamp = 0
        var expected: [UInt8] = []
        for (number, samples) in [80, 240, 480, 160, 80].enumerated() {
            let payload = VirtualCall.numbered(number, samples: samples)
            expected += payload
            call.receive(
                VirtualCall.datagram(number, payload: payload, timestamp: timestamp), at: Double(timestamp / 8 + 1))
            timestamp += samples
        }
        #expect(call.uplink == expected)
    }

    @Test("The other law of G.711 is converted to that of the stream")
    func otherLaw() {
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        let samples = ToneGenerator.samples(440)
        call.receive(VirtualCall.datagram(1, payload: G711.encode(samples, .a), payloadType: 8), at: 1)
        let heard = G711.decode(call.uplink, .mu)
        #expect(heard.count == 160)
        #expect(zip(heard, samples).allSatisfy { abs(Int($0) - Int($1)) < 600 })
    }

    @Test("Keys are peeled off, reported once each, and silence stands in for them")
    func keys() {
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        var sender = TelephoneEventSender()
        _ = sender.enqueue(code: 7)
        _ = sender.enqueue(code: 11)
        for number in 0..<60 {
            let action = sender.tick(timestamp: UInt32(number * 160), units: 160)
            guard case .send(let output) = action else {
                call.receive(
                    VirtualCall.datagram(number, payload: VirtualCall.numbered(number)), at: Double(number * 20 + 1))
                continue
            }
            var payload = [UInt8](repeating: 0, count: 4)
            payload.withUnsafeMutableBytes { _ = output.event.write(into: $0) }
            call.receive(
                VirtualCall.datagram(
                    number, payload: payload, payloadType: 101, marker: output.marker,
                    timestamp: Int(output.timestamp)), at: Double(number * 20 + 1))
        }
        let digits = call.events.compactMap { if case .digit(let key, let time) = $0 { (key, time) } else { nil } }
        #expect(digits.map(\.0) == ["7", "#"])
        #expect(digits.allSatisfy { $0.1 == 160 })
        #expect(abs(call.uplink.count - 60 * 160) <= 10 * 160, "but for the first press, with which it began")
        #expect(call.channel.statistics.packetsLost == 0)
    }

    @Test("No RTP for the configured time is reported once, and again only after RTP was back")
    func timeOut() {
        var call = VirtualCall { $0.mediaTimeout = .seconds(5) }
        call.channel.start(VirtualCall.parameters())
        call.run(until: 12_000)
        #expect(call.events == [.timedOut])
        call.receive(VirtualCall.datagram(1, payload: VirtualCall.numbered(1)), at: 13_000)
        call.run(until: 20_000)
        #expect(call.events.filter { $0 == .timedOut }.count == 2)
    }

    @Test("While held nothing goes up, nothing is filled in, and no time-out counts")
    func hold() {
        var call = VirtualCall { $0.mediaTimeout = .seconds(5) }
        call.channel.start(VirtualCall.parameters())
        call.receive(VirtualCall.datagram(1, payload: VirtualCall.numbered(1)), at: 1)
        call.channel.start(VirtualCall.parameters { $0.direction = .inactive })
        call.run(until: 30_000)
        #expect(call.uplink.count == 160)
        call.channel.start(VirtualCall.parameters())
        call.receive(VirtualCall.datagram(2, payload: VirtualCall.numbered(2), timestamp: 320 + 240_000), at: 30_001)
        #expect(call.uplink.count == 320)
        #expect(!call.events.contains(.timedOut))
    }

    @Test("No datagram traps the session: 100,000 mutations of RTP and RTCP from the far end's address")
    func mutations() {
        var random = SeededRandom(seed: 4)
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        for step in 0..<100_000 {
            let type: UInt8 = [0, 8, 13, 101, 72][Int(random.next() % 5)]
            var bytes = VirtualCall.datagram(
                step / 3, payload: Array(repeating: 7, count: Int(random.next() % 1_500)), payloadType: type,
                marker: random.chance(0.3))
            for _ in 0..<(random.next() % 4) {
                bytes[Int(random.next() % UInt64(min(bytes.count, 40)))] = UInt8(truncatingIfNeeded: random.next())
            }
            call.receive(bytes, at: Double(step) * 7)
        }
        let statistics = call.channel.statistics
        #expect(statistics.packetsReceived > 10_000)
        #expect(statistics.invalidDropped > 1_000)
    }
}

extension ToneGenerator {
    /// A packet of a tone.
    static func samples(_ frequency: Double) -> [Int16] {
        var generator = ToneGenerator(frequency: frequency)
        return generator.samples(160)
    }
}

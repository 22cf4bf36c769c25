import Audio
import MediaEngine
import RTP
import SansIO
import Testing

@Suite("Playout")
struct PlayoutTests {
    private func instant(_ milliseconds: Int) -> Instant { Instant(nanoseconds: Int64(milliseconds) * 1_000_000) }

    private func bytes(_ count: Int, from first: Int = 0) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: ($0 + first) % 100 + 1) }
    }

    @Test("One packet a tick, silence when there is nothing to say, marker only on the first, clock unbroken")
    func pacing() {
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        call.run(until: 980)
        #expect(call.sent.count == 50)
        for (index, packet) in call.sent.enumerated() {
            #expect(packet.header.marker == (index == 0))
            #expect(packet.at == instant(index * 20))
            #expect(packet.header.sequenceNumber == call.sent[0].header.sequenceNumber &+ UInt16(index))
            #expect(packet.header.timestamp == call.sent[0].header.timestamp &+ UInt32(index * 160))
            #expect(packet.payload == Array(repeating: 0xFF, count: 160))
        }
    }

    @Test("What is played leaves byte for byte, and the ledger says when", arguments: [10, 20, 30, 40, 60])
    func ledger(packetTime: Int) {
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters { $0.packetTime = packetTime })
        call.run(until: 180)
        let begun = call.session.nextTick
        call.channel.play(bytes(700), tag: 1)
        call.channel.play(bytes(533, from: 700), tag: 1)
        call.channel.finish(tag: 1)
        call.channel.play(bytes(999), tag: 2)
        call.channel.finish(tag: 2)
        call.run(until: 1_000)
        let audio = call.sent.filter { $0.at >= begun }.flatMap(\.payload)
        #expect(Array(audio.prefix(1_233 + 999)) == bytes(1_233) + bytes(999))
        #expect(audio.dropFirst(1_233 + 999).allSatisfy { $0 == 0xFF })
        #expect(call.sent.allSatisfy { $0.payload.count == packetTime * 8 })
        let ledger = call.channel.ledger
        #expect(ledger.bytes(of: 1, sentBy: .distantFuture) == 1_233)
        #expect(ledger.bytes(of: 2, sentBy: .distantFuture) == 999)
        // At every instant the ledger knows what had left.
        for packet in call.sent where packet.at >= begun {
            let left = call.sent.filter { $0.at >= begun && $0.at <= packet.at }.count * packetTime * 8
            #expect(ledger.bytes(of: 1, sentBy: packet.at) == min(left, 1_233))
            #expect(ledger.bytes(of: 2, sentBy: packet.at) == min(max(0, left - 1_233), 999))
        }
        for run in ledger.runs {
            let packet = call.sent.last { Int32(bitPattern: $0.header.timestamp &- run.rtpTimestamp) <= 0 }
            #expect(packet?.at == run.start)
        }
        let step = packetTime
        func last(_ count: Int) -> Instant { begun + .milliseconds((count - 1) / (step * 8) * step) }
        #expect(
            call.events == [
                .playoutStarted(tag: 1, at: begun), .playoutEnded(tag: 1, played: 1_233, at: last(1_233)),
                .playoutStarted(tag: 2, at: last(1_234)), .playoutEnded(tag: 2, played: 999, at: last(2_232)),
                .drained(at: last(2_232)),
            ])
    }

    @Test("While a run goes on the ledger already knows its bytes")
    func openRun() {
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        call.channel.play(bytes(80_000), tag: 3)
        call.run(until: 100)
        #expect(call.channel.ledger.bytes(of: 3, sentBy: instant(100)) == 6 * 160)
        #expect(call.channel.ledger.bytes(of: 3, sentBy: instant(119)) == 6 * 160)
    }

    @Test("A tag that comes piecemeal and runs dry is drained each time, and ends when it is finished")
    func piecemeal() {
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        call.channel.play(bytes(160), tag: 1)
        call.run(until: 100)
        call.channel.play(bytes(100), tag: 1)
        call.run(until: 200)
        call.channel.finish(tag: 1)
        call.run(until: 300)
        #expect(
            call.events == [
                .playoutStarted(tag: 1, at: .zero), .drained(at: .zero), .drained(at: instant(120)),
                .playoutEnded(tag: 1, played: 260, at: instant(220)),
            ])
        #expect(call.channel.ledger.runs.map(\.count) == [160, 100])
        #expect(call.channel.ledger.runs.map(\.firstByte) == [0, 160])
    }

    @Test("A flush fades within the next packet; what was really played is told, and later audio comes through")
    func flush() {
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        var tone = ToneGenerator(frequency: 1_000, level: -10)
        call.channel.play(G711.encode(tone.samples(8_000), .mu), tag: 1)
        call.channel.finish(tag: 1)
        call.channel.play(bytes(400), tag: 2)
        call.run(until: 195)
        call.channel.flush()
        call.channel.play(bytes(160), tag: 3)
        call.channel.finish(tag: 3)
        call.run(until: 400)
        #expect(
            call.events == [
                .playoutStarted(tag: 1, at: .zero),
                .flushed(tag: 1, played: 1_664, dropped: 8_000 - 1_664 + 400, at: instant(200)),
                .playoutStarted(tag: 3, at: instant(220)), .playoutEnded(tag: 3, played: 160, at: instant(220)),
                .drained(at: instant(220)),
            ])
        // Ticks 0…9 are tone, tick 10 fades in 8 ms, tick 11 says what came later.
        let fading = G711.decode(call.sent[10].payload, .mu)
        #expect(fading.prefix(16).map { abs(Int($0)) }.max() ?? 0 > 6_000)
        #expect(fading[48..<64].allSatisfy { abs(Int($0)) < 5_000 })
        #expect(fading[62..<64].allSatisfy { abs(Int($0)) < 700 })
        #expect(fading[64...].allSatisfy { $0 == 0 })
        #expect(call.sent[11].payload == bytes(160))
        #expect(call.channel.ledger.bytes(of: 1, sentBy: .distantFuture) == 1_664)
        #expect(call.channel.ledger.bytes(of: 2, sentBy: .distantFuture) == 0)
    }

    @Test("A flush of nothing says so; a flush before the first packet plays nothing")
    func emptyFlush() {
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        call.run(until: 100)
        call.channel.flush()
        call.run(until: 130)
        call.channel.play(bytes(1_000), tag: 9)
        call.channel.flush()
        call.run(until: 200)
        #expect(
            call.events == [
                .flushed(tag: nil, played: 0, dropped: 0, at: instant(120)),
                .flushed(tag: nil, played: 0, dropped: 1_000, at: instant(140)),
            ])
        #expect(call.sent.allSatisfy { $0.payload.allSatisfy { $0 == 0xFF } })
    }

    @Test("A tag that has run dry unfinished is flushed as well; its end is not reported twice")
    func flushBetween() {
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        call.channel.play(bytes(320), tag: 1)
        call.run(until: 100)
        call.channel.flush()
        call.channel.finish(tag: 1)
        call.run(until: 200)
        #expect(
            call.events == [
                .playoutStarted(tag: 1, at: .zero), .drained(at: instant(20)),
                .flushed(tag: 1, played: 320, dropped: 0, at: instant(120)),
            ])
    }

    @Test("Keys go out as events with their own timestamps while the queue waits, then audio goes on")
    func digits() {
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        call.channel.play(bytes(1_600), tag: 1)
        call.run(until: 80)
        call.channel.sendDigits("4x2")
        call.run(until: 1_500)
        let events = call.sent.filter { $0.header.payloadType == 101 }
        #expect(events.map(\.payload[0]) == Array(repeating: 4, count: 10) + Array(repeating: 2, count: 10))
        #expect(Set(events.map(\.header.timestamp)).count == 2)
        #expect(events.filter(\.header.marker).count == 2)
        let audio = call.sent.filter { $0.header.payloadType == 0 }.flatMap(\.payload).filter { $0 != 0xFF }
        #expect(audio == bytes(1_600))
        for (index, packet) in call.sent.enumerated() where packet.header.payloadType == 0 {
            #expect(packet.header.timestamp == call.sent[0].header.timestamp &+ UInt32(index * 160))
        }
        #expect(call.channel.ledger.bytes(of: 1, sentBy: .distantFuture) == 1_600)
    }

    @Test("While held nothing is sent and the queue waits; resuming sets the marker and keeps SSRC and clock")
    func hold() {
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        call.channel.play(bytes(1_600), tag: 1)
        call.run(until: 80)
        call.channel.start(VirtualCall.parameters { $0.direction = .receiveOnly })
        call.run(until: 980)
        #expect(call.sent.count == 5)
        call.channel.start(VirtualCall.parameters())
        call.run(until: 1_300)
        #expect(call.sent.flatMap(\.payload).filter { $0 != 0xFF } == bytes(1_600))
        #expect(call.sent[5].header.marker)
        #expect(call.sent[5].header.ssrc == call.sent[0].header.ssrc)
        #expect(call.sent[5].header.timestamp == call.sent[0].header.timestamp &+ 50 * 160)
        #expect(call.sent[5].header.sequenceNumber == call.sent[4].header.sequenceNumber &+ 1)
        call.channel.start(VirtualCall.parameters { $0.remote.host = "0.0.0.0" })
        let count = call.sent.count
        call.run(until: 2_000)
        #expect(call.sent.count == count, "0.0.0.0 is the old form of hold")
    }

    @Test("A codec that changes in mid-call changes on the wire only")
    func codecChange() {
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        call.run(until: 100)
        call.channel.start(
            VirtualCall.parameters {
                $0.codec = .pcma; $0.sendPayloadType = 8; $0.receivePayloadType = 8
            })
        let samples = ToneGenerator.samples(500)
        call.channel.play(G711.encode(samples, .mu), tag: 1)
        call.run(until: 120)
        let last = call.sent[call.sent.count - 1]
        #expect(last.header.payloadType == 8)
        #expect(zip(G711.decode(last.payload, .a), samples).allSatisfy { abs(Int($0) - Int($1)) < 700 })
    }

    @Test("A driver that comes late catches up a few packets; beyond, time is skipped and counted")
    func late() {
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        call.run(until: 100)
        let before = call.sent[call.sent.count - 1].header
        _ = call.session.tick(at: instant(1_000))
        #expect(call.session.nextTick == instant(1_020))
        #expect(call.channel.statistics.ticksSkipped == 44)
        call.run(until: 1_020)
        let after = call.sent[call.sent.count - 1].header
        #expect(after.timestamp &- before.timestamp == 46 * 160)
        #expect(after.sequenceNumber &- before.sequenceNumber == 2)
    }

    @Test("Hundreds of tags and thousands of pieces come out complete, whatever the pieces")
    func pieces() {
        var random = SeededRandom(seed: 8)
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        var expected: [UInt8] = []
        var ended: [UInt32: Int] = [:]
        for tag in 0..<300 as Range<UInt32> {
            var total = 0
            for _ in 0..<(1 + random.next() % 12) {
                let piece = bytes(1 + Int(random.next() % 700), from: expected.count)
                call.channel.play(piece, tag: tag)
                expected += piece
                total += piece.count
            }
            call.channel.finish(tag: tag)
            ended[tag] = total
            if tag % 50 == 49 { call.run(until: Double(expected.count) / 8 + 1_000) }
        }
        call.run(until: Double(expected.count) / 8 + 10_000)
        #expect(call.sent.flatMap(\.payload).filter { $0 != 0xFF } == expected)
        let told = call.events.compactMap { event -> (UInt32, Int)? in
            if case .playoutEnded(let tag, let played, _) = event { (tag, played) } else { nil }
        }
        #expect(Dictionary(uniqueKeysWithValues: told) == ended)
        #expect(call.channel.statistics.eventsLost == 0)
    }
}

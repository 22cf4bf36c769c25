import Audio
import Foundation
import MediaEngine
import RTP
import SansIO
import TestSupport
import Testing

@Suite("Playout that is paused")
struct PauseTests {
    private func instant(_ milliseconds: Int) -> Instant { Instant(nanoseconds: Int64(milliseconds) * 1_000_000) }

    /// Loud, and no silence among it.
    private func bytes(_ count: Int, from first: Int = 0) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: ($0 + first) % 100 + 1) }
    }

    @Test("The queue is held from the next tick on and goes on where it stopped, with a fade of 8 ms on both sides")
    func pauseAndResume() {
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        call.channel.play(bytes(1_600), tag: 1)
        call.channel.finish(tag: 1)
        call.run(until: 75)
        call.channel.pause()
        call.run(until: 495)
        #expect(call.channel.ledger.bytes(of: 1, sentBy: instant(495)) == 704)
        call.channel.resume()
        call.run(until: 1_000)
        let wire = call.sent.flatMap(\.payload)
        // Ticks 0…3 are whole, tick 4 fades out; tick 25 fades in.
        #expect(Array(wire[..<640]) == bytes(640))
        #expect(wire[640..<704].allSatisfy { $0 != 0xFF })
        #expect(abs(Int(G711.decode([wire[703]], .mu)[0])) < 700)
        #expect(wire[704..<4_000].allSatisfy { $0 == 0xFF })
        #expect(abs(Int(G711.decode([wire[4_000]], .mu)[0])) < 700)
        #expect(Array(wire[4_064..<4_896]) == bytes(832, from: 768))
        #expect(wire[4_896...].allSatisfy { $0 == 0xFF })
        #expect(
            call.events == [
                .playoutStarted(tag: 1, at: .zero), .playoutEnded(tag: 1, played: 1_600, at: instant(600)),
                .drained(at: instant(600)),
            ])
        let runs = call.channel.ledger.runs
        #expect(runs.map(\.firstByte) == [0, 704])
        #expect(runs.map(\.count) == [704, 896])
        #expect(runs.map(\.start) == [.zero, instant(500)])
        #expect(call.channel.ledger.bytes(of: 1, sentBy: instant(499)) == 704)
        for (index, packet) in call.sent.enumerated() {
            #expect(packet.header.timestamp == call.sent[0].header.timestamp &+ UInt32(index * 160))
        }
    }

    @Test("A pause that is over before the next tick changes nothing")
    func shortPause() {
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        call.channel.play(bytes(1_600), tag: 1)
        call.run(until: 70)
        call.channel.pause()
        call.channel.pause()
        call.channel.resume()
        call.run(until: 400)
        #expect(call.sent.flatMap(\.payload).prefix(1_600) == bytes(1_600)[...])
        #expect(call.channel.ledger.runs.map(\.count) == [1_600])
        call.channel.resume()
        call.channel.play(bytes(160), tag: 2)
        call.run(until: 500)
        #expect(call.channel.ledger.bytes(of: 2, sentBy: .distantFuture) == 160)
    }

    @Test("A flush drops what is held, tells what was played, and ends the pause")
    func flush() {
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        call.channel.play(bytes(1_600), tag: 1)
        call.channel.play(bytes(100), tag: 2)
        call.run(until: 75)
        call.channel.pause()
        call.run(until: 195)
        call.channel.flush()
        call.channel.play(bytes(320), tag: 3)
        call.channel.finish(tag: 3)
        call.run(until: 400)
        #expect(
            call.events == [
                .playoutStarted(tag: 1, at: .zero), .flushed(tag: 1, played: 704, dropped: 996, at: instant(200)),
                .playoutStarted(tag: 3, at: instant(200)), .playoutEnded(tag: 3, played: 320, at: instant(220)),
                .drained(at: instant(220)),
            ])
        #expect(call.sent[10].payload + call.sent[11].payload == bytes(320))
    }

    @Test("A flush in the same tick as the pause fades as ever; a pause behind a flush holds what comes")
    func flushAndPause() {
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        call.channel.play(bytes(1_600), tag: 1)
        call.run(until: 75)
        call.channel.pause()
        call.channel.flush()
        call.channel.pause()
        call.channel.play(bytes(160), tag: 2)
        call.channel.finish(tag: 2)
        call.run(until: 200)
        #expect(
            call.events == [
                .playoutStarted(tag: 1, at: .zero), .flushed(tag: 1, played: 704, dropped: 896, at: instant(80)),
            ])
        call.channel.resume()
        call.run(until: 300)
        #expect(call.events.suffix(3).first == .playoutStarted(tag: 2, at: instant(220)))
        #expect(call.sent[11].payload == bytes(160), "nothing was cut: nothing fades in")
    }

    @Test("Audio that comes during a pause waits, also when nothing was queued; a part that ends in the fade has ended")
    func comingDuringPause() {
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        call.run(until: 75)
        call.channel.pause()
        call.channel.play(bytes(320), tag: 1)
        call.channel.finish(tag: 1)
        call.run(until: 300)
        #expect(call.events == [])
        call.channel.resume()
        call.run(until: 400)
        #expect(
            call.events == [
                .playoutStarted(tag: 1, at: instant(320)), .playoutEnded(tag: 1, played: 320, at: instant(340)),
                .drained(at: instant(340)),
            ])
        #expect(call.sent[16].payload == bytes(160))
        call.channel.play(bytes(190), tag: 2)
        call.channel.finish(tag: 2)
        call.channel.play(bytes(160), tag: 3)
        call.run(until: 420)
        call.channel.pause()
        call.run(until: 600)
        #expect(
            call.events.suffix(3) == [
                .playoutStarted(tag: 2, at: instant(420)), .playoutEnded(tag: 2, played: 190, at: instant(440)),
                .playoutStarted(tag: 3, at: instant(440)),
            ])
        #expect(call.channel.ledger.bytes(of: 3, sentBy: .distantFuture) == 34)
    }

    @Test("Keys are sent during a pause")
    func keys() {
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        call.channel.play(bytes(800), tag: 1)
        call.run(until: 35)
        call.channel.pause()
        call.channel.sendDigits("5")
        call.run(until: 1_000)
        #expect(call.sent.contains { $0.header.payloadType == 101 })
        call.channel.resume()
        call.run(until: 2_000)
        #expect(call.channel.ledger.bytes(of: 1, sentBy: .distantFuture) == 800)
        #expect(call.sent.filter { $0.header.payloadType == 0 }.flatMap(\.payload).filter { $0 != 0xFF }.count == 800)
    }

    @Test("A recording has what was sent, pauses and fades included, in step")
    func recording() throws {
        let folder = try TemporaryFolder("moonline-recording")
        let recording = try SteppedRecording(path: folder.file("recording.wav"))
        var call = VirtualCall()
        call.channel.start(VirtualCall.parameters())
        recording.begin(on: call.channel)
        call.channel.play(bytes(4_000), tag: 1)
        call.run(until: 195)
        call.channel.pause()
        call.run(until: 595)
        call.channel.resume()
        call.run(until: 1_500)
        _ = call.session.close(at: call.now)
        recording.write()
        recording.finish()
        let file = try WAVFile(parsing: Array(Data(contentsOf: URL(fileURLWithPath: folder.file("recording.wav")))))
        let right = file.channel(1)
        let wire = G711.decode(call.sent.flatMap(\.payload), .mu)
        let count = min(right.count, wire.count)
        #expect(count >= 8_000)
        #expect(Array(right[..<count]) == Array(wire[..<count]))
    }

    @Test("Whatever is played, held, let go and dropped: the ledger names every byte that was sent, once")
    func anything() {
        for seed in 0..<300 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            var call = VirtualCall(seed: seed)
            call.channel.start(VirtualCall.parameters { $0.packetTime = [10, 20, 30][Int(seed % 3)] })
            var source: [UInt32: [UInt8]] = [:]
            var tag: UInt32 = 1
            var time = 0.0
            var cuts = 0
            for _ in 0..<60 {
                switch random.next() % 9 {
                case 0...3:
                    let piece = bytes(1 + Int(random.next() % 900), from: Int(random.next() % 100))
                    source[tag, default: []] += piece
                    call.channel.play(piece, tag: tag)
                case 4:
                    call.channel.finish(tag: tag)
                    tag += 1
                case 5, 6:
                    call.channel.pause()
                    cuts += 2
                case 7: call.channel.resume()
                default:
                    if random.chance(0.3) {
                        call.channel.flush()
                        cuts += 1
                        tag += 1
                    }
                }
                time += Double(random.next() % 120)
                call.run(until: time)
            }
            call.channel.resume()
            call.channel.finish(tag: tag)
            call.run(until: time + 10_000)
            check(call.sent, call.channel.ledger, call.events, source, cuts: cuts, seed: seed)
        }
    }

    private func check(
        _ sent: [(header: PacketHeader, payload: [UInt8], at: Instant)], _ ledger: PlayoutLedger,
        _ events: [MediaEvent], _ source: [UInt32: [UInt8]], cuts: Int, seed: UInt64
    ) {
        var wire = sent.flatMap(\.payload)
        var next: [UInt32: Int] = [:]
        var changed = 0
        for run in ledger.runs {
            let offset = Int(run.rtpTimestamp &- sent[0].header.timestamp)
            let count = run.count ?? 0
            #expect(run.firstByte == next[run.tag, default: 0], "seed \(seed): runs follow each other")
            next[run.tag] = run.firstByte + count
            let said = Array(source[run.tag, default: []][run.firstByte..<run.firstByte + count])
            let heard = Array(wire[offset..<offset + count])
            changed += zip(said, heard).filter { $0 != $1 }.count
            let levels = zip(G711.decode(said, .mu), G711.decode(heard, .mu))
            #expect(levels.allSatisfy { abs(Int($0)) >= abs(Int($1)) }, "seed \(seed): a fade is never louder")
            for index in offset..<offset + count { wire[index] = 0xFF }
        }
        #expect(wire.allSatisfy { $0 == 0xFF }, "seed \(seed): nothing is sent that the ledger doesn't know")
        #expect(changed <= cuts * 64, "seed \(seed)")
        for event in events {
            switch event {
            case .playoutEnded(let tag, let played, _):
                #expect(
                    played == source[tag, default: []].count && played == next[tag, default: 0],
                    "seed \(seed): \(tag) is whole")
            case .flushed(let tag?, let played, _, _): #expect(played == next[tag], "seed \(seed): \(tag) was cut")
            default: break
            }
        }
    }
}

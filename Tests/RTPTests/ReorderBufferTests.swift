import RTP
import SansIO
import Testing

@Suite("Reordering")
struct ReorderBufferTests {
    /// What came out: sequence numbers, and losses as negative counts.
    private struct Output: Equatable {
        var numbers: [Int] = []
        var duplicates = 0
        var late = 0
        var refused = 0
        var restarts = 0

        mutating func receive(
            _ number: Int, into buffer: inout ReorderBuffer, at milliseconds: Double, ssrc: UInt32 = 1
        ) {
            let now = Instant(nanoseconds: Int64(milliseconds * 1e6))
            let header = PacketHeader(
                payloadType: 0, sequenceNumber: UInt16(truncatingIfNeeded: number), timestamp: 0, ssrc: ssrc)
            let payload = [UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8)]
            payload.withUnsafeBytes { bytes in
                var arrival = buffer.insert(header, payload: bytes, at: now)
                if arrival == .windowExceeded {
                    drain(&buffer, at: .distantFuture)
                    arrival = buffer.insert(header, payload: bytes, at: now)
                }
                switch arrival {
                case .inOrder(let lost):
                    if lost > 0 { numbers.append(-lost) }
                    numbers.append(number & 0xFFFF)
                case .restarted:
                    restarts += 1
                    numbers.append(number & 0xFFFF)
                case .duplicate: duplicates += 1
                case .late: late += 1
                case .refused: refused += 1
                case .stored, .windowExceeded: break
                }
            }
            drain(&buffer, at: now)
        }

        mutating func drain(_ buffer: inout ReorderBuffer, at now: Instant) {
            while let release = buffer.next(at: now) {
                switch release {
                case .gap(let lost): numbers.append(-lost)
                case .packet(let header, let payload, _):
                    #expect(Int(payload[0]) | Int(payload[1]) << 8 == Int(header.sequenceNumber))
                    numbers.append(Int(header.sequenceNumber))
                }
            }
        }
    }

    @Test("Packets in order are released at once, over the wrap of the sequence number")
    func inOrder() {
        var buffer = ReorderBuffer()
        var output = Output()
        for number in 65_530..<65_546 { output.receive(number, into: &buffer, at: Double(number)) }
        #expect(output.numbers == (65_530..<65_546).map { $0 & 0xFFFF })
        #expect(buffer.nextDeadline == nil)
    }

    @Test("Behind a gap packets wait, and follow as soon as the missing one comes")
    func reordered() {
        var buffer = ReorderBuffer()
        var output = Output()
        output.receive(1, into: &buffer, at: 0)
        output.receive(3, into: &buffer, at: 20)
        output.receive(4, into: &buffer, at: 21)
        #expect(output.numbers == [1])
        #expect(buffer.nextDeadline == Instant(nanoseconds: 60_000_000))
        output.receive(2, into: &buffer, at: 25)
        #expect(output.numbers == [1, 2, 3, 4])
    }

    @Test("A gap is reported once its wait is over; what comes then is late, a copy of that is a duplicate")
    func gap() {
        var buffer = ReorderBuffer(maximumWait: .milliseconds(40))
        var output = Output()
        output.receive(1, into: &buffer, at: 0)
        output.receive(4, into: &buffer, at: 20)
        output.drain(&buffer, at: Instant(nanoseconds: 59_000_000))
        #expect(output.numbers == [1])
        output.drain(&buffer, at: Instant(nanoseconds: 60_000_000))
        #expect(output.numbers == [1, -2, 4])
        output.receive(2, into: &buffer, at: 61)
        output.receive(2, into: &buffer, at: 62)
        output.receive(4, into: &buffer, at: 63)
        #expect(output.late == 1)
        #expect(output.duplicates == 2)
        output.receive(5, into: &buffer, at: 64)
        #expect(output.numbers == [1, -2, 4, 5])
    }

    @Test("A jump beyond the window gives up what is missing and goes on")
    func burstLoss() {
        var buffer = ReorderBuffer(capacity: 32)
        var output = Output()
        output.receive(1, into: &buffer, at: 0)
        output.receive(3, into: &buffer, at: 1)
        output.receive(500, into: &buffer, at: 2)
        #expect(output.numbers == [1, -1, 3, -496, 500])
    }

    @Test("A far jump needs a second packet; then the sequence begins anew (RFC 3550 A.1)")
    func restart() {
        var buffer = ReorderBuffer()
        var output = Output()
        output.receive(1_000, into: &buffer, at: 0)
        output.receive(30_000, into: &buffer, at: 1)
        output.receive(1_001, into: &buffer, at: 2)
        output.receive(40_000, into: &buffer, at: 3)
        output.receive(40_001, into: &buffer, at: 4)
        #expect(output.numbers == [1_000, 1_001, 40_001])
        #expect(output.refused == 2)
        #expect(output.restarts == 1)
    }

    @Test("With seeded loss, reordering and duplicates every number comes out once, in order, or is counted lost")
    func seeded() {
        for seed in 0..<50 {
            var random = SeededRandom(seed: UInt64(seed))
            var arrivals: [(time: Double, number: Int)] = []
            let count = 2_000
            let start = Int(random.next() % 65_536)
            for number in start..<(start + count) {
                let first = number == start
                if !first, random.chance(0.05) { continue }
                let sent = Double(number - start) * 20
                arrivals.append((first ? -100 : sent + Double(random.next() % 50), number))
                if random.chance(0.03) { arrivals.append((sent + Double(random.next() % 80), number)) }
            }
            arrivals.sort { $0.time < $1.time }
            var buffer = ReorderBuffer(maximumWait: .milliseconds(60))
            var output = Output()
            for arrival in arrivals { output.receive(arrival.number, into: &buffer, at: arrival.time) }
            output.drain(&buffer, at: .distantFuture)
            var next = start
            for entry in output.numbers {
                if entry < 0 {
                    next -= entry
                } else {
                    #expect(entry == next & 0xFFFF)
                    next += 1
                }
            }
            let missing = output.numbers.filter { $0 < 0 }.reduce(0) { $0 - $1 }
            let received = Set(arrivals.map(\.number)).count
            #expect(output.late == 0, "60 ms of patience are enough for 50 ms of jitter")
            #expect(output.numbers.filter { $0 >= 0 }.count == received)
            #expect(missing == (next - start) - received)
            #expect(output.duplicates == arrivals.count - received)
        }
    }
}

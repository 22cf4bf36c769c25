import RTP
import SansIO
import Testing

@Suite("Telephone-events (RFC 4733)")
struct TelephoneEventTests {
    /// Runs a sender for a while: the packets and the pauses, a tick of 20 ms each.
    private func send(_ digits: String, ticks: Int = 200) -> [(timestamp: UInt32, action: TelephoneEventSender.Action)]
    {
        var sender = TelephoneEventSender()
        for digit in digits.utf8 {
            if let code = TelephoneEvent.code(digit: digit) {
                let isQueued = sender.enqueue(code: code)
                #expect(isQueued)
            }
        }
        return (0..<ticks).map { tick in
            let timestamp = 0xFFFF_FF00 &+ UInt32(tick * 160)
            return (timestamp, sender.tick(timestamp: timestamp, units: 160))
        }
    }

    private func presses(
        _ pair: (TelephoneEventReceiver.Press?, TelephoneEventReceiver.Press?)
    ) -> [TelephoneEventReceiver.Press] {
        [pair.0, pair.1].compactMap { $0 }
    }

    private func outputs(_ digits: String) -> [TelephoneEventSender.Output] {
        send(digits).compactMap { if case .send(let output) = $0.action { output } else { nil } }
    }

    @Test("A press: marker first, one timestamp, growing duration, three equal end packets (§2.5.1)")
    func press() {
        let packets = outputs("5")
        #expect(packets.count == 10)
        #expect(packets.map(\.marker) == [true] + Array(repeating: false, count: 9))
        #expect(Set(packets.map(\.timestamp)) == [0xFFFF_FF00])
        #expect(packets.map(\.event.duration) == [160, 320, 480, 640, 800, 960, 1_120, 1_280, 1_280, 1_280])
        #expect(packets.map(\.event.isEnd) == Array(repeating: false, count: 7) + [true, true, true])
        #expect(packets.allSatisfy { $0.event.code == 5 && $0.event.volume == 10 })
    }

    @Test("The next press has a new timestamp behind a pause of at least 100 ms")
    func pause() {
        let ticks = send("12")
        let starts = ticks.filter { if case .send(let output) = $0.action { output.marker } else { false } }
        #expect(starts.count == 2)
        let ends = ticks.filter { if case .send(let output) = $0.action { output.event.isEnd } else { false } }
        #expect(starts[1].timestamp &- ends[2].timestamp >= 160 + 800)
        #expect(ticks.last?.action == .idle)
    }

    @Test("Sixty-four presses may wait; they come out in order")
    func many() {
        let digits = String(repeating: "0123456789*#ABCD", count: 4)
        let sent = send(digits, ticks: 2_000).compactMap { tick -> UInt8? in
            if case .send(let output) = tick.action, output.marker {
                TelephoneEvent.digit(code: output.event.code)
            } else {
                nil
            }
        }
        #expect(String(decoding: sent, as: UTF8.self) == digits)
        var full = TelephoneEventSender()
        let taken = (0..<65).filter { _ in full.enqueue(code: 1) }
        #expect(taken.count == 64)
        #expect(TelephoneEventSender().isIdle && !full.isIdle)
    }

    @Test("What is sent is received once, whatever single packet is lost, doubled or late")
    func lossy() {
        for seed in 0..<300 {
            var random = SeededRandom(seed: UInt64(seed))
            var packets = outputs("19*#").enumerated().map { (time: Double($0.offset) * 20, output: $0.element) }
            packets = packets.flatMap { packet in
                if random.chance(0.15) { return [(time: Double, output: TelephoneEventSender.Output)]() }
                let late = packet.time + (random.chance(0.1) ? 25 : 0)
                return Array(repeating: (late, packet.output), count: random.chance(0.1) ? 2 : 1)
            }
            packets.sort { $0.time < $1.time }
            var receiver = TelephoneEventReceiver()
            var codes: [UInt8] = []
            for packet in packets {
                let now = Instant(nanoseconds: Int64(packet.time * 1e6))
                if let press = receiver.tick(at: now) { codes.append(press.code) }
                let (first, second) = receiver.receive(packet.output.event, timestamp: packet.output.timestamp, at: now)
                codes += [first, second].compactMap { $0?.code }
            }
            if let press = receiver.tick(at: .distantFuture) { codes.append(press.code) }
            #expect(codes == [1, 9, 10, 11], "seed \(seed)")
        }
    }

    @Test("Lost end packets: the press ends when nothing has come for 200 ms, or when the next one begins")
    func lostEnd() {
        var receiver = TelephoneEventReceiver()
        let going = TelephoneEvent(code: 3, isEnd: false, duration: 480)
        let begun = presses(receiver.receive(going, timestamp: 1_000, at: .zero))
        #expect(begun.isEmpty)
        let early = receiver.tick(at: Instant(nanoseconds: 199_000_000))
        #expect(early == nil)
        let ended = receiver.tick(at: Instant(nanoseconds: 200_000_000))
        #expect(ended == .init(code: 3, duration: 480))
        let repeated = presses(receiver.receive(going, timestamp: 1_000, at: Instant(nanoseconds: 210_000_000)))
        #expect(repeated.isEmpty)
        _ = receiver.receive(going, timestamp: 4_000, at: Instant(nanoseconds: 300_000_000))
        let next = TelephoneEvent(code: 4, isEnd: true, duration: 160)
        let (first, second) = receiver.receive(next, timestamp: 8_000, at: Instant(nanoseconds: 400_000_000))
        #expect(first == .init(code: 3, duration: 480))
        #expect(second == .init(code: 4, duration: 160))
    }

    @Test("The segments of a press of more than eight seconds count as one (§2.5.1.3)")
    func segments() {
        var receiver = TelephoneEventReceiver()
        let whole = TelephoneEvent(code: 1, isEnd: false, duration: .max)
        _ = receiver.receive(whole, timestamp: 0, at: .zero)
        let rest = TelephoneEvent(code: 1, isEnd: false, duration: 160)
        let between = presses(receiver.receive(rest, timestamp: 65_535, at: Instant(nanoseconds: 20_000_000)))
        #expect(between.isEmpty)
        let end = TelephoneEvent(code: 1, isEnd: true, duration: 320)
        let (first, second) = receiver.receive(end, timestamp: 65_535, at: Instant(nanoseconds: 40_000_000))
        #expect(first == nil)
        #expect(second == .init(code: 1, duration: 65_855))
    }

    @Test("Payloads are read back as written; short ones are refused")
    func payload() throws {
        let event = TelephoneEvent(code: 15, isEnd: true, volume: 63, duration: 0xABCD)
        var bytes = [UInt8](repeating: 0, count: 4)
        #expect(bytes.withUnsafeMutableBytes { event.write(into: $0) } == 4)
        #expect(bytes.withUnsafeBytes { TelephoneEvent(parsing: $0) } == event)
        #expect(bytes.withUnsafeBytes { TelephoneEvent(parsing: UnsafeRawBufferPointer(rebasing: $0[..<3])) } == nil)
        for digit in "0123456789*#ABCD".utf8 {
            #expect(TelephoneEvent.digit(code: try #require(TelephoneEvent.code(digit: digit))) == digit)
        }
    }
}

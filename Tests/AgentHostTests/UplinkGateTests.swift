import SansIO
import Testing

@testable import AgentHost

@Suite("What the model hears of the far end")
struct UplinkGateTests {
    private static func hear(_ gate: inout UplinkGate, _ bytes: [UInt8]) -> [UInt8] {
        var heard: [UInt8] = []
        bytes.withUnsafeBytes { gate.receive($0) { heard += Array($0) } }
        return heard
    }

    private static func open(_ gate: inout UplinkGate) -> [UInt8] {
        var heard: [UInt8] = []
        gate.open { heard += Array($0) }
        return heard
    }

    /// A gate through which a second has passed: eight thousand bytes, each fiftieth of a second another one.
    private static func opened(fiftieths: Int = 50) -> UplinkGate {
        var gate = UplinkGate()
        gate.keep(isALaw: false)
        _ = open(&gate)
        for number in 0..<fiftieths { _ = hear(&gate, frame(number)) }
        return gate
    }

    private static func frame(_ number: Int) -> [UInt8] {
        [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 160)
    }

    @Test("Nothing passes before the answer; what came since then is heard first")
    func answer() {
        var gate = UplinkGate()
        #expect(Self.hear(&gate, [1, 2]).isEmpty)
        gate.keep(isALaw: false)
        #expect(Self.hear(&gate, [3, 4]).isEmpty)
        #expect(Self.open(&gate) == [3, 4])
        #expect(Self.hear(&gate, [5]) == [5])
    }

    @Test("While the model is away what comes is kept, behind as much of what it had heard as is asked for")
    func away() {
        var gate = Self.opened()
        gate.keep(last: .milliseconds(40))
        #expect(Self.hear(&gate, Self.frame(50)).isEmpty)
        gate.keep(last: .seconds(1))
        #expect(Self.open(&gate) == Self.frame(48) + Self.frame(49) + Self.frame(50))
        #expect(Self.hear(&gate, [7]) == [7])
    }

    @Test("Ten seconds can be heard again, and half a minute is kept", arguments: [30, 499, 500, 501, 760])
    func bounds(fiftieths: Int) {
        var gate = Self.opened(fiftieths: fiftieths)
        gate.keep(last: .seconds(60))
        let known = (max(0, fiftieths - 500)..<fiftieths).flatMap { Self.frame($0) }
        for number in 0..<1_000 { _ = Self.hear(&gate, Self.frame(number)) }
        let kept = Self.open(&gate)
        let all = known + (0..<1_000).flatMap { Self.frame($0) }
        #expect(kept == Array(all.suffix(240_000)))
    }

    @Test(
        "A ring keeps the last bytes in order, in whatever pieces they come", arguments: 1...40 as ClosedRange<UInt64>)
    func ring(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let capacity = Int.random(in: 1...50, using: &random)
        var ring = ByteRing(capacity: capacity)
        var all: [UInt8] = []
        for _ in 0..<60 {
            let piece = (0..<Int.random(in: 0...70, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            piece.withUnsafeBytes { ring.append($0) }
            all += piece
            #expect(ring.count == min(all.count, capacity))
            let count = Int.random(in: -1...60, using: &random)
            #expect(ring.suffix(count) == Array(all.suffix(min(max(0, count), capacity))))
        }
        ring.removeAll()
        #expect(ring.suffix(1).isEmpty)
    }

    @Test("A muted far end is silence, also when it is heard again")
    func muted() {
        var gate = Self.opened()
        gate.mute(true)
        #expect(Self.hear(&gate, [1]) == [0xFF])
        gate.keep(last: .milliseconds(1))
        _ = Self.hear(&gate, [2])
        #expect(Self.open(&gate) == [49, 49, 49, 49, 49, 49, 49, 0xFF, 0xFF])
    }
}

/// Sends key presses as telephone-events, one packet a tick (RFC 4733 §2.5.1).
///
/// The first packet of a press has the marker; all have the timestamp of its start; the duration grows; the last is sent
/// three times. Between presses there is a pause, in which audio may flow. The driver's timestamp clock runs on.
public struct TelephoneEventSender: Sendable {
    /// A packet to send.
    public struct Output: Hashable, Sendable {
        public var marker: Bool
        public var timestamp: UInt32
        public var event: TelephoneEvent
    }

    /// What a tick asks of the driver.
    public enum Action: Hashable, Sendable {
        case send(Output)
        /// A press is over, the next is due: send audio (silence) instead.
        case pause
        case idle
    }

    private enum State {
        case idle
        case pressed(code: UInt8, start: UInt32)
        /// The duration is final; so many repetitions of the last packet are to come.
        case ending(code: UInt8, start: UInt32, duration: UInt16, remaining: Int)
        case pausing(until: UInt32)
    }

    /// Presses that can wait. More are refused.
    public static let capacity = 64
    private let pressUnits: UInt32
    private let pauseUnits: UInt32
    private var state = State.idle
    /// Codes that wait, four bits each, first in the low bits.
    private var waiting: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    private var count = 0

    /// - Parameters:
    ///   - press: How long a key is held; 100…250 ms are understood everywhere. [timestamp units]
    ///   - pause: Between two presses. [timestamp units]
    public init(press: UInt32 = 1_280, pause: UInt32 = 800) {
        pressUnits = min(max(press, 160), 0x7FFF)
        pauseUnits = pause
    }

    public var isIdle: Bool {
        if case .idle = state { return count == 0 }
        return false
    }

    /// Appends a press.
    ///
    /// - Parameter code: 0…15.
    /// - Returns: `false` when ``capacity`` presses wait already, or the code is no key.
    public mutating func enqueue(code: UInt8) -> Bool {
        guard count < Self.capacity, code < 16 else { return false }
        setCode(UInt64(code), at: count)
        count += 1
        return true
    }

    /// Forgets the presses that wait; one that has begun is ended.
    public mutating func removeAll() {
        count = 0
        waiting = (0, 0, 0, 0)
    }

    /// Decides what goes out at the tick whose media timestamp is `timestamp`.
    ///
    /// - Parameter units: Length of a tick. [timestamp units]
    /// - Complexity: O(1); allocates nothing.
    public mutating func tick(timestamp: UInt32, units: UInt32) -> Action {
        if case .pausing(let until) = state, Int32(bitPattern: timestamp &- until) >= 0 { state = .idle }
        switch state {
        case .pausing: return .pause
        case .idle:
            guard count > 0 else { return .idle }
            let code = takeFirst()
            state = .pressed(code: code, start: timestamp)
            return send(code, start: timestamp, duration: units, marker: true, isEnd: false)
        case .pressed(let code, let start):
            let duration = timestamp &- start &+ units
            guard duration >= pressUnits else {
                return send(code, start: start, duration: duration, marker: false, isEnd: false)
            }
            let final = UInt16(truncatingIfNeeded: min(duration, 0xFFFF))
            state = .ending(code: code, start: start, duration: final, remaining: 2)
            return send(code, start: start, duration: duration, marker: false, isEnd: true)
        case .ending(let code, let start, let duration, let remaining):
            state =
                remaining > 1
                ? .ending(code: code, start: start, duration: duration, remaining: remaining - 1)
                : .pausing(until: timestamp &+ units &+ pauseUnits)
            return send(code, start: start, duration: UInt32(duration), marker: false, isEnd: true)
        }
    }

    private func send(_ code: UInt8, start: UInt32, duration: UInt32, marker: Bool, isEnd: Bool) -> Action {
        let event = TelephoneEvent(
            code: code, isEnd: isEnd, duration: UInt16(truncatingIfNeeded: min(duration, 0xFFFF)))
        return .send(Output(marker: marker, timestamp: start, event: event))
    }

    private mutating func setCode(_ code: UInt64, at index: Int) {
        let shift = UInt64(index % 16 * 4)
        switch index / 16 {
        case 0: waiting.0 = waiting.0 & ~(15 << shift) | code << shift
        case 1: waiting.1 = waiting.1 & ~(15 << shift) | code << shift
        case 2: waiting.2 = waiting.2 & ~(15 << shift) | code << shift
        default: waiting.3 = waiting.3 & ~(15 << shift) | code << shift
        }
    }

    private mutating func takeFirst() -> UInt8 {
        let code = UInt8(truncatingIfNeeded: waiting.0 & 15)
        waiting.0 = waiting.0 >> 4 | (waiting.1 & 15) << 60
        waiting.1 = waiting.1 >> 4 | (waiting.2 & 15) << 60
        waiting.2 = waiting.2 >> 4 | (waiting.3 & 15) << 60
        waiting.3 >>= 4
        count -= 1
        return code
    }
}

public import SansIO

/// Turns telephone-event packets into key presses (RFC 4733 §2.5.2).
///
/// A press has one timestamp in all its packets, and is reported once: at the first packet with the E bit, or, when all
/// three of those are lost, when the next press begins or nothing has come for ``maximumSilence``. Segments of a long
/// press (RFC 4733 §2.5.1.3) follow each other without a gap in time and count as one.
public struct TelephoneEventReceiver: Sendable {
    /// A finished press.
    public struct Press: Hashable, Sendable {
        public var code: UInt8
        /// [timestamp units]
        public var duration: UInt32

        public init(code: UInt8, duration: UInt32) {
            self.code = code
            self.duration = duration
        }
    }

    /// How long a press without E bit is believed to go on after its last packet.
    public static let maximumSilence: Duration = .milliseconds(200)
    private static let silenceNanoseconds = maximumSilence.nanoseconds

    private struct Current {
        var code: UInt8
        /// Of the current segment.
        var timestamp: UInt32
        var duration: UInt16
        /// Of the segments before it.
        var earlier: UInt32
        var heard: Instant

        var total: UInt32 { earlier &+ UInt32(duration) }
    }

    private var current: Current?
    /// The newest timestamp that is finished; packets at it or before it are repetitions.
    private var finished: UInt32?

    public init() {}

    /// Advances by one packet.
    ///
    /// - Returns: Up to two presses: one whose end was lost and is known by the start of this one, and this one.
    /// - Complexity: O(1); allocates nothing.
    public mutating func receive(
        _ event: TelephoneEvent, timestamp: UInt32, at now: Instant
    ) -> (Press?, Press?) {
        if let finished, Int32(bitPattern: timestamp &- finished) <= 0 { return (nil, nil) }
        var ended: Press?
        if var press = current {
            let distance = Int32(bitPattern: timestamp &- press.timestamp)
            if distance < 0 { return (nil, nil) }
            if distance == 0 {
                // A reordered packet has a shorter duration than what was heard already.
                press.duration = max(press.duration, event.duration)
                press.heard = now
                current = press
            } else if press.code == event.code, UInt32(distance) == UInt32(press.duration), press.duration >= 0x8000 {
                current = Current(
                    code: event.code, timestamp: timestamp, duration: event.duration, earlier: press.total, heard: now)
            } else {
                ended = finish(press)
            }
        }
        if current == nil {
            current = Current(
                code: event.code, timestamp: timestamp, duration: event.duration, earlier: 0, heard: now)
        }
        guard event.isEnd, let press = current else { return (ended, nil) }
        return (ended, finish(press))
    }

    /// Ends a press whose packets have stopped without an E bit.
    public mutating func tick(at now: Instant) -> Press? {
        guard let press = current, now.nanoseconds &- press.heard.nanoseconds >= Self.silenceNanoseconds else {
            return nil
        }
        return finish(press)
    }

    /// Forgets what was finished, as for a new SSRC, whose timestamps start anywhere.
    public mutating func reset() {
        current = nil
        finished = nil
    }

    private mutating func finish(_ press: Current) -> Press {
        finished = press.timestamp
        current = nil
        return Press(code: press.code, duration: press.total)
    }
}

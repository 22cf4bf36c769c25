/// The payload of a telephone-event packet (RFC 4733 §2.3).
public struct TelephoneEvent: Hashable, Sendable {
    public static let size = 4

    /// 0…9 digits, 10 `*`, 11 `#`, 12…15 `A`…`D`, 16 flash.
    public var code: UInt8
    /// The E bit: the event is over.
    public var isEnd: Bool
    /// Power as a positive number below 0 dBm0, 0…63. [−dBm0]
    public var volume: UInt8
    /// Time since the event (or segment) began. [timestamp units]
    public var duration: UInt16

    public init(code: UInt8, isEnd: Bool, volume: UInt8 = 10, duration: UInt16) {
        self.code = code
        self.isEnd = isEnd
        self.volume = volume & 0x3F
        self.duration = duration
    }

    /// Reads a payload; further events behind the first (an obsolete form of RFC 2833) are ignored.
    ///
    /// - Returns: `nil` when shorter than ``size``.
    public init?(parsing payload: UnsafeRawBufferPointer) {
        guard payload.count >= Self.size else { return nil }
        code = payload[0]
        isEnd = payload[1] & 0x80 != 0
        volume = payload[1] & 0x3F
        duration = payload.loadBigEndian(UInt16.self, at: 2)
    }

    /// - Returns: Bytes written; 0 when the buffer is too small.
    @discardableResult
    public func write(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard buffer.count >= Self.size else { return 0 }
        buffer[0] = code
        buffer[1] = (isEnd ? 0x80 : 0) | volume
        buffer.storeBigEndian(duration, at: 2)
        return Self.size
    }

    /// The key of an event code; `nil` for flash and for events that are not keys.
    public static func digit(code: UInt8) -> UInt8? {
        switch code {
        case 0...9: UInt8(ascii: "0") + code
        case 10: UInt8(ascii: "*")
        case 11: UInt8(ascii: "#")
        case 12...15: UInt8(ascii: "A") + (code - 12)
        default: nil
        }
    }

    /// The event code of a key, as ASCII; `nil` when there is no such key.
    public static func code(digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "*"): 10
        case UInt8(ascii: "#"): 11
        case UInt8(ascii: "A")...UInt8(ascii: "D"): 12 + digit - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "d"): 12 + digit - UInt8(ascii: "a")
        default: nil
        }
    }
}

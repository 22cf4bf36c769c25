/// Names one call of a ``UserAgentCore``, from its first command or INVITE to its end; never used again.
public struct CallHandle: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let number: UInt64

    public init(number: UInt64) {
        self.number = number
    }

    public var description: String { "call \(number)" }

    public static func < (left: CallHandle, right: CallHandle) -> Bool { left.number < right.number }
}

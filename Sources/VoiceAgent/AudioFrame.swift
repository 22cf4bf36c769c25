import SansIO

/// The message with which a client sends audio: two constant halves, and base64 between them.
struct AudioFrame: Sendable {
    private let prefix: [UInt8]
    private let suffix = Array(#""}"#.utf8)

    /// - Parameter type: Of the event.
    init(type: String) {
        prefix = Array(#"{"type":"\#(type)","audio":""#.utf8)
    }

    func message(_ payload: UnsafeRawBufferPointer) -> [UInt8] {
        var message: [UInt8] = []
        message.reserveCapacity(prefix.count + (payload.count + 2) / 3 * 4 + suffix.count)
        message.append(contentsOf: prefix)
        Base64.append(payload, to: &message)
        message.append(contentsOf: suffix)
        return message
    }
}

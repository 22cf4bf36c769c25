/// Joins frames to messages and checks what RFC 6455 demands of them.
///
/// A value without socket: the handler feeds it frames that are already unmasked.
struct WebSocketMessageAssembler {
    struct Frame {
        var isFinal: Bool
        /// RFC 6455 §5.2: 0 continuation, 1 text, 2 binary, 8 close, 9 ping, 10 pong.
        var opcode: UInt8
        var isMasked: Bool
        var hasReservedBits: Bool
        var payload: [UInt8]
    }

    enum Outcome: Equatable {
        /// The message is not complete yet, or the frame was a pong.
        case none
        case message(WebSocketEvent)
        /// Answer with a pong of the same payload (RFC 6455 §5.5.3).
        case ping([UInt8])
        /// The peer's close frame, already checked; `nil` where it holds no code.
        case close(code: UInt16?, reason: String)
        /// Fail the connection with this code (RFC 6455 §7.1.7).
        case violation(code: UInt16, reason: String)
    }

    /// Clients must mask, servers must not (RFC 6455 §5.1).
    let expectsMask: Bool
    let maximumMessageBytes: Int
    private var partial: (isText: Bool, bytes: [UInt8])?

    init(expectsMask: Bool, maximumMessageBytes: Int) {
        self.expectsMask = expectsMask
        self.maximumMessageBytes = maximumMessageBytes
    }

    mutating func receive(_ frame: Frame) -> Outcome {
        guard !frame.hasReservedBits else {
            return .violation(code: 1002, reason: "reserved bits are set, and no extension was agreed")
        }
        guard frame.isMasked == expectsMask else {
            return .violation(code: 1002, reason: expectsMask ? "a frame is not masked" : "a frame is masked")
        }
        switch frame.opcode {
        case 0, 1, 2: return receiveData(frame)
        case 8: return receiveClose(frame.payload)
        case 9: return .ping(frame.payload)
        case 10: return .none
        default: return .violation(code: 1002, reason: "unknown opcode \(frame.opcode)")
        }
    }

    private mutating func receiveData(_ frame: Frame) -> Outcome {
        let isText: Bool
        let bytes: [UInt8]
        switch (frame.opcode, partial) {
        case (0, nil): return .violation(code: 1002, reason: "a continuation without a beginning")
        case (0, let begun?):
            partial = nil
            guard begun.bytes.count + frame.payload.count <= maximumMessageBytes else { return tooLarge }
            isText = begun.isText
            bytes = begun.bytes + frame.payload
        case (_, _?): return .violation(code: 1002, reason: "a message begins inside another")
        case (_, nil):
            guard frame.payload.count <= maximumMessageBytes else { return tooLarge }
            isText = frame.opcode == 1
            bytes = frame.payload
        }
        guard frame.isFinal else {
            partial = (isText, bytes)
            return .none
        }
        if !isText { return .message(.binary(bytes)) }
        guard WebSocketMessageAssembler.isUTF8(bytes) else {
            return .violation(code: 1007, reason: "a text message is not UTF-8")
        }
        return .message(.text(bytes))
    }

    private var tooLarge: Outcome {
        .violation(code: 1009, reason: "a message is larger than \(maximumMessageBytes) bytes")
    }

    private func receiveClose(_ payload: [UInt8]) -> Outcome {
        if payload.isEmpty { return .close(code: nil, reason: "") }
        guard payload.count >= 2 else { return .violation(code: 1002, reason: "a close frame of one byte") }
        let code = UInt16(payload[0]) << 8 | UInt16(payload[1])
        guard WebSocketMessageAssembler.isSendable(closeCode: code) else {
            return .violation(code: 1002, reason: "close code \(code) may not be sent")
        }
        guard let reason = String(validating: payload[2...], as: UTF8.self) else {
            return .violation(code: 1007, reason: "the reason of a close frame is not UTF-8")
        }
        return .close(code: code, reason: reason)
    }

    /// RFC 6455 §7.4.
    static func isSendable(closeCode: UInt16) -> Bool {
        switch closeCode {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }

    private static func isUTF8(_ bytes: [UInt8]) -> Bool {
        do {
            _ = try UTF8Span(validating: bytes.span)
            return true
        } catch {
            return false
        }
    }
}

import Glibc
import NIOCore

/// Writes whole frames into one buffer each: head, mask and payload (RFC 6455 §5.2).
struct WebSocketFrameWriter {
    /// Clients mask with keys from the system's random source, fetched in blocks (RFC 6455 §5.3).
    private let masks: Bool
    private var keys: [UInt8] = []
    /// The most that `getentropy` gives at once. [byte]
    private static let keyBlock = 256

    init(masks: Bool) {
        self.masks = masks
    }

    /// The frame, final and unfragmented.
    mutating func frame(
        opcode: UInt8, payload: some Collection<UInt8>, allocator: ByteBufferAllocator
    ) -> ByteBuffer {
        let count = payload.count
        var buffer = allocator.buffer(capacity: count + 14)
        buffer.writeInteger(0x80 | opcode)
        let maskBit: UInt8 = masks ? 0x80 : 0
        switch count {
        case ...125: buffer.writeInteger(maskBit | UInt8(count))
        case ...0xFFFF:
            buffer.writeInteger(maskBit | 126)
            buffer.writeInteger(UInt16(count))
        default:
            buffer.writeInteger(maskBit | 127)
            buffer.writeInteger(UInt64(count))
        }
        guard masks else {
            buffer.writeBytes(payload)
            return buffer
        }
        let key = nextKey()
        buffer.writeInteger(key, endianness: .host)
        let start = buffer.readableBytes
        buffer.writeBytes(payload)
        buffer.withUnsafeMutableReadableBytes { bytes in
            let target = UnsafeMutableRawBufferPointer(rebasing: bytes[start...])
            WebSocketFrameWriter.mask(target, with: key)
        }
        return buffer
    }

    private static func mask(_ bytes: UnsafeMutableRawBufferPointer, with key: UInt32) {
        let wide = UInt64(key) << 32 | UInt64(key)
        var offset = 0
        while offset + 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            bytes.storeBytes(of: word ^ wide, toByteOffset: offset, as: UInt64.self)
            offset += 8
        }
        withUnsafeBytes(of: key) { key in
            while offset < bytes.count {
                bytes[offset] ^= key[offset & 3]
                offset += 1
            }
        }
    }

    private mutating func nextKey() -> UInt32 {
        if keys.isEmpty {
            keys = [UInt8](repeating: 0, count: WebSocketFrameWriter.keyBlock)
            if getentropy(&keys, keys.count) != 0 {
                var source = SystemRandomNumberGenerator()
                for index in keys.indices { keys[index] = source.next() }
            }
        }
        let key = keys.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: $0.count - 4, as: UInt32.self) }
        keys.removeLast(4)
        return key
    }
}

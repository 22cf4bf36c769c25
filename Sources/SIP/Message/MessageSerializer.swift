extension SIPMessage {
    /// The message as bytes for the wire (RFC 3261 §7.3).
    ///
    /// Long names, one line a field, no folding; Content-Length is always written, last. Line breaks inside values,
    /// which would begin fields of their own, become spaces.
    public func serialized() -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(1024 + body.count)
        MessageSerializer.append(line: startLine, to: &output)
        for via in vias { MessageSerializer.append(.via, via.description, to: &output) }
        MessageSerializer.append(.from, from.description, to: &output)
        MessageSerializer.append(.to, to.description, to: &output)
        MessageSerializer.append(.callID, callID, to: &output)
        MessageSerializer.append(.cseq, cseq.description, to: &output)
        for field in headers.fields where !MessageSerializer.ownFields.contains(field.name) {
            MessageSerializer.append(field.name, field.value, to: &output)
        }
        MessageSerializer.append(.contentLength, String(body.count), to: &output)
        output.append(contentsOf: [0x0D, 0x0A])
        output.append(contentsOf: body)
        return output
    }
}

enum MessageSerializer {
    /// Fields that are written from properties, whatever `headers` holds.
    static let ownFields: Set<HeaderName> = [.via, .from, .to, .callID, .cseq, .contentLength]

    static func append(_ name: HeaderName, _ value: String, to output: inout [UInt8]) {
        append(line: name.text + ": " + value, to: &output)
    }

    static func append(line: String, to output: inout [UInt8]) {
        for byte in line.utf8 { output.append(byte == 0x0D || byte == 0x0A ? 0x20 : byte) }
        output.append(contentsOf: [0x0D, 0x0A])
    }
}

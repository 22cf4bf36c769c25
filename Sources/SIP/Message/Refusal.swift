/// The answer to a request that can't be read as a whole.
///
/// Holds Via, From, To, Call-ID and CSeq as far as they were found, so that the sender can match the answer
/// (RFC 3261 §8.2.6.2).
public struct Refusal: Hashable, Sendable {
    /// 400, 414, 505 or 513.
    public let statusCode: Int
    public let reason: String
    /// Where the answer goes, and where `received` and `rport` are set; `nil` when the Via is unreadable, and the
    /// answer can only go back to the datagram's source.
    public var topVia: Via?
    /// What is echoed behind ``topVia``, unparsed.
    public let fields: [Headers.Field]

    /// The answer as bytes for the wire.
    ///
    /// - Parameter toTag: Added to a To that has no tag. It must be the same for retransmissions of the same request
    ///   when the answer is sent without a transaction (RFC 3261 §8.2.7).
    public func serialized(toTag: String) -> [UInt8] {
        var output: [UInt8] = []
        MessageSerializer.append(line: "SIP/2.0 \(statusCode) \(reason)", to: &output)
        if let topVia { MessageSerializer.append(.via, topVia.description, to: &output) }
        for field in fields {
            let value = field.name == .to ? Refusal.tagged(field.value, toTag) : field.value
            MessageSerializer.append(field.name, value, to: &output)
        }
        MessageSerializer.append(.contentLength, "0", to: &output)
        output.append(contentsOf: [0x0D, 0x0A])
        return output
    }

    private static func tagged(_ value: String, _ tag: String) -> String {
        do {
            var address = try NameAddress(parsing: value)
            if address.tag != nil { return value }
            address.tag = tag
            return address.description
        } catch {
            // The sender's own text is all it can match by; a tag in it can't be told from other text.
            return value
        }
    }
}

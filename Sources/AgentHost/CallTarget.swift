public import SansIO

/// Whom a dispatch wants to call, as its metadata says.
///
/// The prototype's form is a bare telephone number; a JSON object carries more: `phone_number` and whatever the flow
/// reads (`transfer_to`, a name, …).
public struct CallTarget: Hashable, Sendable {
    /// Metadata that names nobody who could be called.
    public struct Invalid: Error, Hashable, Sendable, CustomStringConvertible {
        public let description: String
    }

    /// E.164 with its plus sign, or a SIP URI.
    public let number: String
    /// What the script sees as `call.metadata`.
    public let metadata: JSON

    /// Whom an incoming call asks for.
    init(number: String, metadata: JSON) {
        self.number = number
        self.metadata = metadata
    }

    /// - Parameter text: The dispatch's metadata.
    public init(metadata text: String) throws(Invalid) {
        let trimmed = text.trimmedSpaces
        guard !trimmed.isEmpty else {
            throw Invalid(
                description: "The metadata is empty: give the number to call, for example --metadata \"+15105550100\".")
        }
        guard trimmed.utf8.first == UInt8(ascii: "{") else {
            number = try CallTarget.normalized(trimmed)
            metadata = ["phone_number": .string(number)]
            return
        }
        let object: JSON
        do {
            object = try JSON(parsing: trimmed)
        } catch {
            throw Invalid(description: "The metadata begins like a JSON object, but is not one: \(error).")
        }
        guard let given = object["phone_number"]?.string else {
            throw Invalid(
                description: "The metadata has no \"phone_number\": give {\"phone_number\": \"+15105550100\", …}.")
        }
        number = try CallTarget.normalized(given)
        metadata = object
    }

    /// A number with its visual separators removed (RFC 3966 §3), or a SIP URI as it is.
    static func normalized(_ text: String) throws(Invalid) -> String {
        let trimmed = text.trimmedSpaces
        let lower = trimmed.lowercased()
        if lower.hasPrefix("sips:") {
            throw Invalid(
                description:
                    "“\(excerpt(trimmed))” asks for TLS on every hop, and only UDP is spoken so far: give a sip: "
                    + "URI.")
        }
        if lower.hasPrefix("sip:") {
            guard trimmed.utf8.count <= 256, trimmed.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                throw Invalid(description: "“\(excerpt(trimmed))” is not a SIP URI.")
            }
            return trimmed
        }
        let digits = (lower.hasPrefix("tel:") ? String(trimmed.dropFirst(4)) : trimmed).filter { !" -.()".contains($0) }
        let body = digits.hasPrefix("+") ? digits.dropFirst() : digits[...]
        guard (3...15).contains(body.count),
            body.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else {
            throw Invalid(
                description:
                    "“\(excerpt(trimmed))” is not a telephone number. Use E.164: a plus sign, the country code "
                    + "and the number, for example +15105550100.")
        }
        return digits
    }

    private static func excerpt(_ text: String) -> String {
        text.count > 40 ? String(text.prefix(40)) + "…" : text
    }
}

extension String {
    var trimmedSpaces: String {
        var text = self[...]
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}

/// The fields of a `multipart/form-data` body (RFC 7578, RFC 2046 §5.1).
struct MultipartForm: Hashable, Sendable {
    struct Field: Hashable, Sendable {
        var name: String
        /// `nil` for a field that is no file.
        var fileName: String?
        var bytes: [UInt8]

        var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    /// Why a body is no form; one sentence.
    struct Fault: Error, Hashable, Sendable {
        var message: String
    }

    /// Most fields of a form.
    static let maximumFields = 64
    /// Longest head of a part. [B]
    private static let maximumHead = 8192

    private(set) var fields: [Field] = []

    /// - Parameter contentType: The request's, which names the boundary.
    init(parsing body: [UInt8], contentType: String) throws(Fault) {
        guard let boundary = Self.parameter("boundary", of: contentType), (1...70).contains(boundary.utf8.count),
            contentType.lowercased().hasPrefix("multipart/form-data")
        else { throw Fault(message: "The request must be multipart/form-data with a boundary.") }
        let delimiter = Array("\r\n--\(boundary)".utf8)
        // The first delimiter has no line before it.
        guard body.starts(with: delimiter.dropFirst(2)) else {
            throw Fault(message: "The form does not begin with its boundary.")
        }
        var rest = body[(delimiter.count - 2)...]
        while true {
            if rest.starts(with: Array("--".utf8)) { return }
            rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            guard rest.starts(with: [0x0D, 0x0A]) else { throw Fault(message: "A boundary has text behind it.") }
            // The line's end stays: an empty head ends with it.
            guard let head = Self.find([0x0D, 0x0A, 0x0D, 0x0A], in: rest.prefix(Self.maximumHead)) else {
                throw Fault(message: "A part of the form has no head.")
            }
            let content = rest[(head + 4)...]
            guard let end = Self.find(delimiter, in: content) else {
                throw Fault(message: "The form ends in the middle of a part.")
            }
            guard fields.count < Self.maximumFields else {
                throw Fault(message: "The form has more than \(Self.maximumFields) fields.")
            }
            fields.append(try Self.field(head: rest[rest.startIndex..<head], content: content[..<end]))
            rest = content[(end + delimiter.count)...]
        }
    }

    /// The field of that name; the first of several.
    subscript(name: String) -> Field? { fields.first { $0.name == name } }

    private static func field(head: ArraySlice<UInt8>, content: ArraySlice<UInt8>) throws(Fault) -> Field {
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        let name = "content-disposition:"
        guard let disposition = lines.first(where: { $0.lowercased().hasPrefix(name) }) else {
            throw Fault(message: "A part of the form has no Content-Disposition.")
        }
        let value = String(disposition.dropFirst(name.count))
        guard let name = parameter("name", of: value) else { throw Fault(message: "A field of the form has no name.") }
        return Field(name: name, fileName: parameter("filename", of: value), bytes: Array(content))
    }

    /// A parameter of a header's value, quoted or not (RFC 9110 §5.6.6).
    private static func parameter(_ name: String, of value: String) -> String? {
        var rest = Substring(value)
        while let semicolon = rest.firstIndex(of: ";") {
            rest = rest[rest.index(after: semicolon)...].drop(while: \.isWhitespace)
            guard let equals = rest.firstIndex(of: "=") else { return nil }
            let isMatch = rest[..<equals].lowercased() == name
            rest = rest[rest.index(after: equals)...]
            var text = ""
            if rest.first == "\"" {
                rest.removeFirst()
                while let character = rest.popFirst(), character != "\"" {
                    if character == "\\", let escaped = rest.popFirst() {
                        text.append(escaped)
                    } else {
                        text.append(character)
                    }
                }
            } else {
                text = rest.prefix { $0 != ";" }.trimmed
            }
            if isMatch { return text }
        }
        return nil
    }

    /// Where `pattern` begins in `bytes`.
    private static func find(_ pattern: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        guard let first = pattern.first, bytes.count >= pattern.count else { return nil }
        return bytes.withUnsafeBufferPointer { buffer in
            let last = buffer.count - pattern.count
            var index = 0
            while index <= last {
                if buffer[index] == first, (1..<pattern.count).allSatisfy({ buffer[index + $0] == pattern[$0] }) {
                    return bytes.startIndex + index
                }
                index += 1
            }
            return nil
        }
    }
}

extension Substring {
    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}

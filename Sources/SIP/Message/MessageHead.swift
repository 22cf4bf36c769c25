/// A datagram cut into first line, fields and body, without looking into them (RFC 3261 §7.3.1).
///
/// Cutting goes on behind a malformed line, so that an answer can be sent; the first fault is kept.
struct MessageHead {
    enum Kind {
        case request
        case response
        case unknown
    }

    struct RawField {
        let field: Headers.Field
        /// Where the value begins. [bytes]
        let offset: Int
        /// Whether the value was put together from several lines.
        let isFolded: Bool
    }

    struct Fault {
        let reason: ParseError.Reason
        let offset: Int
    }

    let kind: Kind
    /// The first line, without its end; empty when the datagram holds only line ends.
    let startLine: Range<Int>
    /// The method as far as it can be read.
    let method: Method?
    private(set) var fields: [RawField] = []
    private(set) var bodyStart: Int
    private(set) var fault: Fault?

    init(bytes: [UInt8]) {
        let start = bytes.firstIndex { $0 != 0x0D && $0 != 0x0A } ?? bytes.count
        let first = Line(bytes, from: start)
        startLine = first.range
        kind = MessageHead.kind(of: bytes[first.range])
        let word = bytes[first.range].prefix { Grammar.isToken($0) }
        method = word.isEmpty ? nil : Method(rawValue: String(decoding: word, as: UTF8.self))
        bodyStart = bytes.count
        guard kind != .unknown else { return }
        guard first.isEnded else {
            fault = Fault(reason: .incompleteHeader, offset: bytes.count)
            return
        }
        cutFields(bytes, from: first.next)
    }

    /// A request begins with a token and a space; a status line with `SIP/`.
    private static func kind(of line: ArraySlice<UInt8>) -> Kind {
        let word = line.prefix { Grammar.isToken($0) }
        guard !word.isEmpty, word.endIndex < line.endIndex else { return .unknown }
        let next = line[word.endIndex]
        if next == UInt8(ascii: "/") {
            return word.map { Grammar.lowercased($0) }.elementsEqual("sip".utf8) ? .response : .unknown
        }
        return next == 0x20 || next == 0x09 ? .request : .unknown
    }

    private mutating func cutFields(_ bytes: [UInt8], from start: Int) {
        var position = start
        while true {
            let line = Line(bytes, from: position)
            if line.range.isEmpty, line.isEnded {
                bodyStart = line.next
                return
            }
            guard line.isEnded else {
                if !line.range.isEmpty { cutField(bytes, [line]) }
                note(.incompleteHeader, at: bytes.count)
                return
            }
            var lines = [line]
            position = line.next
            while position < bytes.count, Grammar.isWhitespace(bytes[position]) {
                let continuation = Line(bytes, from: position)
                lines.append(continuation)
                position = continuation.next
            }
            guard fields.count < MessageLimits.fields else {
                note(.tooManyFields, at: line.range.lowerBound)
                return
            }
            cutField(bytes, lines)
        }
    }

    /// Takes `field-name HCOLON field-value` from a line and those that continue it.
    private mutating func cutField(_ bytes: [UInt8], _ lines: [Line]) {
        guard let first = lines.first else { return }
        let name = bytes[first.range].prefix { Grammar.isToken($0) }
        let rest = bytes[first.range][name.endIndex...].drop { Grammar.isWhitespace($0) }
        guard !name.isEmpty, rest.first == UInt8(ascii: ":") else {
            note(.badHeaderLine, at: first.range.lowerBound)
            return
        }
        let value = rest.dropFirst().trimmed
        var text = Array(value)
        for line in lines.dropFirst() {
            // Each fold is one space (RFC 3261 §7.3.1).
            let more = bytes[line.range].trimmed
            if !text.isEmpty, !more.isEmpty { text.append(0x20) }
            text.append(contentsOf: more)
        }
        if text.contains(0x0D) { note(.badHeaderLine, at: first.range.lowerBound) }
        fields.append(
            RawField(
                field: Headers.Field(HeaderName(String(decoding: name, as: UTF8.self)), String(lenient: text[...])),
                offset: value.startIndex, isFolded: lines.count > 1))
    }

    private mutating func note(_ reason: ParseError.Reason, at offset: Int) {
        if fault == nil { fault = Fault(reason: reason, offset: offset) }
    }

    func all(_ name: HeaderName) -> [RawField] { fields.filter { $0.field.name == name } }

    /// The answer to a request of which only this could be read; `nil` where none may be sent.
    func refusal(statusCode: Int, reason: String?) -> Refusal? {
        guard kind == .request, method != .ack else { return nil }
        var values = all(.via).flatMap { Headers.split($0.field.value) }
        guard let first = values.first else { return nil }
        let topVia: Via?
        do {
            topVia = try Via(parsing: first)
            values.removeFirst()
        } catch {
            topVia = nil
        }
        var echoed = values.map { Headers.Field(.via, $0) }
        for name in [HeaderName.from, .to, .callID, .cseq] {
            echoed += all(name).prefix(1).map(\.field)
        }
        return Refusal(
            statusCode: statusCode, reason: reason ?? Response.reasonPhrase(for: statusCode), topVia: topVia,
            fields: echoed)
    }
}

/// One line of a header, which ends in CRLF or, in lenience, in LF.
private struct Line {
    /// Without the line end.
    let range: Range<Int>
    /// Where the next line begins.
    let next: Int
    /// `false` when the datagram ends in the middle of the line.
    let isEnded: Bool

    init(_ bytes: [UInt8], from start: Int) {
        guard let feed = bytes[start...].firstIndex(of: 0x0A) else {
            range = start..<bytes.count
            next = bytes.count
            isEnded = false
            return
        }
        let end = feed > start && bytes[feed - 1] == 0x0D ? feed - 1 : feed
        range = start..<end
        next = feed + 1
        isEnded = true
    }
}

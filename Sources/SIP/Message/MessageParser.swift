extension Message {
    /// Reads one datagram as a message (RFC 3261 §7, §18.3).
    ///
    /// Line ends in front are skipped; lines may end in a bare LF. The body ends where Content-Length says, or with the
    /// datagram; bytes behind it are dropped. Via, From, To, Call-ID, CSeq, Contact, Route, Record-Route,
    /// Content-Type, and of requests Max-Forwards are read and must follow the grammar; all other fields are kept as
    /// they are.
    /// - Throws: ``ParseError``; its ``ParseError/refusal`` is what a request's sender is told.
    public init(parsing datagram: [UInt8]) throws(ParseError) {
        var parser = MessageParser(bytes: datagram)
        self = try parser.parse()
    }
}

/// Reads one message from a datagram.
///
/// The header is cut into fields first, as far as it goes, so that an error anywhere can be answered with what the
/// sender needs to match the answer.
struct MessageParser {
    let bytes: [UInt8]
    var head: MessageHead

    init(bytes: [UInt8]) {
        self.bytes = bytes
        head = MessageHead(bytes: bytes)
    }

    mutating func parse() throws(ParseError) -> Message {
        guard !head.startLine.isEmpty else { throw failure(.empty, status: nil) }
        guard head.kind != .unknown else { throw failure(.notSIP, status: nil) }
        guard head.startLine.count <= MessageLimits.startLine else { throw failure(.startLineTooLong, status: 414) }
        let startLine = try parseStartLine()
        guard bytes.count <= MessageLimits.message else { throw failure(.messageTooLarge, status: 513) }
        if let fault = head.fault {
            throw failure(fault.reason, at: fault.offset, status: 400)
        }
        let identity = try parseIdentity()
        if case .request(let method, _) = startLine, identity.cseq.method != method {
            throw failure(.methodMismatch, field: .cseq)
        }
        let body = try parseBody()
        let headers = Headers(
            head.fields.lazy.map(\.field).filter { !MessageSerializer.ownFields.contains($0.name) })
        try checkOptionalFields()
        switch startLine {
        case .request(let method, let uri):
            return .request(Request(method: method, uri: uri, identity: identity, headers: headers, body: body))
        case .response(let line):
            return .response(
                Response(
                    statusCode: line.statusCode, reason: line.reason, identity: identity, headers: headers, body: body))
        }
    }

    // MARK: First line

    private enum StartLine {
        case request(Method, URI)
        case response(StatusLine)
    }

    private func parseStartLine() throws(ParseError) -> StartLine {
        let line = bytes[head.startLine]
        do throws(ParseError.Reason) {
            return head.kind == .response
                ? .response(try StatusLine(line: line)) : try MessageParser.parseRequestLine(line)
        } catch {
            throw failure(error, at: head.startLine.lowerBound, status: error == .unknownVersion ? 505 : 400)
        }
    }

    /// `Method SP Request-URI SP SIP-Version`, with single spaces only (RFC 3261 §7.1).
    private static func parseRequestLine(_ line: ArraySlice<UInt8>) throws(ParseError.Reason) -> StartLine {
        let parts = line.split(separator: 0x20, omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[0].isEmpty, parts[0].allSatisfy({ Grammar.isToken($0) }) else {
            throw .badStartLine
        }
        switch SIPVersion(parts[2]) {
        case .two: break
        case .other: throw .unknownVersion
        case .malformed: throw .badStartLine
        }
        let method = Method(rawValue: String(decoding: parts[0], as: UTF8.self))
        do throws(GrammarError) {
            let uri = try URI(Array(parts[1]), in: 0..<parts[1].count)
            // Headers are not allowed in a Request-URI (RFC 3261 §19.1.1, table 1).
            if let sip = uri.sip, !sip.headers.isEmpty { throw GrammarError(offset: 0, reason: .badURI) }
            return .request(method, uri)
        } catch {
            throw .badRequestURI(error.reason)
        }
    }

    // MARK: Fields

    private func parseIdentity() throws(ParseError) -> MessageIdentity {
        var vias: [Via] = []
        for raw in head.all(.via) {
            vias += try read(raw) { (value) throws(GrammarError) in try Via.list(parsing: value) }
        }
        guard let topVia = vias.first else { throw failure(.missingField, field: .via) }
        let from = try single(.from) { (value) throws(GrammarError) in try NameAddress(parsing: value) }
        let to = try single(.to) { (value) throws(GrammarError) in try NameAddress(parsing: value) }
        let callID = try single(.callID) { (value) throws(GrammarError) in try MessageParser.callID(value) }
        let cseq = try single(.cseq) { (value) throws(GrammarError) in try CSeq(parsing: value) }
        return MessageIdentity(
            topVia: topVia, lowerVias: Array(vias.dropFirst()), from: from, to: to, callID: callID, cseq: cseq)
    }

    /// `word [ "@" word ]`.
    private static func callID(_ value: String) throws(GrammarError) -> String {
        var scanner = ByteScanner(value)
        let range = scanner.takeWhile { Grammar.isWord($0) || $0 == UInt8(ascii: "@") }
        guard !range.isEmpty else { throw scanner.failure(.unexpectedCharacter) }
        try scanner.expectEnd()
        return scanner.text(range)
    }

    private func parseBody() throws(ParseError) -> [UInt8] {
        let available = bytes[head.bodyStart...]
        let lengths = head.all(.contentLength)
        guard let first = lengths.first else { return Array(available) }
        var length: Int?
        for raw in lengths {
            let value = try read(raw) { (value) throws(GrammarError) in
                var scanner = ByteScanner(value)
                let number = try scanner.expectNumber(upTo: UInt64(Int32.max))
                try scanner.expectEnd()
                return Int(number)
            }
            if let length, length != value { throw failure(.repeatedField, field: .contentLength, at: raw.offset) }
            length = value
        }
        guard let length, length <= available.count else {
            throw failure(.incompleteBody, field: .contentLength, at: first.offset)
        }
        return Array(available.prefix(length))
    }

    /// Reads the fields whose accessors in ``SIPMessage`` must not fail on received messages.
    private func checkOptionalFields() throws(ParseError) {
        if head.kind == .request {
            try readOptional(.maxForwards) { (value) throws(GrammarError) in
                var scanner = ByteScanner(value)
                _ = try scanner.expectNumber(upTo: 255)
                try scanner.expectEnd()
            }
        }
        try readOptional(.contentType) { (value) throws(GrammarError) in _ = try MediaType(parsing: value) }
        for name in [HeaderName.route, .recordRoute] {
            for raw in head.all(name) {
                try read(raw) { (value) throws(GrammarError) in _ = try NameAddress.list(parsing: value) }
            }
        }
        let contacts = head.all(.contact)
        for raw in contacts {
            try read(raw) { (value) throws(GrammarError) in _ = try ContactList(parsing: [value]) }
        }
        if contacts.count > 1, contacts.contains(where: { $0.field.value == "*" }) {
            throw failure(.badField(.wildcardNotAlone), field: .contact, at: contacts[0].offset)
        }
    }

    private func readOptional(
        _ name: HeaderName, _ body: (String) throws(GrammarError) -> Void
    ) throws(ParseError) {
        let found = head.all(name)
        guard let first = found.first else { return }
        if let second = found.dropFirst().first(where: { $0.field.value != first.field.value }) {
            throw failure(.repeatedField, field: name, at: second.offset)
        }
        try read(first, body)
    }

    private func single<Value>(
        _ name: HeaderName, _ body: (String) throws(GrammarError) -> Value
    ) throws(ParseError) -> Value {
        let found = head.all(name)
        guard let first = found.first else { throw failure(.missingField, field: name) }
        guard found.count == 1 else { throw failure(.repeatedField, field: name, at: found[1].offset) }
        return try read(first, body)
    }

    private func read<Value>(
        _ raw: MessageHead.RawField, _ body: (String) throws(GrammarError) -> Value
    ) throws(ParseError) -> Value {
        do {
            return try body(raw.field.value)
        } catch {
            let offset = raw.isFolded ? raw.offset : raw.offset + error.offset
            throw failure(.badField(error.reason), field: raw.field.name, at: offset)
        }
    }

    // MARK: Errors

    private func failure(
        _ reason: ParseError.Reason, field: HeaderName? = nil, at offset: Int? = nil, status: Int? = 400
    ) -> ParseError {
        let located = offset ?? field.flatMap { head.all($0).first?.offset } ?? 0
        let phrase = field.map { "Bad Request: \($0)" }
        let refusal = status.flatMap { head.refusal(statusCode: $0, reason: $0 == 400 ? phrase : nil) }
        return ParseError(offset: located, field: field, reason: reason, refusal: refusal)
    }
}

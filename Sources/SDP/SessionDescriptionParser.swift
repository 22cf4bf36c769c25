extension SessionDescription {
    /// Reads a description (RFC 8866 §9).
    ///
    /// Lenient where peers are sloppy: lines may end in LF alone, blank lines and the last line's end may be missing,
    /// values may have spaces around them, lines of the session may stand in any order after `v=`, and `s=` and `t=`
    /// may be missing. Unknown attributes are kept, nameless ones skipped.
    ///
    /// - Throws: ``SDPError``. No input traps.
    public init(parsing bytes: some Collection<UInt8>) throws(SDPError) {
        let bytes = Array(bytes)
        guard bytes.count <= Self.maximumByteCount else { throw .tooLong(byteCount: bytes.count) }
        var parser = SessionDescriptionParser()
        var start = 0
        var line = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            line += 1
            let position = SDPError.Position(line: line, offset: start)
            try parser.receive(bytes[start..<end], at: position)
            start = end + 1
        }
        self = try parser.finish()
    }

    /// Reads a description from text.
    public init(parsing text: String) throws(SDPError) {
        try self.init(parsing: Array(text.utf8))
    }
}

/// Reads a description line by line.
private struct SessionDescriptionParser {
    private var hasVersion = false
    private var origin: Origin?
    private var hasName = false
    private var session = SessionDescription(
        origin: Origin(sessionID: "0", sessionVersion: "0", addressType: "IP4", address: "0.0.0.0"), times: [])

    mutating func receive(_ bytes: ArraySlice<UInt8>, at position: SDPError.Position) throws(SDPError) {
        let line = Self.trimmed(bytes)
        guard let letter = line.first else { return }
        let rest = Self.trimmed(line.dropFirst())
        guard rest.first == UInt8(ascii: "="), (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter) else {
            throw .malformedLine(position)
        }
        let type = String(Unicode.Scalar(letter))
        let value = String(
            decoding: Self.trimmed(rest.dropFirst()).map { Self.isBlank($0) ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
        guard hasVersion || type == "v" else { throw .missingField(type: "v") }
        if session.media.isEmpty || type == "m" {
            try receiveSessionField(type, value, position)
        } else {
            try receiveMediaField(type, value, position)
        }
    }

    func finish() throws(SDPError) -> SessionDescription {
        guard hasVersion else { throw .missingField(type: "v") }
        guard let origin else { throw .missingField(type: "o") }
        var session = session
        session.origin = origin
        if session.times.isEmpty { session.times = [TimeDescription()] }
        return session
    }

    private mutating func receiveSessionField(
        _ type: String, _ value: String, _ position: SDPError.Position
    ) throws(SDPError) {
        func parsed<Field>(_ field: Field?) throws(SDPError) -> Field {
            guard let field else { throw .malformedField(type: type, position) }
            return field
        }
        func single(_ isFirst: Bool) throws(SDPError) {
            if !isFirst { throw .misplacedField(type: type, position) }
        }
        switch type {
        case "v":
            try single(!hasVersion)
            guard value == "0" else { throw .malformedField(type: type, position) }
            hasVersion = true
        case "o":
            try single(origin == nil)
            origin = try parsed(Origin(parsing: value))
        case "s":
            try single(!hasName)
            hasName = true
            session.name = value.isEmpty ? "-" : value
        case "i": session.information = value
        case "u": session.uri = value
        case "e": session.emailAddresses.append(value)
        case "p": session.phoneNumbers.append(value)
        case "c": session.connection = try parsed(ConnectionData(parsing: value))
        case "b": session.bandwidths.append(value)
        case "t": session.times.append(TimeDescription(bounds: try parsed(Self.timeBounds(value))))
        case "r":
            guard let last = session.times.indices.last else { throw .misplacedField(type: type, position) }
            session.times[last].repeats.append(value)
        case "z": session.timeZones = value
        case "k": session.key = value
        case "a":
            if let attribute = Self.attribute(value) { session.attributes.append(attribute) }
        case "m": session.media.append(try parsed(MediaDescription(parsing: value)))
        default: throw .unknownType(letter: type, position)
        }
    }

    private mutating func receiveMediaField(
        _ type: String, _ value: String, _ position: SDPError.Position
    ) throws(SDPError) {
        let last = session.media.count - 1
        switch type {
        case "i": session.media[last].title = value
        case "c":
            guard let connection = ConnectionData(parsing: value) else {
                throw .malformedField(type: type, position)
            }
            session.media[last].connections.append(connection)
        case "b": session.media[last].bandwidths.append(value)
        case "k": session.media[last].key = value
        case "a":
            if let attribute = Self.attribute(value) { session.media[last].attributes.append(attribute) }
        case "v", "o", "s", "u", "e", "p", "t", "r", "z": throw .misplacedField(type: type, position)
        default: throw .unknownType(letter: type, position)
        }
    }

    /// Two numbers.
    private static func timeBounds(_ value: String) -> String? {
        let parts = value.split(separator: " ")
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.allSatisfy(isDigit) }) else { return nil }
        return value
    }

    /// The attribute; `nil` when it has no name, and so no meaning.
    private static func attribute(_ value: String) -> Attribute? {
        let parts = value.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let name = parts[0].filter { $0 != " " }
        if name.isEmpty { return nil }
        return Attribute(String(name), parts.count == 2 ? String(parts[1].drop { $0 == " " }) : nil)
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0
    }

    /// Without spaces, tabs, carriage returns and zero bytes at both ends.
    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var bytes = bytes.drop(while: isBlank)
        while let last = bytes.last, isBlank(last) { bytes.removeLast() }
        return bytes
    }
}

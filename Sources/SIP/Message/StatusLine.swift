/// The first line of a response, which is also what a REFER's NOTIFY carries (RFC 3261 §7.2, RFC 3515 §2.4.5).
public struct StatusLine: Hashable, Sendable, CustomStringConvertible {
    /// 100…699.
    public let statusCode: Int
    public let reason: String

    public init(statusCode: Int, reason: String? = nil) {
        self.statusCode = statusCode
        self.reason = reason ?? Response.reasonPhrase(for: statusCode)
    }

    /// Reads the status line that a `message/sipfrag` body begins with (RFC 3420 §2); what follows is ignored.
    ///
    /// - Returns: `nil` when the body begins with something else.
    public init?(fragment body: [UInt8]) {
        let line = body.prefix { $0 != 0x0D && $0 != 0x0A }
        do { try self.init(line: line) } catch { return nil }
    }

    public var description: String { "SIP/2.0 \(statusCode) \(reason)" }

    /// Reads a line without its end.
    init(line: ArraySlice<UInt8>) throws(ParseError.Reason) {
        let parts = line.split(separator: 0x20, maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, !line.contains(0x0D) else { throw .badStartLine }
        guard SIPVersion(parts[0]) != .malformed else { throw .badStartLine }
        guard SIPVersion(parts[0]) == .two else { throw .unknownVersion }
        guard parts[1].count == 3, parts[1].allSatisfy({ Grammar.isDigit($0) }) else { throw .badStatusCode }
        let code = parts[1].reduce(0) { $0 * 10 + Int($1 - 0x30) }
        guard (100...699).contains(code) else { throw .badStatusCode }
        statusCode = code
        reason = parts.count > 2 ? String(lenient: parts[2]) : ""
    }
}

extension ParseError.Reason: Error {}

/// The `SIP-Version` of a first line.
enum SIPVersion: Equatable {
    case two
    case other
    case malformed

    init(_ text: ArraySlice<UInt8>) {
        let prefix = Array("sip/".utf8)
        guard text.count > prefix.count, text.prefix(prefix.count).map({ Grammar.lowercased($0) }) == prefix else {
            self = .malformed
            return
        }
        let number = text.dropFirst(prefix.count)
        let parts = number.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy { Grammar.isDigit($0) } }) else {
            self = .malformed
            return
        }
        self = number.elementsEqual("2.0".utf8) ? .two : .other
    }
}

extension String {
    /// Bytes from the wire as text: UTF-8, or, where they are not, ISO 8859-1, which old exchanges send.
    init(lenient bytes: ArraySlice<UInt8>) {
        if let text = String(validating: bytes, as: UTF8.self) {
            self = text
        } else {
            self.init(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
        }
    }
}

/// The sequence number and method that order the requests of a dialog (RFC 3261 §20.16).
public struct CSeq: Hashable, Sendable, CustomStringConvertible {
    /// The greatest number that a request may carry (RFC 3261 §8.1.1.5).
    public static let maximumNumber: UInt32 = 0x7FFF_FFFF

    public var number: UInt32
    public var method: Method

    public init(number: UInt32, method: Method) {
        self.number = number
        self.method = method
    }

    /// Reads a CSeq value.
    ///
    /// - Throws: ``GrammarError``, also for numbers above ``maximumNumber``.
    public init(parsing text: String) throws(GrammarError) {
        var scanner = ByteScanner(text)
        scanner.skipWhitespace()
        let number = try scanner.expectNumber(upTo: UInt64(CSeq.maximumNumber))
        guard let separator = scanner.current, Grammar.isWhitespace(separator) else {
            throw scanner.failure(.unexpectedCharacter)
        }
        scanner.skipWhitespace()
        let method = try scanner.expectToken()
        try scanner.expectEnd()
        self.init(number: UInt32(truncatingIfNeeded: number), method: Method(rawValue: method))
    }

    public var description: String { "\(number) \(method)" }
}

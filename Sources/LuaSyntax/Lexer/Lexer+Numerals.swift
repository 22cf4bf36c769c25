extension Lexer {
    /// A numeral (§3.1): reads as far as Lua does, then looks whether that is one.
    mutating func number(from start: SourcePosition) -> Token.Kind {
        let isHexadecimal = byte(0) == UInt8(ascii: "0") && byte(1) | 0x20 == UInt8(ascii: "x")
        if isHexadecimal { offset += 2 }
        let exponentMark = UInt8(ascii: isHexadecimal ? "p" : "e")
        while !isAtEnd {
            let current = byte(0)
            if current | 0x20 == exponentMark {
                offset += 1
                if byte(0) == UInt8(ascii: "+") || byte(0) == UInt8(ascii: "-") { offset += 1 }
            } else if current.hexadecimalValue != nil || current == UInt8(ascii: ".") {
                offset += 1
            } else {
                break
            }
        }
        let isComplete = !byte(0).isNameStart
        if isComplete {
            let digits = bytes[start.offset..<offset]
            if let kind = isHexadecimal ? Self.hexadecimal(digits.dropFirst(2)) : Self.decimal(digits) { return kind }
        }
        while byte(0).isNamePart { offset += 1 }
        let text = text(from: start)
        report(SourceRange(start, position), "'\(text)' is not a number", hint: Self.hint(for: text))
        return .integer(0)
    }

    private static func hint(for text: String) -> String? {
        if text.contains("..") { return "put spaces around '..' when it joins a number: 1 .. 2" }
        if text.contains("_") { return "digits are not grouped: \(text.filter { $0 != "_" })" }
        if text.drop(while: \.isNumber).first?.isLetter == true, !text.hasPrefix("0") {
            return "a name does not begin with a digit"
        }
        return nil
    }

    private static func decimal(_ text: ArraySlice<UInt8>) -> Token.Kind? {
        var parts = Mantissa(text, exponentMark: UInt8(ascii: "e")) { $0.isDigit ? Int($0 - 0x30) : nil }
        guard parts.isWellFormed else { return nil }
        if parts.isInteger {
            var value: Int64 = 0
            var fits = true
            for byte in text {
                let (product, overflow) = value.multipliedReportingOverflow(by: 10)
                let (sum, carry) = product.addingReportingOverflow(Int64(byte - 0x30))
                value = sum
                fits = fits && !overflow && !carry
                if !fits { break }
            }
            if fits { return .integer(value) }
        }
        parts.complete()
        return Double(String(decoding: parts.normalized, as: UTF8.self)).map { .float($0) } ?? .float(.infinity)
    }

    /// Integers wrap around at 2⁶⁴ (§3.1).
    private static func hexadecimal(_ text: ArraySlice<UInt8>) -> Token.Kind? {
        var parts = Mantissa(text, exponentMark: UInt8(ascii: "p"), value: \.hexadecimalValue)
        guard parts.isWellFormed else { return nil }
        if parts.isInteger {
            var value: UInt64 = 0
            for byte in text { value = value << 4 | UInt64(byte.hexadecimalValue ?? 0) }
            return .integer(Int64(bitPattern: value))
        }
        parts.complete()
        return Double("0x" + String(decoding: parts.normalized, as: UTF8.self)).map { .float($0) } ?? .float(.infinity)
    }

    /// `digits [. digits] [mark [sign] digits]`, with a digit before the mark.
    private struct Mantissa {
        var isWellFormed = true
        var isInteger = true
        /// With at least one digit on each side of the point.
        var normalized: [UInt8] = []
        private let needsExponent: Bool
        private var hasExponent = false

        init(_ text: ArraySlice<UInt8>, exponentMark: UInt8, value: (UInt8) -> Int?) {
            needsExponent = exponentMark == UInt8(ascii: "p")
            var rest = text
            var digits = 0
            func take() -> [UInt8] {
                let run = rest.prefix { value($0) != nil }
                rest = rest.dropFirst(run.count)
                return Array(run)
            }
            let whole = take()
            digits += whole.count
            normalized = whole.isEmpty ? [0x30] : whole
            if rest.first == UInt8(ascii: ".") {
                isInteger = false
                rest = rest.dropFirst()
                let fraction = take()
                digits += fraction.count
                normalized += [UInt8(ascii: ".")] + (fraction.isEmpty ? [0x30] : fraction)
            }
            if digits == 0 { isWellFormed = false }
            if let mark = rest.first, mark | 0x20 == exponentMark {
                isInteger = false
                hasExponent = true
                normalized.append(exponentMark)
                rest = rest.dropFirst()
                if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
                    normalized.append(sign)
                    rest = rest.dropFirst()
                }
                let exponent = rest.prefix { $0.isDigit }
                if exponent.isEmpty { isWellFormed = false }
                normalized += exponent
                rest = rest.dropFirst(exponent.count)
            }
            if !rest.isEmpty { isWellFormed = false }
        }

        /// Adds the exponent that Swift wants of hexadecimal numbers.
        mutating func complete() {
            if needsExponent, !hasExponent { normalized += [UInt8(ascii: "p"), 0x30] }
        }
    }
}

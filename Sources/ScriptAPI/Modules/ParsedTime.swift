/// A date and time that was read from text.
struct ParsedTime {
    private var civil = CivilTime(year: 1970, month: 1, day: 1)
    private var dayOfYear: Int?
    private var isAfternoon: Bool?
    private var unixTime: Int64?
    private var fraction = 0.0
    /// East of Greenwich, where the text says so. [s]
    private var offset: Int?

    /// Why a text is no date or time.
    struct Failure: Error {
        let reason: String
    }

    /// Reads `2026-12-01`, `2026-12-01T14:30`, `2026-12-01 14:30:05.25+01:00` (ISO 8601).
    init(iso text: String) throws(Failure) {
        var reader = try ParsedTime.reader(of: text)
        reader.skipBlanks()
        guard let year = reader.number(4...4), reader.take(UInt8(ascii: "-")), let month = reader.number(2...2),
            reader.take(UInt8(ascii: "-")), let day = reader.number(2...2)
        else { throw Failure(reason: "a date such as 2026-12-01 expected, got \"\(text.prefix(64))\"") }
        civil = CivilTime(year: year, month: month, day: day)
        if reader.take(UInt8(ascii: "T")) || reader.take(UInt8(ascii: " ")) {
            guard let hour = reader.number(2...2), reader.take(UInt8(ascii: ":")), let minute = reader.number(2...2)
            else { throw Failure(reason: "a time such as 14:30 expected behind the date in \"\(text.prefix(64))\"") }
            civil.hour = hour
            civil.minute = minute
            if reader.take(UInt8(ascii: ":")) {
                guard let second = reader.number(2...2) else {
                    throw Failure(reason: "two digits of seconds expected in \"\(text.prefix(64))\"")
                }
                civil.second = second
                if reader.take(anyOf: ".,".utf8) != nil {
                    guard let fraction = reader.fraction() else {
                        throw Failure(reason: "digits expected behind the point in \"\(text.prefix(64))\"")
                    }
                    self.fraction = fraction
                }
            }
            if !reader.isAtEnd { offset = reader.offset() }
        }
        try ParsedTime.checkEnd(&reader)
    }

    /// Reads a text that was written by a format, or could have been.
    init(_ text: String, format: TimeFormat) throws(Failure) {
        var reader = try ParsedTime.reader(of: text)
        for part in format.parts {
            switch part {
            case .text(let byte) where byte == 0x20 || (0x09...0x0D).contains(byte): reader.skipBlanks()
            case .text(let byte):
                guard reader.take(byte) else {
                    let expected = String(decoding: [byte], as: UTF8.self)
                    throw Failure(reason: "\"\(expected)\" expected before \"\(reader.remainder)\"")
                }
            case .directive(let letter, _):
                guard read(letter, from: &reader) else {
                    throw Failure(reason: "%\(letter) does not fit \"\(reader.remainder)\"")
                }
            }
        }
        try ParsedTime.checkEnd(&reader)
    }

    private static func reader(of text: String) throws(Failure) -> TimeTextReader {
        guard text.utf8.count <= TimeFormat.maximumBytes else {
            throw Failure(reason: "the text is longer than \(TimeFormat.maximumBytes) bytes")
        }
        return TimeTextReader(text)
    }

    private static func checkEnd(_ reader: inout TimeTextReader) throws(Failure) {
        reader.skipBlanks()
        guard reader.isAtEnd else { throw Failure(reason: "unexpected \"\(reader.remainder)\"") }
    }

    /// - Returns: Whether the text fits. Weekdays and weeks are read and not used: the date says them.
    private mutating func read(_ letter: Character, from reader: inout TimeTextReader) -> Bool {
        func assign(_ number: Int?, _ change: (Int) -> Void) -> Bool {
            number.map(change) != nil
        }
        var next = self
        defer { self = next }
        switch letter {
        case "Y": return assign(reader.number(4...4)) { next.civil.year = $0 }
        // POSIX: 69 to 99 are of the last century.
        case "y": return assign(reader.number(2...2)) { next.civil.year = $0 < 69 ? 2_000 + $0 : 1_900 + $0 }
        case "m": return assign(reader.number(1...2)) { next.civil.month = $0 }
        case "d", "e":
            reader.skipBlanks()
            return assign(reader.number(1...2)) { next.civil.day = $0 }
        case "H", "I": return assign(reader.number(1...2)) { next.civil.hour = $0 }
        case "M": return assign(reader.number(1...2)) { next.civil.minute = $0 }
        case "S": return assign(reader.number(1...2)) { next.civil.second = $0 }
        case "j": return assign(reader.number(1...3)) { next.dayOfYear = $0 }
        case "s": return assign(reader.number(1...12)) { next.unixTime = Int64($0) }
        case "B", "b": return assign(reader.name(among: TimeFormat.months)) { next.civil.month = $0 + 1 }
        case "A", "a": return reader.name(among: TimeFormat.weekdays) != nil
        case "p": return assign(reader.name(among: ["AM", "PM"])) { next.isAfternoon = $0 == 1 }
        case "z": return assign(reader.offset()) { next.offset = $0 }
        case "f":
            guard let value = reader.fraction() else { return false }
            next.fraction = value
            return true
        case "u", "w": return reader.number(1...1) != nil
        case "V": return reader.number(1...2) != nil
        case "G": return reader.number(4...4) != nil
        // Names of zones are ambiguous: only an offset says when it was.
        default: return false
        }
    }

    /// The Unix time. [s]
    ///
    /// - Parameter zone: Where the text says no offset.
    func time(in zone: ScriptZone) throws(Failure) -> Double {
        if let unixTime { return Double(unixTime) + fraction }
        var civil = civil
        if let isAfternoon {
            guard (1...12).contains(civil.hour) else {
                throw Failure(reason: "there is no hour \(civil.hour) with AM or PM")
            }
            civil.hour = civil.hour % 12 + (isAfternoon ? 12 : 0)
        }
        if let dayOfYear {
            guard (1...(CivilTime.isLeap(civil.year) ? 366 : 365)).contains(dayOfYear) else {
                throw Failure(reason: "the year \(civil.year) has no day \(dayOfYear)")
            }
            let first = CivilTime(year: civil.year, month: 1, day: 1)
            guard first.isValid else { throw Failure(reason: "there is no year \(civil.year)") }
            let day = CivilTime(seconds: first.seconds + Int64(dayOfYear - 1) * 86_400)
            civil.month = day.month
            civil.day = day.day
        }
        guard civil.isValid else { throw Failure(reason: "there is no \(civil)") }
        return Double((offset.map { ScriptZone.fixed($0) } ?? zone).time(of: civil)) + fraction
    }
}

extension CivilTime: CustomStringConvertible {
    /// `2026-02-30 25:00:00`, also of what does not exist.
    var description: String {
        func two(_ number: Int) -> String { TimeFormat.padded(number, 2) }
        return "\(TimeFormat.padded(year, 4))-\(two(month))-\(two(day)) \(two(hour)):\(two(minute)):\(two(second))"
    }
}

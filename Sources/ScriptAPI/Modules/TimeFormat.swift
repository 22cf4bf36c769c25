/// A format such as `%Y-%m-%d %H:%M`, with the directives of C's `strftime` and English names.
struct TimeFormat {
    enum Part: Hashable {
        case text(UInt8)
        /// The directive's letter; `isPlain` for `%-d`: without leading zeros or blanks.
        case directive(Character, isPlain: Bool)
    }

    let parts: [Part]

    /// Longest format, and longest text that is parsed. [byte]
    static let maximumBytes = 1_024
    static let weekdays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
    static let iso = TimeFormat(expanded: "%Y-%m-%dT%H:%M:%S")

    private static let shorthands: [Character: String] = [
        "F": "%Y-%m-%d", "T": "%H:%M:%S", "R": "%H:%M", "D": "%m/%d/%y",
    ]
    private static let letters: Set<Character> = [
        "A", "B", "G", "H", "I", "M", "S", "V", "Y", "Z", "a", "b", "d", "e", "f", "j", "m", "p", "s", "u", "w", "y",
        "z",
    ]

    /// - Throws: which directive is unknown.
    init(_ format: String) throws(ScriptMismatch) {
        guard format.utf8.count <= TimeFormat.maximumBytes else {
            throw ScriptMismatch(reason: "the format is longer than \(TimeFormat.maximumBytes) bytes")
        }
        var parts: [Part] = []
        var rest = format.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                parts.append(.text(byte))
                continue
            }
            let isPlain = rest.first == UInt8(ascii: "-")
            if isPlain { rest = rest.dropFirst() }
            guard let code = rest.popFirst() else { throw ScriptMismatch(reason: "the format ends in '%'") }
            let letter = Character(Unicode.Scalar(code))
            switch letter {
            case "%": parts.append(.text(code))
            case "n": parts.append(.text(0x0A))
            case "t": parts.append(.text(0x09))
            default:
                if let longer = TimeFormat.shorthands[letter] {
                    parts += TimeFormat(expanded: longer).parts
                } else if TimeFormat.letters.contains(letter) {
                    parts.append(.directive(letter, isPlain: isPlain))
                } else {
                    let shown = code > 0x20 && code < 0x7F ? "%\(letter)" : "% and no letter"
                    throw ScriptMismatch(reason: "unknown directive '\(shown)'; use those of strftime")
                }
            }
        }
        self.parts = parts
    }

    /// - Parameter text: Of known directives alone.
    private init(expanded text: String) {
        var parts: [Part] = []
        var isDirective = false
        for character in text {
            if isDirective {
                parts.append(.directive(character, isPlain: false))
                isDirective = false
            } else if character == "%" {
                isDirective = true
            } else {
                parts += character.utf8.map { .text($0) }
            }
        }
        self.parts = parts
    }

    /// - Parameter time: Unix time, in ``CivilTime/seconds``. [s]
    func text(of time: Double, in zone: ScriptZone) -> String {
        let whole = Int64(time.rounded(.down))
        let civil = zone.civil(at: whole)
        let microseconds = min(999_999, Int((time - Double(whole)) * 1e6))
        var output: [UInt8] = []
        for part in parts {
            switch part {
            case .text(let byte): output.append(byte)
            case .directive("Z", _): output += zone.abbreviation(at: whole).utf8
            case .directive("z", _):
                output += ScriptZone.text(ofOffset: zone.offset(at: whole), separator: "").utf8
            case .directive("s", _): output += String(whole).utf8
            case .directive("f", _): output += TimeFormat.padded(microseconds, 6).utf8
            case .directive(let letter, let isPlain):
                output += TimeFormat.text(of: letter, civil, isPlain: isPlain).utf8
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func text(of letter: Character, _ civil: CivilTime, isPlain: Bool) -> String {
        func number(_ value: Int, _ width: Int) -> String { isPlain ? String(value) : padded(value, width) }
        return switch letter {
        case "Y": padded(civil.year, 4)
        case "y": number(civil.year % 100, 2)
        case "m": number(civil.month, 2)
        case "d": number(civil.day, 2)
        case "e": isPlain || civil.day > 9 ? String(civil.day) : " \(civil.day)"
        case "H": number(civil.hour, 2)
        case "I": number((civil.hour + 11) % 12 + 1, 2)
        case "M": number(civil.minute, 2)
        case "S": number(civil.second, 2)
        case "p": civil.hour < 12 ? "AM" : "PM"
        case "A": weekdays[civil.weekday - 1]
        case "a": String(weekdays[civil.weekday - 1].prefix(3))
        case "B": months[civil.month - 1]
        case "b": String(months[civil.month - 1].prefix(3))
        case "j": number(civil.dayOfYear, 3)
        case "u": String(civil.weekday)
        case "w": String(civil.weekday % 7)
        case "G": padded(civil.week.year, 4)
        case "V": number(civil.week.number, 2)
        default: ""
        }
    }

    /// With leading zeros.
    static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}

public import SansIO

/// What a test expects of a text or of a value: `t.like`, `t.any`, ….
public indirect enum Matcher: Hashable, Sendable {
    /// A plain value. Of speech: like it. Of an action's argument: equal to it.
    case value(JSON)
    /// The words, in order, anywhere; case, punctuation and the way that numbers are written do not matter.
    case like(String)
    /// The same text, but for white space around it.
    case exact(String)
    /// A pattern of Lua.
    case pattern(String)
    /// Words that sound so, in what the callee's recogniser understood.
    case soundsLike(String, atLeast: Double)
    case any([Matcher])
    /// A table with at least these fields.
    case fields([Field])
    /// A list of exactly these elements.
    case list([Matcher])

    /// One field of a table.
    public struct Field: Hashable, Sendable {
        public var name: String
        public var matcher: Matcher
    }

    /// The default of `t.sounds_like`.
    static let soundThreshold = 0.7

    /// Whether it asks what the callee's recogniser understood.
    var needsRecognition: Bool {
        switch self {
        case .soundsLike: true
        case .any(let alternatives), .list(let alternatives): alternatives.contains(where: \.needsRecognition)
        case .fields(let fields): fields.contains(where: \.matcher.needsRecognition)
        case .value, .like, .exact, .pattern: false
        }
    }

    /// Whether it has patterns, which only a state of Lua can match.
    var patterns: [String] {
        switch self {
        case .pattern(let pattern): [pattern]
        case .any(let alternatives), .list(let alternatives): alternatives.flatMap(\.patterns)
        case .fields(let fields): fields.flatMap(\.matcher.patterns)
        case .value, .like, .exact, .soundsLike: []
        }
    }

    /// As a report shows it: `like "dental practice"`.
    public var description: String {
        switch self {
        case .value(let value): value.text
        case .like(let text): "like \(quoted(text))"
        case .exact(let text): "exactly \(quoted(text))"
        case .pattern(let pattern): "matching \(quoted(pattern))"
        case .soundsLike(let text, _): "sounding like \(quoted(text))"
        case .any(let alternatives): alternatives.map(\.description).joined(separator: " or ")
        case .fields(let fields):
            "{ " + fields.map { "\($0.name) = \($0.matcher.description)" }.joined(separator: ", ") + " }"
        case .list(let elements): "{ " + elements.map(\.description).joined(separator: ", ") + " }"
        }
    }
}

/// A text in quotation marks, on one line.
func quoted(_ text: String) -> String {
    "\u{201C}" + text.split(whereSeparator: \.isNewline).joined(separator: " ") + "\u{201D}"
}

/// Finds patterns of Lua in texts.
protocol PatternMatching: AnyObject {
    /// Whether the pattern is in the text; an error of the pattern is kept, and means no.
    func matches(_ pattern: String, in text: String) -> Bool
}

// MARK: - Speech

extension Matcher {
    /// Where speech matches.
    enum Place: Hashable {
        /// Words of it, by position.
        case words(Range<Int>)
        /// The text as a whole.
        case whole
    }

    /// Something that was said.
    struct Speech: Hashable {
        enum Source: Hashable {
            /// What was said, word for word.
            case transcript
            /// What a recogniser understood: only `t.sounds_like` asks for that.
            case recognition
            /// A text that stands for both.
            case both
        }

        var text: String
        var words: [String]
        var source: Source

        init(_ text: String, source: Source) {
            self.text = text
            words = SpokenWords.words(of: text)
            self.source = source
        }
    }

    /// Looks for the expectation in something that was said.
    ///
    /// - Parameter start: The first word that may take part; a matcher of the whole text wants 0.
    func find(in speech: Speech, from start: Int = 0, patterns: any PatternMatching) -> Place? {
        switch self {
        case .value(let value):
            return Matcher.like(value.plainText).find(in: speech, from: start, patterns: patterns)
        case .like(let expected):
            guard speech.source != .recognition else { return nil }
            return SpokenWords.range(of: SpokenWords.words(of: expected), in: speech.words, from: start)
                .map { .words($0) }
        case .exact(let expected):
            guard speech.source != .recognition, start == 0 else { return nil }
            return speech.text.trimmed == expected.trimmed ? .whole : nil
        case .pattern(let pattern):
            guard speech.source != .recognition, start == 0 else { return nil }
            return patterns.matches(pattern, in: speech.text) ? .whole : nil
        case .soundsLike(let expected, let threshold):
            guard speech.source != .transcript, start == 0 else { return nil }
            let score = WordSimilarity.score(of: SpokenWords.words(of: expected), in: speech.words)
            return score >= threshold ? .whole : nil
        case .any(let alternatives):
            for alternative in alternatives {
                if let place = alternative.find(in: speech, from: start, patterns: patterns) { return place }
            }
            return nil
        case .fields, .list: return nil
        }
    }

    /// How near something that was said comes, 0…1; for the report of what was nearest.
    func nearness(to words: [String]) -> Double {
        switch self {
        case .value(let value): WordSimilarity.score(of: SpokenWords.words(of: value.plainText), in: words)
        case .like(let text), .exact(let text), .soundsLike(let text, _):
            WordSimilarity.score(of: SpokenWords.words(of: text), in: words)
        case .pattern(let pattern):
            WordSimilarity.score(of: SpokenWords.words(of: pattern.filter { $0 != "%" }), in: words)
        case .any(let alternatives): alternatives.map { $0.nearness(to: words) }.max() ?? 0
        case .fields, .list: 0
        }
    }

    /// Whether a text is as expected, when order does not matter.
    func matches(text: String, patterns: any PatternMatching) -> Bool {
        find(in: Speech(text, source: .both), patterns: patterns) != nil
    }
}

// MARK: - Values

extension Matcher {
    /// The first difference between a value and what is expected of it; `nil` when it is as expected.
    ///
    /// - Parameter path: Where the value stands, as one would write it: `time`; empty for the whole.
    func mismatch(_ value: JSON?, path: String = "", patterns: any PatternMatching) -> String? {
        let subject = path.isEmpty ? "it" : path
        guard let value, !value.isNull || self == .value(.null) else {
            if case .any(let alternatives) = self, alternatives.contains(.value(.null)) { return nil }
            return self == .value(.null) ? nil : "\(subject) is missing, expected \(description)"
        }
        let difference = "\(subject) is \(value.text), expected \(description)"
        switch self {
        case .value(let expected): return Matcher.areEqual(value, expected) ? nil : difference
        case .like, .exact, .pattern, .soundsLike:
            guard value.array == nil, value.object == nil else { return difference }
            return matches(text: value.plainText, patterns: patterns) ? nil : difference
        case .any(let alternatives):
            let isMet = alternatives.contains { $0.mismatch(value, path: path, patterns: patterns) == nil }
            return isMet ? nil : difference
        case .fields(let fields):
            guard value.object != nil else { return difference }
            for field in fields {
                let inner = path.isEmpty ? field.name : "\(path).\(field.name)"
                if let found = field.matcher.mismatch(value[field.name], path: inner, patterns: patterns) {
                    return found
                }
            }
            return nil
        case .list(let elements):
            guard let list = value.array, list.count == elements.count else { return difference }
            for (index, element) in elements.enumerated() {
                let inner = "\(path)[\(index + 1)]"
                if let found = element.mismatch(list[index], path: inner, patterns: patterns) { return found }
            }
            return nil
        }
    }

    /// Numbers are compared by value, tables member by member in any order.
    private static func areEqual(_ left: JSON, _ right: JSON) -> Bool {
        if let left = left.number, let right = right.number { return left == right }
        if let left = left.array, let right = right.array {
            return left.count == right.count && zip(left, right).allSatisfy(areEqual)
        }
        // An empty table of Lua is an empty list too.
        if left.isEmptyTable, right.isEmptyTable { return true }
        if let left = left.object, let right = right.object {
            return left.count == right.count
                && left.members.allSatisfy { member in right[member.key].map { areEqual(member.value, $0) } ?? false }
        }
        return left == right
    }
}

extension JSON {
    /// The text of a string, and of any other value its JSON.
    var plainText: String { string ?? text }

    fileprivate var isEmptyTable: Bool { array?.isEmpty ?? object?.isEmpty ?? false }
}

extension String {
    var trimmed: String {
        String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
}

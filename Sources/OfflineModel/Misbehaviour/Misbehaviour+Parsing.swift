/// Why a text is no rule of misbehaviour; one sentence.
public struct MisbehaviourError: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String
}

extension Misbehaviour {
    /// What ``init(parsing:)`` reads, for whoever explains it.
    public static let syntax = """
        [PLACE,…:] FAULT[=VALUE] [after=N] [times=N] [chance=0…1] [key=KEY]; rules are separated by semicolons. Places: \
        \(Place.allCases.map(\.rawValue).joined(separator: " ")); without them everywhere. Faults: latency=300ms (or \
        200ms..900ms evenly, 300ms~2s for a median that one in a hundred goes beyond), stall, drop (both =start, \
        =middle or =TIME), status=429 [retry-after=2s], truncate, odd-chunks, disorder, duplicate, unknown, expire=20s
        """

    /// Reads rules: `chat,responses: status=429 retry-after=2s times=2; speech: stall=middle chance=0.1`.
    public init(parsing text: String) throws(MisbehaviourError) {
        rules = []
        for rule in text.split(separator: ";") where !rule.allSatisfy(\.isWhitespace) {
            rules.append(try Self.rule(rule))
        }
    }

    private static func rule(_ text: Substring) throws(MisbehaviourError) -> Rule {
        var rest = text
        var places: Set<Place> = []
        if let colon = endOfPlaces(in: text) {
            for name in text[..<colon].split(separator: ",") {
                let name = String(name.filter { !$0.isWhitespace })
                guard let place = Place(rawValue: name) else {
                    let known = Place.allCases.map(\.rawValue).joined(separator: ", ")
                    throw MisbehaviourError(description: "There is no place “\(name)” to misbehave at: \(known).")
                }
                places.insert(place)
            }
            rest = text[text.index(after: colon)...]
        }
        var words = rest.split(whereSeparator: \.isWhitespace).map { word in
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            return (name: parts[0], value: parts.count == 2 ? parts[1] : nil)
        }
        guard !words.isEmpty else { throw MisbehaviourError(description: "“\(text)” names no fault. \(syntax)") }
        let first = words.removeFirst()
        var rule = Rule(try fault(first.name, first.value), at: places)
        for (name, value) in words {
            switch (name, value) {
            case ("after", let value?): rule.skipped = try count(value, name)
            case ("times", let value?): rule.times = try count(value, name)
            case ("chance", let value?):
                guard let chance = Double(value), (0...1).contains(chance) else {
                    throw MisbehaviourError(description: "chance is a number from 0 to 1, not “\(value)”.")
                }
                rule.chance = chance
            case ("key", let value?): rule.key = value
            case ("retry-after", let value?):
                guard case .refusal(let status, _) = rule.fault else {
                    throw MisbehaviourError(description: "retry-after goes with status=… alone.")
                }
                rule.fault = .refusal(status: status, retryAfter: try duration(value))
            default: throw MisbehaviourError(description: "“\(name)” is nothing that a rule can say. \(syntax)")
            }
        }
        return rule
    }

    /// The colon behind a rule's places, which are words and commas: one behind a fault belongs to its values.
    private static func endOfPlaces(in rule: Substring) -> Substring.Index? {
        guard let colon = rule.firstIndex(of: ":") else { return nil }
        let words = rule[..<colon].split(separator: ",", omittingEmptySubsequences: false)
        let arePlaces = words.allSatisfy { word in
            !word.contains("=") && word.split(whereSeparator: \.isWhitespace).count <= 1
        }
        return arePlaces ? colon : nil
    }

    private static func fault(_ name: String, _ value: String?) throws(MisbehaviourError) -> Fault {
        switch (name, value) {
        case ("latency", let value?): return .latency(try latency(value))
        case ("stall", _): return .stall(try moment(value))
        case ("drop", _): return .drop(try moment(value))
        case ("status", let value?):
            guard let status = Int(value), (400...599).contains(status) else {
                throw MisbehaviourError(description: "status is a number from 400 to 599, not “\(value)”.")
            }
            return .refusal(status: status, retryAfter: nil)
        case ("truncate", nil): return .truncation
        case ("odd-chunks", nil): return .oddChunks
        case ("disorder", nil): return .disorder
        case ("duplicate", nil): return .duplicates
        case ("unknown", nil): return .unknownEvents
        case ("expire", let value?): return .expiry(after: try duration(value))
        default: throw MisbehaviourError(description: "“\(name)” is no fault, or its value is missing. \(syntax)")
        }
    }

    private static func moment(_ value: String?) throws(MisbehaviourError) -> Moment {
        switch value {
        case nil, "start": .start
        case "middle": .middle
        case let value?: .after(try duration(value))
        }
    }

    private static func latency(_ text: String) throws(MisbehaviourError) -> Latency {
        if let range = text.firstRange(of: "..") {
            let low = try duration(String(text[..<range.lowerBound]))
            let high = try duration(String(text[range.upperBound...]))
            guard low <= high else { throw MisbehaviourError(description: "“\(text)” ends before it begins.") }
            return .uniform(low...high)
        }
        if let mark = text.firstIndex(of: "~") {
            let median = try duration(String(text[..<mark]))
            let rarely = try duration(String(text[text.index(after: mark)...]))
            guard median > .zero, median <= rarely else {
                throw MisbehaviourError(description: "“\(text)” wants a median above 0 and a longer time behind it.")
            }
            return .skewed(median: median, rarely: rarely)
        }
        return .constant(try duration(text))
    }

    private static func count(_ value: String, _ name: String) throws(MisbehaviourError) -> Int {
        guard let count = Int(value), count >= 0 else {
            throw MisbehaviourError(description: "\(name) is a whole number from 0 on, not “\(value)”.")
        }
        return count
    }

    /// `300ms`, `2s`, `1.5s`; a bare number is seconds. At most a day.
    private static func duration(_ text: String) throws(MisbehaviourError) -> Duration {
        let isMilliseconds = text.hasSuffix("ms")
        let digits = isMilliseconds ? text.dropLast(2) : text.hasSuffix("s") ? text.dropLast() : text[...]
        guard let number = Double(String(digits)), (0...86_400_000).contains(number) else {
            throw MisbehaviourError(description: "“\(text)” is no time like 300ms or 2s.")
        }
        return isMilliseconds ? .milliseconds(number) : .seconds(min(number, 86_400))
    }
}

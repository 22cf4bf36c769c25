import SansIO

/// The members of one object of an event log, read by name and type.
struct LogFields {
    let json: JSON

    init(_ json: JSON) {
        self.json = json
    }

    /// Bytes of audio that one line may stand for: ten minutes.
    private static let maximumAudio = 600_000 * G711Law.bytesPerMillisecond

    private func require<Value>(_ value: Value?, _ name: String) throws(CallLogFormError) -> Value {
        guard let value else { throw CallLogFormError(field: name) }
        return value
    }

    func value(_ name: String) throws(CallLogFormError) -> JSON { try require(json[name], name) }

    /// A member that is an object.
    func fields(_ name: String) throws(CallLogFormError) -> LogFields {
        LogFields(.object(try require(json[name]?.object, name)))
    }

    /// A member that is an object; `nil` for `null` and when it is missing.
    func optionalFields(_ name: String) throws(CallLogFormError) -> LogFields? {
        json[name].map(\.isNull) == false ? try fields(name) : nil
    }

    func array(_ name: String) throws(CallLogFormError) -> [JSON] { try require(json[name]?.array, name) }
    func text(_ name: String) throws(CallLogFormError) -> String { try require(json[name]?.string, name) }
    func bool(_ name: String) throws(CallLogFormError) -> Bool { try require(json[name]?.bool, name) }
    func number(_ name: String) throws(CallLogFormError) -> Double { try require(json[name]?.number, name) }
    func integer(_ name: String) throws(CallLogFormError) -> Int64 { try require(json[name]?.integer, name) }

    func int(_ name: String) throws(CallLogFormError) -> Int { try require(Int(exactly: try integer(name)), name) }

    /// A number from 0 on that fits in 32 bits.
    func count(_ name: String) throws(CallLogFormError) -> Int {
        let value = try int(name)
        return try require(value >= 0 && value <= Int(Int32.max) ? value : nil, name)
    }

    /// No more than a lifetime, so that sums of what a log says do not overflow.
    private func nanoseconds(_ name: String) throws(CallLogFormError) -> Int64 {
        let value = try integer(name)
        return try require(value.magnitude < 1 << 61 ? value : nil, name)
    }

    func duration(_ name: String) throws(CallLogFormError) -> Duration { .nanoseconds(try nanoseconds(name)) }
    /// A time that something may take; a call whose timers never rest could not be run again.
    func span(_ name: String) throws(CallLogFormError) -> Duration {
        let value = try duration(name)
        return try require(value > .zero ? value : nil, name)
    }

    func instant(_ name: String) throws(CallLogFormError) -> Instant { Instant(nanoseconds: try nanoseconds(name)) }

    func task(_ name: String = "task") throws(CallLogFormError) -> ScriptTaskID {
        ScriptTaskID(number: try require(UInt64(exactly: try integer(name)), name))
    }

    func function(_ name: String) throws(CallLogFormError) -> ScriptFunctionID {
        ScriptFunctionID(number: try require(UInt64(exactly: try integer(name)), name))
    }

    func tag(_ name: String = "tag") throws(CallLogFormError) -> PlayoutTag {
        try require(PlayoutTag(exactly: try integer(name)), name)
    }

    func character(_ name: String) throws(CallLogFormError) -> Character {
        let text = try text(name)
        return try require(text.count == 1 ? text.first : nil, name)
    }

    func choice<Value: RawRepresentable<String>>(_ name: String) throws(CallLogFormError) -> Value {
        try require(Value(rawValue: try text(name)), name)
    }

    func strings(_ name: String) throws(CallLogFormError) -> [String: String] {
        var strings: [String: String] = [:]
        for member in try require(json[name]?.object, name).members {
            strings[member.key] = try require(member.value.string, name)
        }
        return strings
    }

    /// As much silence as there was audio.
    func silence(_ name: String) throws(CallLogFormError) -> [UInt8] {
        let count = try count(name)
        return [UInt8](repeating: 0xFF, count: try require(count <= Self.maximumAudio ? count : nil, name))
    }

    /// Audio that is silent and voiced as other audio was: lengths of its runs, the first of silence.
    func voice(_ name: String) throws(CallLogFormError) -> [UInt8] {
        var lengths: [Int] = []
        var total = 0
        for value in try array(name) {
            let length = try require(value.integer.flatMap { Int(exactly: $0) }, name)
            total += try require((0...Self.maximumAudio).contains(length) ? length : nil, name)
            guard total <= Self.maximumAudio else { throw CallLogFormError(field: name) }
            lengths.append(length)
        }
        return VoicedRuns.audio(lengths: lengths)
    }

    // MARK: What may be `null` or missing

    func optionalText(_ name: String) throws(CallLogFormError) -> String? { isNull(name) ? nil : try text(name) }
    func optionalInt(_ name: String) throws(CallLogFormError) -> Int? { isNull(name) ? nil : try int(name) }
    func optionalNumber(_ name: String) throws(CallLogFormError) -> Double? { isNull(name) ? nil : try number(name) }
    func optionalTag(_ name: String) throws(CallLogFormError) -> PlayoutTag? { isNull(name) ? nil : try tag(name) }

    func optionalDuration(_ name: String) throws(CallLogFormError) -> Duration? {
        isNull(name) ? nil : try duration(name)
    }

    func optionalCharacter(_ name: String) throws(CallLogFormError) -> Character? {
        isNull(name) ? nil : try character(name)
    }

    private func isNull(_ name: String) -> Bool { json[name]?.isNull ?? true }
}

extension JSON {
    /// The object with one more member.
    func with(_ name: String, _ value: JSON) -> JSON {
        var object = object ?? [:]
        object[name] = value
        return .object(object)
    }

    static func optional(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }
    static func optional(_ number: Int?) -> JSON { number.map { .integer(Int64($0)) } ?? .null }
    static func optional(_ number: Double?) -> JSON { number.map { .number($0) } ?? .null }
    static func optional(_ character: Character?) -> JSON { character.map { .string(String($0)) } ?? .null }
    static func optional(_ duration: Duration?) -> JSON { duration.map { .integer($0.nanoseconds) } ?? .null }

    static func task(_ id: ScriptTaskID) -> JSON { .integer(Int64(clamping: id.number)) }
    static func function(_ id: ScriptFunctionID) -> JSON { .integer(Int64(clamping: id.number)) }

    /// An object with the members sorted, so that equal dictionaries give equal lines.
    static func strings(_ dictionary: [String: String]) -> JSON {
        .object(JSONObject(members: dictionary.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
    }
}

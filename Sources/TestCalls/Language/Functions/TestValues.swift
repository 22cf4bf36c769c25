import LuaRuntime
import SansIO
import ScriptAPI

/// Tables that stand for a value of this module, and say of what kind: what `t.like` and the others return.
enum TestMark: String {
    case like, exact, pattern, any, network, model
    case soundsLike = "sounds_like"

    /// No data of a script has a field of this name.
    static let key = "\u{0}moonline.test"

    /// What a table stands for; `nil` for ordinary data.
    init?(of value: JSON) {
        guard let name = value[Self.key]?.string, let mark = TestMark(rawValue: name) else { return nil }
        self = mark
    }

    /// A table that stands for a value of this kind.
    func table(_ fields: [(String, JSON)]) -> LuaValue {
        .json(.object(JSONObject(members: [(Self.key, .string(rawValue))] + fields)))
    }
}

/// What a test expects of a value: plain data, in which tables of `t.like` and the others may stand at any depth.
struct ValueExpectation: ScriptArgument {
    let matcher: Matcher
    let json: JSON

    static var luaType: String { "any" }

    static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> ValueExpectation {
        if case .nil = value { throw ScriptMismatch(expected: "a value", got: value) }
        let json = try PlainValue.read(value, in: state).json
        return ValueExpectation(matcher: Matcher(json), json: json)
    }
}

/// What a test expects of a text: words, or `t.like` and the others.
struct TextExpectation: ScriptArgument {
    let matcher: Matcher

    static var luaType: String { "string|moonline.test.Matcher" }

    static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> TextExpectation {
        switch value {
        case .string, .integer, .number, .table, .json: break
        default: throw ScriptMismatch(expected: "text or t.like, t.any, …", got: value)
        }
        let matcher = try ValueExpectation.read(value, in: state).matcher
        if let reason = matcher.reasonAgainstText { throw ScriptMismatch(reason: reason) }
        return TextExpectation(matcher: matcher)
    }
}

extension Matcher {
    /// What a test has written.
    init(_ json: JSON) {
        let text = json["text"]?.string ?? ""
        switch TestMark(of: json) {
        case .like: self = .like(text)
        case .exact: self = .exact(text)
        case .pattern: self = .pattern(text)
        case .soundsLike: self = .soundsLike(text, atLeast: json["at_least"]?.number ?? Matcher.soundThreshold)
        case .any: self = .any((json["of"]?.array ?? []).map { Matcher($0) })
        case .network, .model: self = .value(json)
        case nil:
            switch json {
            case .object(let object) where !object.isEmpty:
                self = .fields(object.members.map { Field(name: $0.key, matcher: Matcher($0.value)) })
            case .array(let elements): self = .list(elements.map { Matcher($0) })
            default: self = .value(json)
            }
        }
    }
}

extension Matcher {
    /// Why no text can be as expected; `nil` when one can.
    var reasonAgainstText: String? {
        switch self {
        case .value(let value):
            switch value {
            case .string, .integer, .number:
                SpokenWords.words(of: value.plainText).isEmpty ? "text with words in it expected" : nil
            default: "text or t.like, t.any, … expected, got \(value.text)"
            }
        case .like(let text), .soundsLike(let text, _):
            SpokenWords.words(of: text).isEmpty ? "text with words in it expected" : nil
        case .exact(let text): text.trimmed.isEmpty ? "text expected, got none" : nil
        case .pattern: nil
        case .any(let alternatives):
            alternatives.isEmpty
                ? "t.any needs at least one alternative" : alternatives.lazy.compactMap(\.reasonAgainstText).first
        case .fields, .list: "text or t.like, t.any, … expected, got a table; for alternatives write t.any { … }"
        }
    }
}

/// Something that the callee says: a text, or `{ wav = "greeting.wav" }`.
struct SpokenSource: ScriptArgument {
    let part: Utterance.Part

    static var luaType: String { "string|{ wav: string }" }

    static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> SpokenSource {
        if let text = value.text {
            guard !text.trimmed.isEmpty else { throw ScriptMismatch(reason: "text expected, got an empty one") }
            return SpokenSource(part: .text(text, voice: nil))
        }
        guard case .table = value else {
            throw ScriptMismatch(reason: "text or { wav = … } expected, got \(value.typeName)")
        }
        return SpokenSource(part: .file(try SoundRecord.read(value, in: state).wav))
    }

    func utterance(voice: CalleeVoice?) -> Utterance {
        guard case .text(let text, _) = part else { return Utterance(parts: [part]) }
        return Utterance(parts: [.text(text, voice: voice?.rawValue)])
    }
}

private struct SoundRecord: ScriptRecord {
    let wav: String

    static let options = [
        FunctionSpec.Option(name: "wav", type: "string", prose: "A WAV file, from the folder of the test file.")
    ]

    init(reading record: RecordReader) throws(ScriptMismatch) { wav = try record.field("wav", as: String.self) }
}

/// A time in seconds, 0 to a day.
struct TestSeconds: ScriptArgument {
    let duration: Duration

    static var luaType: String { "number" }

    static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> TestSeconds {
        let seconds = try Double.read(value, in: state)
        guard let duration = Duration(testTime: seconds) else {
            throw ScriptMismatch(reason: "seconds from 0 to 86400 expected, got \(seconds)")
        }
        return TestSeconds(duration: duration)
    }
}

/// What `t.network` takes or has returned.
struct NetworkValue: ScriptArgument {
    let conditions: NetworkConditions
    /// The table, with the mark.
    let table: LuaValue

    static var luaType: String { "moonline.test.Network" }

    static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> NetworkValue {
        guard case .table(let table) = value else { throw ScriptMismatch(expected: "table", got: value) }
        let known = NetworkConditions.options.map(\.name)
        for name in state.fieldNames(of: table) where !known.contains(name) && name != TestMark.key {
            throw ScriptMismatch(reason: "unknown field '\(name)'\(suggestion(for: name, among: known))")
        }
        let conditions = try NetworkConditions(reading: RecordReader(state: state, table: table))
        let fields = try PlainValue.read(value, in: state).json.object?.members ?? []
        return NetworkValue(
            conditions: conditions,
            table: TestMark.network.table(fields.filter { $0.key != TestMark.key }.map { ($0.key, $0.value) }))
    }
}

/// What `t.model` takes or has returned.
struct ModelValue: ScriptArgument {
    let script: ModelScript
    let json: JSON

    static var luaType: String { "moonline.test.ModelEntry[]" }

    static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> ModelValue {
        guard case .table = value else { throw ScriptMismatch(expected: "table", got: value) }
        let json = try PlainValue.read(value, in: state).json
        let list = TestMark(of: json) == .model ? json["entries"] ?? [] : json
        // An empty table may be a list or an object.
        guard let entries = list.object?.isEmpty == true ? [] : list.array else {
            throw ScriptMismatch(
                reason: "a list of entries expected: t.model { { start = true, says = \"…\" }, … }; {} is a silent model")
        }
        var script = ModelScript(entries: [])
        for (index, entry) in entries.enumerated() {
            do throws(ScriptMismatch) {
                script.entries.append(try ModelScript.Entry(written: entry))
            } catch {
                throw ScriptMismatch(reason: "entry \(index + 1): \(error.reason)")
            }
        }
        return ModelValue(script: script, json: list)
    }
}

extension ModelScript.Entry {
    /// The fields of an entry as tests write them.
    static let fields = [
        FunctionSpec.Option(
            name: "start", type: "true", prose: "When: the model is to speak though nobody said anything."),
        FunctionSpec.Option(
            name: "hears", type: TextExpectation.luaType,
            prose: "When: the callee said this; `t.pattern` cannot be used."),
        FunctionSpec.Option(name: "result_of", type: "string", prose: "When: the action of this name came back."),
        FunctionSpec.Option(
            name: "instructed", type: TextExpectation.luaType,
            prose: "When: it is given instructions for one answer, as `call:reply` does."),
        FunctionSpec.Option(name: "after", type: "number", prose: "Seconds before it does anything; 0."),
        FunctionSpec.Option(name: "says", type: "string|string[]", prose: "What it says."),
        FunctionSpec.Option(name: "calls", type: "string", prose: "The action that it calls, when all is said."),
        FunctionSpec.Option(name: "with", type: "table", prose: "The arguments of that action."),
        FunctionSpec.Option(name: "fails", type: "string", prose: "The response fails, with this code."),
        FunctionSpec.Option(name: "drops", type: "true", prose: "The model's socket is dropped without a word."),
        FunctionSpec.Option(name: "always", type: "boolean", prose: "The entry may be used more than once."),
    ]

    init(written json: JSON) throws(ScriptMismatch) {
        guard json.object != nil || json.array?.isEmpty == true else {
            throw ScriptMismatch(reason: "a table such as { start = true, says = \"…\" } expected, got \(json.text)")
        }
        let known = Self.fields.map(\.name)
        for member in json.object?.members ?? [] where !known.contains(member.key) {
            throw ScriptMismatch(reason: "unknown field '\(member.key)'\(suggestion(for: member.key, among: known))")
        }
        self.init(trigger: try Self.trigger(json))
        func wrong(_ name: String, _ expected: String) -> ScriptMismatch {
            ScriptMismatch(reason: "field '\(name)': \(expected) expected, got \(json[name]?.text ?? "nothing")")
        }
        if let value = json["after"] {
            guard let number = value.number, let duration = Duration(testTime: number) else {
                throw wrong("after", "seconds from 0 to 86400")
            }
            after = duration
        }
        if let value = json["says"] {
            let texts = (value.array ?? [value]).map(\.string)
            guard !texts.contains(nil) else { throw wrong("says", "a text or a list of texts") }
            says = texts.compactMap { $0 }
        }
        for (name, path) in [("calls", \ModelScript.Entry.calls), ("fails", \ModelScript.Entry.fails)] {
            guard let value = json[name] else { continue }
            guard let text = value.string else { throw wrong(name, "a text") }
            self[keyPath: path] = text
        }
        if let value = json["with"] {
            guard calls != nil else { throw ScriptMismatch(reason: "field 'with' needs 'calls', the action's name") }
            guard value.object != nil else { throw wrong("with", "a table with names") }
            with = value
        }
        for (name, path) in [("drops", \ModelScript.Entry.drops), ("always", \ModelScript.Entry.always)] {
            guard let value = json[name] else { continue }
            guard let flag = value.bool else { throw wrong(name, "true or false") }
            self[keyPath: path] = flag
        }
    }

    private static func trigger(_ json: JSON) throws(ScriptMismatch) -> ModelScript.Trigger {
        let names = ["start", "hears", "result_of", "instructed"].filter { json[$0] != nil }
        guard names.count == 1, let name = names.first, let value = json[name] else {
            throw ScriptMismatch(
                reason: "one of start, hears, result_of, instructed expected, which say when it is used; got "
                    + (names.isEmpty ? "none" : names.joined(separator: " and ")))
        }
        switch name {
        case "start":
            guard value == true else { throw ScriptMismatch(reason: "field 'start': true expected, got \(value.text)") }
            return .start
        case "result_of":
            guard let action = value.string else {
                throw ScriptMismatch(reason: "field 'result_of': an action's name expected, got \(value.text)")
            }
            return .resultOf(action)
        default:
            let matcher = Matcher(value)
            if let reason = matcher.reasonAgainstText { throw ScriptMismatch(reason: "field '\(name)': \(reason)") }
            guard matcher.patterns.isEmpty else {
                throw ScriptMismatch(reason: "field '\(name)': t.pattern cannot be used here; use t.like or t.any")
            }
            return name == "hears" ? .hears(matcher) : .instructed(matcher)
        }
    }
}

// MARK: - Options of functions

/// `{ within = 20, in_order = true }`.
struct ExpectationOptions: ScriptRecord {
    let within: Duration?
    let isInOrder: Bool?

    static let options = [
        FunctionSpec.Option(name: "within", type: "number", prose: "Seconds that it may take."),
        FunctionSpec.Option(
            name: "in_order", type: "boolean",
            prose: "`true`: it must happen after what met the expectation before it, of whatever kind."),
    ]

    init(reading record: RecordReader) throws(ScriptMismatch) {
        within = try record.duration("within")
        isInOrder = try record.field("in_order", as: Bool?.self)
    }
}

/// `{ returns = { … }, within = 20, in_order = true }`.
struct ActionOptions: ScriptRecord {
    let returns: Matcher?
    let expectation: ExpectationOptions

    static let options =
        [FunctionSpec.Option(name: "returns", type: "any", prose: "What the action gives back to the model.")]
        + ExpectationOptions.options

    init(reading record: RecordReader) throws(ScriptMismatch) {
        returns = try record.field("returns", as: ValueExpectation?.self)?.matcher
        expectation = try ExpectationOptions(reading: record)
    }
}

/// `{ after = 2 }`.
struct AfterOptions: ScriptRecord {
    let after: Duration?

    static let options = [FunctionSpec.Option(name: "after", type: "number", prose: "Seconds before it is done.")]

    init(reading record: RecordReader) throws(ScriptMismatch) { after = try record.duration("after") }
}

/// `{ after = 1, voice = "slt" }`.
struct SpeakOptions: ScriptRecord {
    let after: Duration?
    let voice: CalleeVoice?

    static let options = [
        FunctionSpec.Option(name: "after", type: "number", prose: "Seconds before the callee speaks."),
        FunctionSpec.Option(name: "voice", type: CalleeVoice.luaType, prose: "The voice; that of the test."),
    ]

    init(reading record: RecordReader) throws(ScriptMismatch) {
        after = try record.duration("after")
        voice = try record.field("voice", as: CalleeVoice?.self)
    }
}

/// `callee:rejects { status = 486, after = 1 }`.
struct RejectOptions: ScriptRecord {
    let status: Int
    let after: Duration?

    static let options = [
        FunctionSpec.Option(name: "status", type: "integer", prose: "The SIP status, 400 to 699; 603, declined."),
        FunctionSpec.Option(name: "after", type: "number", prose: "Seconds that it rings; 1."),
    ]

    init(reading record: RecordReader) throws(ScriptMismatch) {
        status = Int(try record.field("status", as: Int64?.self) ?? 603)
        guard (400...699).contains(status) else {
            throw ScriptMismatch(reason: "field 'status': 400 to 699 expected, got \(status)")
        }
        after = try record.duration("after")
    }
}

/// `callee:is_voicemail { greeting = "…", beep = true }`.
struct VoicemailOptions: ScriptRecord {
    let greeting: SpokenSource?
    let beep: Bool
    let after: Duration?
    let voice: CalleeVoice?

    static let options = [
        FunctionSpec.Option(name: "greeting", type: SpokenSource.luaType, prose: "What it says; a usual greeting."),
        FunctionSpec.Option(name: "beep", type: "boolean", prose: "Whether a beep follows; `true`."),
        FunctionSpec.Option(name: "after", type: "number", prose: "Seconds that it rings; 1."),
        FunctionSpec.Option(name: "voice", type: CalleeVoice.luaType, prose: "The voice; that of the test."),
    ]

    /// What a voicemail does that is told nothing.
    init() {
        greeting = nil
        beep = true
        after = nil
        voice = nil
    }

    init(reading record: RecordReader) throws(ScriptMismatch) {
        greeting = try record.field("greeting", as: SpokenSource?.self)
        beep = try record.field("beep", as: Bool?.self) ?? true
        after = try record.duration("after")
        voice = try record.field("voice", as: CalleeVoice?.self)
    }

    /// The greeting, and the beep: 1000 Hz for half a second.
    var utterance: Utterance {
        let usual = SpokenSource(
            part: .text("Hello. I cannot take your call right now. Please leave a message after the tone.", voice: nil))
        var utterance = (greeting ?? usual).utterance(voice: voice)
        if beep {
            utterance.parts += [.silence(.milliseconds(500)), .tone(hertz: 1_000, .milliseconds(500))]
        }
        return utterance
    }
}

/// `callee:calls { from = "+1…", headers = { … } }`.
struct DialOptions: ScriptRecord {
    let from: String?
    let to: String?
    let headers: [String: String]

    static let options = [
        FunctionSpec.Option(name: "from", type: "string", prose: "The number that calls."),
        FunctionSpec.Option(name: "to", type: "string", prose: "The number that is called."),
        FunctionSpec.Option(name: "headers", type: "table<string, string>", prose: "Headers of the INVITE."),
    ]

    init(reading record: RecordReader) throws(ScriptMismatch) {
        from = try record.field("from", as: String?.self)
        to = try record.field("to", as: String?.self)
        var headers: [String: String] = [:]
        if let given = try record.field("headers", as: PlainValue?.self)?.json {
            guard let object = given.object else {
                throw ScriptMismatch(reason: "field 'headers': a table with names expected, got \(given.text)")
            }
            for member in object.members {
                switch member.value {
                case .string, .integer, .number: headers[member.key] = member.value.plainText
                default: throw ScriptMismatch(reason: "field 'headers.\(member.key)': text expected")
                }
            }
        }
        self.headers = headers
    }
}

/// `agent:is_interrupted { heard = "…", unheard = "…" }`.
struct InterruptionOptions: ScriptRecord {
    let heard: Matcher?
    let unheard: Matcher?
    let expectation: ExpectationOptions

    static let options =
        [
            FunctionSpec.Option(
                name: "heard", type: TextExpectation.luaType, prose: "What was heard of the sentence that was cut."),
            FunctionSpec.Option(name: "unheard", type: TextExpectation.luaType, prose: "What was not heard any more."),
        ] + ExpectationOptions.options

    init(reading record: RecordReader) throws(ScriptMismatch) {
        heard = try record.field("heard", as: TextExpectation?.self)?.matcher
        unheard = try record.field("unheard", as: TextExpectation?.self)?.matcher
        expectation = try ExpectationOptions(reading: record)
    }
}

extension LatencyLimits: ScriptRecord {
    static let options = [
        FunctionSpec.Option(
            name: "response_p50", type: "number",
            prose: "Seconds from the end of the callee's words to the answer's first packet: half of the turns."),
        FunctionSpec.Option(name: "response_p95", type: "number", prose: "The same of 95 in 100 turns."),
        FunctionSpec.Option(name: "response_max", type: "number", prose: "The same of each turn."),
        FunctionSpec.Option(
            name: "first_word", type: "number", prose: "Seconds from the call's answer to the agent's first sound."),
    ]

    init(reading record: RecordReader) throws(ScriptMismatch) {
        responseP50 = try record.duration("response_p50")
        responseP95 = try record.duration("response_p95")
        responseMaximum = try record.duration("response_max")
        firstWord = try record.duration("first_word")
        guard responseP50 != nil || responseP95 != nil || responseMaximum != nil || firstWord != nil else {
            let names = Self.options.map(\.name).joined(separator: ", ")
            throw ScriptMismatch(reason: "at least one of \(names) expected")
        }
    }
}

/// `{ at_least = 0.8 }`.
struct SoundOptions: ScriptRecord {
    let atLeast: Double

    static let options = [
        FunctionSpec.Option(
            name: "at_least", type: "number",
            prose: "How near it must come: 0 takes anything, 1 wants each word to sound the same; 0.7.")
    ]

    init(reading record: RecordReader) throws(ScriptMismatch) {
        atLeast = try record.field("at_least", as: Double?.self) ?? Matcher.soundThreshold
        guard (0...1).contains(atLeast) else {
            throw ScriptMismatch(reason: "field 'at_least': 0 to 1 expected, got \(atLeast)")
        }
    }
}

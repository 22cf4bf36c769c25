import Conversation
import SansIO

/// What the host and the model hand to a script, at random: sometimes what belongs there, sometimes anything.
struct FuzzValues {
    var random: SeededRandom

    mutating func below(_ count: Int) -> Int { Int.random(in: 0..<max(1, count), using: &random) }

    private mutating func one<Element>(of elements: [Element]) -> Element { elements[below(elements.count)] }

    mutating func text() -> String {
        switch below(12) {
        case 0: ""
        case 1: "\u{0}\u{1B}[2J\u{7F}"
        case 2: String(repeating: one(of: ["x", "é", "😀", "%", "a "]), count: 1 << below(13))
        case 3: "12/1/2026"
        case 4: one(of: ["nil", "null", "{}", "=", "a=(b)", "1e400", "0x10", "-0"])
        default:
            one(of: [
                "Good morning", "one two three", "2026-12-01", "Dr. Smith paid $12.50.", "bye", "call", "+15105550100",
            ])
        }
    }

    mutating func json(depth: Int = 3) -> JSON {
        switch below(depth > 0 ? 12 : 8) {
        case 0: .null
        case 1: .bool(random.chance(0.5))
        case 2: .integer(one(of: [0, 1, -1, 7, .max, .min, 1 << 53]))
        case 3: .number(one(of: [0.5, -0.0, 1e308, -5e-300, 3]))
        case 4...7: .string(text())
        case 8, 9: .array((0..<below(5)).map { _ in json(depth: depth - 1) })
        default: .object(object(depth: depth - 1))
        }
    }

    private mutating func object(depth: Int) -> JSONObject {
        var object: JSONObject = [:]
        for _ in 0..<below(5) {
            object[one(of: ["date", "a", "1", "", "\u{0}null", "é", text()])] = json(depth: depth)
        }
        return object
    }

    /// Mostly what a handler is given.
    mutating func arguments(of handler: ScriptHandler) -> [JSON] {
        if random.chance(0.1) { return (0..<below(5)).map { _ in json() } }
        switch handler {
        case .onDial, .onIncoming, .onAnswered, .onSpeechStarted, .onSpeechStopped: return []
        case .onRinging: return [.bool(random.chance(0.5))]
        case .onTranscript: return [one(of: ["user", "agent"]), .string(text()), .bool(random.chance(0.7))]
        case .onInterrupted: return [.string(text()), .string(text())]
        case .beforeLLM: return [.array([["role": "user", "content": .string(text())]])]
        case .beforeTTS: return [.string(text())]
        case .onFunctionCall, .onFunctionResult: return [one(of: ["book", "end_call", "read"]), json()]
        case .onDTMF: return [one(of: ["0", "1", "5", "#", "A"]), .integer(Int64(below(2_000)))]
        case .onAnsweringMachine: return [one(of: ["human", "machine_beep", "uncertain"])]
        case .onIdle: return [.integer(Int64(below(5)))]
        case .onTransfer: return [one(of: ["requested", "ringing", "failed"]), one(of: [200, 486, .null])]
        case .onError: return [["kind": "script", "message": .string(text()), "retryable": true]]
        case .onHangup: return [one(of: ["agent", "caller", "idle"])]
        case .onHandover: return [json()]
        }
    }

    /// Mostly arguments that the schema of a tool takes.
    mutating func arguments(for schema: JSON) -> JSONObject {
        guard !random.chance(0.1), let properties = schema["properties"]?.object else { return object(depth: 2) }
        var arguments: JSONObject = [:]
        for member in properties.members where !random.chance(0.05) {
            arguments[member.key] = value(for: member.value)
        }
        return arguments
    }

    private mutating func value(for schema: JSON) -> JSON {
        if random.chance(0.05) { return json() }
        if let choices = schema["enum"]?.array, !choices.isEmpty { return one(of: choices) }
        if let kinds = schema["anyOf"]?.array, !kinds.isEmpty { return value(for: one(of: kinds)) }
        let type = schema["type"]?.string ?? schema["type"]?.array.map { one(of: $0) }?.string
        switch type {
        case "string": return .string(text())
        case "integer": return .integer(one(of: [0, 1, 2, 3, 5, 6, 7, 8, 9, -1, .max, .min]))
        case "number": return .number(one(of: [0, 1.5, -3, 1e300]))
        case "boolean": return .bool(random.chance(0.5))
        case "null": return .null
        case "array":
            return .array((0..<below(7)).map { _ in schema["items"].map { value(for: $0) } ?? json(depth: 1) })
        case "object":
            guard schema["properties"] == nil else { return .object(arguments(for: schema)) }
            return .object(["x": schema["additionalProperties"].map { value(for: $0) } ?? json(depth: 1)])
        default: return json()
        }
    }

    mutating func reply(to request: ScriptRequest) -> ScriptReply {
        if random.chance(0.25) { return .failure(code: one(of: ScriptErrorCode.allCases), message: text()) }
        if random.chance(0.1) { return .value(json()) }
        return switch request {
        case .gatherDTMF: .value(.string(one(of: ["", "12", "0000"])))
        case .after: .value(.integer(Int64(below(9))))
        case .service(.http):
            .value([
                "status": one(of: [200, 404, 503]), "headers": ["a": "b"], "body": .string(text()), "json": json(),
            ])
        case .service(.store(.keys)): .value(.array([.string(text()), "a"]))
        case .service(.store(.increment)): .value(.number(2.5))
        case .service(.store(.get)): .value(json())
        case .service(.record): .value("part.wav")
        case .sleep: .value(.null)
        default: .value(.bool(true))
        }
    }

    /// A call that is further, but for now and then.
    mutating func facts(after status: CallFacts.Status) -> CallFacts {
        let next: CallFacts.Status =
            switch status {
            case _ where random.chance(0.05): one(of: [.dialing, .ringing, .early, .active, .hangup])
            case .dialing: one(of: [.dialing, .ringing])
            case .ringing: one(of: [.ringing, .early, .active])
            case .early: one(of: [.early, .active])
            case .active, .hangup: status
            }
        var facts = facts(status: next, metadata: random.chance(0.8) ? ["name": "Jayden", "n": 3] : json())
        facts.duration = random.chance(0.9) ? 2.5 : 1e18
        facts.now = one(of: [1_000, 1_764_590_400.25, -1e11, 2.5e11])
        facts.statistics = json(depth: 2)
        if random.chance(0.2) { facts.headers[text()] = text() }
        return facts
    }

    private func facts(status: CallFacts.Status, metadata: JSON) -> CallFacts {
        CallFacts(
            id: "call-1", to: "+15105550100", from: "+15105550111", direction: .outbound, metadata: metadata,
            status: status, headers: ["x-route": "7"], startedAt: 1000, answeredAt: 1005, duration: 2.5, room: "room-1",
            version: "abc")
    }
}

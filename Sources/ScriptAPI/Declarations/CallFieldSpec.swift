import Conversation
import LuaRuntime
import SansIO

/// The declaration of one field of `call`.
public struct CallFieldSpec: Sendable {
    public let name: String
    /// As an annotation writes it.
    public let type: String
    public let prose: String
    public let since: String
    /// `nil` for `state`, which is the script's own.
    let value: (@Sendable (CallFacts) -> LuaValue)?
    /// Whether two facts have the same value, so that it need not be set again.
    let isSame: @Sendable (CallFacts, CallFacts) -> Bool

    init<Value: Equatable & SendableMetatype>(
        _ name: String, _ type: String, _ prose: String, since: String = "0.1",
        _ fact: @escaping @Sendable (CallFacts) -> Value, as value: @escaping @Sendable (Value) -> LuaValue
    ) {
        self.name = name
        self.type = type
        self.prose = prose
        self.since = since
        self.value = { value(fact($0)) }
        isSame = { fact($0) == fact($1) }
    }

    private init(own name: String, _ type: String, _ prose: String, since: String = "0.1") {
        self.name = name
        self.type = type
        self.prose = prose
        self.since = since
        value = nil
        isSame = { _, _ in true }
    }
}

extension CallFieldSpec {
    /// All fields of `call`.
    public static let all: [CallFieldSpec] = [
        CallFieldSpec("id", "string", "The call's own, as logs and records name it.", \.id) { .string($0) },
        CallFieldSpec("to", "string", "Who is called.", \.to) { .string($0) },
        CallFieldSpec("from", "string", "Who calls.", \.from) { .string($0) },
        CallFieldSpec("direction", "\"outbound\"|\"inbound\"", "Who began.", \.direction) { .string($0.rawValue) },
        CallFieldSpec(
            "metadata", "table", "What the dispatch gave: a JSON object; a bare number is `phone_number`.", \.metadata
        ) { .json($0 == .null ? .object(JSONObject()) : $0) },
        CallFieldSpec(own: "state", "table", "Yours: plain data that survives a hand-over."),
        CallFieldSpec(
            "status", "\"dialing\"|\"ringing\"|\"early\"|\"automation\"|\"active\"|\"hangup\"", "Where the call is.",
            \.status
        ) { .string($0.rawValue) },
        CallFieldSpec(
            "headers", "table<string, string>", "Headers of the far end's INVITE or answer, names in lower case.",
            \.headers
        ) { headers in
            .json(.object(JSONObject(members: headers.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })))
        },
        CallFieldSpec("started_at", "number", "Unix time.", \.startedAt) { .number($0) },
        CallFieldSpec("answered_at", "number?", "Unix time; `nil` before.", \.answeredAt) {
            $0.map { .number($0) } ?? .nil
        },
        CallFieldSpec("duration", "number", "Seconds since the answer.", \.duration) { .number($0) },
        CallFieldSpec("room", "string", "The dispatch's room.", \.room) { .string($0) },
        CallFieldSpec(
            "mode", AgentMode.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: "|"),
            "How the agent listens and speaks.", \.mode
        ) { .string($0) },
        CallFieldSpec(
            "capabilities", "moonline.Capabilities", "What this mode can do, and not every mode.", since: "0.3", \.mode
        ) { mode in
            let capabilities = AgentMode(rawValue: mode)?.capabilities ?? []
            let members = AgentMode.Capability.allCases.map { ($0.rawValue, JSON.bool(capabilities.contains($0))) }
            return .json(.object(JSONObject(members: members)))
        },
        CallFieldSpec(
            "stats", "moonline.Stats", "Loss, jitter and round trip as measured last, and the latency of each turn.",
            since: "0.2", \.statistics
        ) { .json($0) },
        CallFieldSpec("version", "string", "Version of the script: a hash of its files.", \.version) { .string($0) },
    ]
}

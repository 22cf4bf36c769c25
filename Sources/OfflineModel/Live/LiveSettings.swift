import SansIO

/// The configuration of a Live session: what `session.started` shows.
struct LiveSettings: Sendable {
    /// Most messages of the history that a session begins with.
    static let maximumHistory = 128
    /// Longest instructions. [tokens]
    private static let maximumInstructions: Int64 = 16_384
    private static let defaultInstructions = "You are a helpful assistant who speaks on the telephone."

    let id: String
    let model: String
    let format: RealtimeAudioFormat
    let voice: JSON
    let instructions: String
    let history: [Dialogue.Entry]
    /// How the back end answers; `nil` where tasks are delegated to the client.
    private(set) var backend: ResponseSettings?
    private var delegation: JSON
    private let echo: JSON
    /// Unix time. [s]
    private let expiresAt: Int64

    /// - Parameter session: The `session` object of `session.start`.
    init(_ session: JSON, id: String, expiresAt: Int64) throws(RealtimeError) {
        try Shape.liveSession.check(session, at: "session")
        self.id = id
        self.expiresAt = expiresAt
        model = session["model"]?.string ?? ""
        guard ModelCatalogue.contains(model, in: ModelCatalogue.live) else {
            throw RealtimeError(
                code: "invalid_model", message: "The model '\(model)' does not exist or is no Live model.",
                param: "session.model")
        }
        format = RealtimeAudioFormat(json: session["audio"]?["format"]) ?? .pcm
        voice = session["audio"]?["output"]?["voice"] ?? "marin"
        let instructions = session["instructions"]?.string ?? ""
        guard TokenCount.text(instructions) <= Self.maximumInstructions else {
            throw .wrongValue(
                "session.instructions", "Instructions are limited to \(Self.maximumInstructions) tokens.")
        }
        self.instructions = instructions.allSatisfy(\.isWhitespace) ? Self.defaultInstructions : instructions
        try Shape.checkCount(session["input"], atMost: Self.maximumHistory, at: "session.input")
        var history: [Dialogue.Entry] = []
        for (index, item) in (session["input"]?.array ?? []).enumerated() {
            let path = "session.input[\(index)]"
            var content = item["content"]?.array ?? []
            guard content.count == 1 else {
                throw .wrongValue("\(path).content", "Invalid '\(path).content': expected exactly one text part.")
            }
            // The type may be left out, and an assistant's may be `text`.
            content[0]["type"] = item["role"]?.string == "assistant" ? "output_text" : "input_text"
            var message = item
            message["content"] = .array(content)
            if let entry = try Dialogue.Entry(responseItem: message, at: path) { history.append(entry) }
        }
        self.history = history
        delegation = session["delegation"] ?? .null
        if delegation.isNull { delegation = ["type": "client"] }
        backend = try Self.backend(delegation)
        echo = session
    }

    private static func backend(_ delegation: JSON) throws(RealtimeError) -> ResponseSettings? {
        guard let responses = delegation["responses"] else { return nil }
        let model = responses["model"]?.string ?? ""
        guard ModelCatalogue.contains(model, in: ModelCatalogue.text) else {
            throw RealtimeError(
                code: "model_not_found", message: "The model '\(model)' does not exist.",
                param: "session.delegation.responses.model")
        }
        return try ResponseSettings(responses, model: model)
    }

    /// Takes the `session` object of a `session.update`; all of it or nothing.
    mutating func update(_ session: JSON) throws(RealtimeError) {
        try Shape.liveUpdate.check(session, at: "session")
        guard let update = session["delegation"], !update.isNull else { return }
        guard update["type"] == delegation["type"] else {
            throw .wrongValue(
                "session.delegation.type", "The type of delegation cannot be changed after the session has started.")
        }
        var merged = delegation
        for member in update.object?.members ?? [] where member.key != "responses" { merged[member.key] = member.value }
        for member in update["responses"]?.object?.members ?? [] {
            merged["responses"]?[member.key] = member.value
        }
        backend = try Self.backend(merged)
        delegation = merged
    }

    /// Names of the functions that the back end may call.
    var callableTools: [String] { backend?.callableTools ?? [] }

    var json: JSON {
        var format = self.format.json
        if self.format != .pcm { format["rate"] = 8000 }
        var session: JSON = [
            "id": .string(id), "model": .string(model), "status": "active", "expires_at": .integer(expiresAt),
            "audio": ["format": format, "output": ["voice": voice]], "instructions": .string(instructions),
            "delegation": delegation, "store": echo["store"] ?? false, "triggers": [],
        ]
        for name in ["input", "safety_identifier"] { if let value = echo[name] { session[name] = value } }
        return session
    }
}

extension Shape {
    private static let livePart = Shape.record([
        Field(name: "text", shape: .text, isRequired: true),
        Field(name: "type", shape: .choice(["input_text", "output_text", "text"])),
    ])

    private static let liveMessage = [
        Field(name: "content", shape: .list(livePart), isRequired: true),
        Field(name: "id", shape: nullable(.text)),
        Field(name: "status", shape: nullable(.choice(["incomplete", "completed"]))),
        Field(name: "type", shape: .choice(["message"])),
    ]

    private static let liveFormat = Shape.tagged(
        by: "type",
        [
            (RealtimeAudioFormat.pcm.rawValue, [Field(name: "rate", shape: .integer(24_000...24_000))]),
            (RealtimeAudioFormat.pcmu.rawValue, [Field(name: "rate", shape: .integer(8000...8000))]),
            (RealtimeAudioFormat.pcma.rawValue, [Field(name: "rate", shape: .integer(8000...8000))]),
        ])

    private static let liveVoice = Shape.either([
        .choice(
            voices + [
                "beacon", "bossa", "cinder", "delta", "gleam", "meridian", "quartz", "ripple", "shida", "stone",
                "tempo", "vesper", "willow",
            ]), .record([Field(name: "id", shape: .text, isRequired: true)]),
    ])

    private static let acknowledgement = Field(
        name: "acknowledgement_delay_ms", shape: nullable(.integer(0...60_000)))

    private static let serviceTier = Field(name: "service_tier", shape: nullable(.text))

    private static func delegation(_ responses: Field) -> Shape {
        nullable(
            .tagged(by: "type", [("client", [acknowledgement]), ("responses", [acknowledgement, responses])]))
    }

    private static let triggers = Field(name: "triggers", shape: nullable(.list(.null)))

    /// The `session` object of `session.start`.
    static let liveSession = Shape.record([
        Field(name: "model", shape: .text, isRequired: true),
        Field(
            name: "audio",
            shape: nullable(
                .record([
                    Field(name: "format", shape: nullable(liveFormat)),
                    Field(
                        name: "output",
                        shape: nullable(.record([Field(name: "voice", shape: nullable(liveVoice))]))),
                ]))),
        Field(name: "instructions", shape: nullable(.text)),
        Field(
            name: "input",
            shape: nullable(
                .list(.tagged(by: "role", ["developer", "user", "assistant"].map { ($0, liveMessage) })))),
        Field(
            name: "delegation",
            shape: delegation(
                Field(name: "responses", shape: .record(responseSettings + [serviceTier]), isRequired: true))),
        triggers,
        Field(name: "store", shape: nullable(.bool)),
        Field(name: "safety_identifier", shape: nullable(.text)),
    ])

    /// The `session` object of `session.update`.
    static let liveUpdate = Shape.record([
        Field(
            name: "delegation",
            shape: delegation(
                Field(
                    name: "responses",
                    shape: .record(
                        responseSettings.map { Field(name: $0.name, shape: $0.shape) } + [serviceTier])))),
        triggers,
    ])
}

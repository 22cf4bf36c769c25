import SansIO

/// The effective session: what `session.created` and `session.updated` show.
struct SessionSettings: Sendable {
    let id: String
    let model: String
    /// Whether the session only writes down what it hears.
    let isTranscription: Bool
    /// Unix time. [s]
    let expiresAt: Int64
    var outputModality = "audio"
    var instructions: String
    var inputFormat = RealtimeAudioFormat.pcm
    var outputFormat = RealtimeAudioFormat.pcm
    var noiseReduction = JSON.null
    /// `null`, or the object that asks for transcripts of the user's audio.
    var transcription = JSON.null
    var turnDetection: TurnDetection? = TurnDetection()
    var voice: JSON = "marin"
    var speed = 1.0
    var tools: [JSON] = []
    var toolChoice: JSON = "auto"
    /// `nil` means no limit.
    var maxOutputTokens: Int64?
    var truncation: JSON = "auto"
    var tracing = JSON.null
    var prompt = JSON.null
    var include = JSON.null
    var reasoning: JSON?
    var parallelToolCalls: JSON?

    init(id: String, model: String, isTranscription: Bool = false, expiresAt: Int64, instructions: String) {
        self.id = id
        self.model = model
        self.isTranscription = isTranscription
        self.expiresAt = expiresAt
        self.instructions = instructions
    }

    /// The whole session, in the order in which OpenAI writes it.
    var json: JSON {
        if isTranscription { return transcriptionJSON }
        var session: JSON = [
            "type": "realtime", "object": "realtime.session", "id": .string(id), "model": .string(model),
            "output_modalities": [.string(outputModality)], "instructions": .string(instructions),
            "tools": .array(tools), "tool_choice": toolChoice,
            "max_output_tokens": maxOutputTokens.map(JSON.integer) ?? "inf", "tracing": tracing,
            "truncation": truncation, "prompt": prompt, "expires_at": .integer(expiresAt),
            "audio": [
                "input": [
                    "format": inputFormat.json, "transcription": transcription, "noise_reduction": noiseReduction,
                    "turn_detection": turnDetection?.json ?? .null,
                ],
                "output": ["format": outputFormat.json, "voice": voice, "speed": .number(speed)],
            ],
            "include": include,
        ]
        if let reasoning { session["reasoning"] = reasoning }
        if let parallelToolCalls { session["parallel_tool_calls"] = parallelToolCalls }
        return session
    }

    private var transcriptionJSON: JSON {
        var detection = turnDetection?.json ?? .null
        if case .object(var members) = detection {
            for name in ["create_response", "interrupt_response", "idle_timeout_ms"] { members[name] = nil }
            detection = .object(members)
        }
        return [
            "type": "transcription", "object": "realtime.transcription_session", "id": .string(id),
            "expires_at": .integer(expiresAt),
            "audio": [
                "input": [
                    "format": inputFormat.json, "transcription": transcription, "noise_reduction": noiseReduction,
                    "turn_detection": detection,
                ]
            ], "include": include,
        ]
    }

    /// These settings with the members of `update` in place of their own; all of them or none.
    ///
    /// - Parameters:
    ///   - update: The `session` object of a `session.update`.
    ///   - hasSpoken: Whether the model has sent audio, which freezes the voice.
    func merging(_ update: JSON, hasSpoken: Bool) throws(RealtimeError) -> SessionSettings {
        try (isTranscription ? Shape.transcriptionSession : Shape.session).check(update, at: "session")
        var merged = self
        if let model = update["model"]?.string, model != self.model {
            throw .wrongValue("session.model", "The model of a session cannot be changed after it was created.")
        }
        if let modalities = update["output_modalities"]?.array {
            merged.outputModality = try Self.modality(modalities, at: "session.output_modalities")
        }
        if let value = update["instructions"] { merged.instructions = value.string ?? "" }
        if let value = update["tools"] { merged.tools = try Self.tools(value, at: "session.tools") }
        if let value = update["tool_choice"] { merged.toolChoice = value }
        if let value = update["max_output_tokens"] { merged.maxOutputTokens = value.integer }
        if let value = update["truncation"] { merged.truncation = value }
        if let value = update["prompt"] { merged.prompt = value }
        if let value = update["include"] { merged.include = value }
        if let value = update["reasoning"] { merged.reasoning = value }
        if let value = update["parallel_tool_calls"] { merged.parallelToolCalls = value }
        if let value = update["tracing"] {
            guard tracing.isNull || value == tracing else {
                throw RealtimeError(
                    code: "cannot_update_tracing", message: "Tracing cannot be changed once it is on.",
                    param: "session.tracing")
            }
            merged.tracing = value
        }
        if let input = update["audio"]?["input"] { merged.mergeInput(input) }
        if let output = update["audio"]?["output"] { try merged.mergeOutput(output, hasSpoken: hasSpoken) }
        if isTranscription, merged.turnDetection != nil, merged.transcription["model"]?.string == "gpt-realtime-whisper"
        {
            throw .wrongValue(
                "session.audio.input.turn_detection",
                "Turn detection is not supported for model 'gpt-realtime-whisper': set it to null and commit the audio."
            )
        }
        return merged
    }

    private mutating func mergeInput(_ input: JSON) {
        if let format = RealtimeAudioFormat(json: input["format"]) { inputFormat = format }
        if let value = input["noise_reduction"] { noiseReduction = value }
        if let value = input["turn_detection"] {
            turnDetection = value.isNull ? nil : TurnDetection(json: value, previous: turnDetection)
        }
        guard let value = input["transcription"] else { return }
        guard let members = value.object?.members else {
            transcription = .null
            return
        }
        if transcription.isNull { transcription = ["model": .null, "language": .null, "prompt": .null] }
        for member in members { transcription[member.key] = member.value }
    }

    private mutating func mergeOutput(_ output: JSON, hasSpoken: Bool) throws(RealtimeError) {
        if let format = RealtimeAudioFormat(json: output["format"]) { outputFormat = format }
        if let value = output["speed"]?.number { speed = value }
        guard let voice = output["voice"], voice != self.voice else { return }
        guard !hasSpoken else { throw Self.frozenVoice(param: "session.audio.output.voice") }
        self.voice = voice
    }

    static func frozenVoice(param: String) -> RealtimeError {
        RealtimeError(
            code: "cannot_update_voice",
            message: "Cannot update a conversation's voice if assistant audio is present.", param: param)
    }

    static func modality(_ modalities: [JSON], at path: String) throws(RealtimeError) -> String {
        guard modalities.count == 1, let modality = modalities[0].string else {
            throw .wrongValue(path, "Invalid modalities: Supported combinations are: ['text'] and ['audio'].")
        }
        return modality
    }

    /// Checks the names of functions.
    ///
    /// - Parameter member: Where the name stands in what the client wrote for one function.
    static func tools(_ value: JSON, at path: String, member: String = "name") throws(RealtimeError) -> [JSON] {
        let tools = value.array ?? []
        var names: Set<String> = []
        for (index, tool) in tools.enumerated() {
            let name = tool["name"]?.string ?? ""
            let isValid =
                !name.isEmpty
                && name.utf8.allSatisfy { byte in
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                        || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
                }
            guard isValid else {
                throw .wrongValue(
                    "\(path)[\(index)].\(member)",
                    "Invalid '\(path)[\(index)].\(member)': expected a string that matches '^[a-zA-Z0-9_-]+$'.")
            }
            guard names.insert(name).inserted else {
                throw .wrongValue("\(path)[\(index)].\(member)", "Tool names must be unique: '\(name)' is used twice.")
            }
        }
        return tools
    }
}

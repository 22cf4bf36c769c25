import SansIO

/// G.711's two laws, as the telephone line and the model both speak them. One byte a sample, 8,000 samples a second.
public enum G711Law: String, Hashable, Sendable {
    case mu = "audio/pcmu"
    case a = "audio/pcma"

    /// Bytes of audio a millisecond.
    public static let bytesPerMillisecond = 8
}

/// What a call's session is told once, before the call is dialled: the body of `session.update`.
public struct RealtimeSettings: Hashable, Sendable {
    public var instructions: String
    /// `nil` leaves the server's own voice.
    public var voice: String?
    public var tools: [AgentDefinition.Tool]
    public var law: G711Law
    /// Model that writes down what the caller says; `nil` for no transcript of the caller.
    public var transcriptionModel: String?
    /// ISO 639-1; `nil` lets the transcription model find out.
    public var language: String?
    public var turnDetection: TurnDetection
    /// `near_field`, `far_field`, or `nil` for none.
    public var noiseReduction: String?

    public init(
        instructions: String, voice: String? = nil, tools: [AgentDefinition.Tool] = [], law: G711Law = .mu,
        transcriptionModel: String? = "gpt-4o-mini-transcribe", language: String? = nil,
        turnDetection: TurnDetection = TurnDetection(), noiseReduction: String? = nil
    ) {
        self.instructions = instructions
        self.voice = voice
        self.tools = tools
        self.law = law
        self.transcriptionModel = transcriptionModel
        self.language = language
        self.turnDetection = turnDetection
        self.noiseReduction = noiseReduction
    }

    var json: JSON {
        let format: JSON = ["type": .string(law.rawValue)]
        var input: JSONObject = ["format": format]
        if let transcriptionModel {
            var transcription: JSONObject = ["model": .string(transcriptionModel)]
            if let language { transcription["language"] = .string(language) }
            input["transcription"] = .object(transcription)
        }
        if let noiseReduction { input["noise_reduction"] = ["type": .string(noiseReduction)] }
        input["turn_detection"] = turnDetection.json
        var output: JSONObject = ["format": format]
        if let voice { output["voice"] = .string(voice) }
        return [
            "type": "realtime",
            "output_modalities": ["audio"],
            "instructions": .string(instructions),
            "audio": ["input": .object(input), "output": .object(output)],
            "tools": Self.json(tools),
            "tool_choice": "auto",
        ]
    }

    static func json(_ tools: [AgentDefinition.Tool]) -> JSON {
        .array(
            tools.map { tool in
                [
                    "type": "function", "name": .string(tool.name), "description": .string(tool.description),
                    "parameters": tool.parameters,
                ]
            })
    }

    /// What is told of settings that change in mid-call.
    public struct Change: Hashable, Sendable {
        public var instructions: String?
        public var tools: [AgentDefinition.Tool]?
        public var voice: String?

        init(from old: RealtimeSettings, to new: RealtimeSettings) {
            if new.instructions != old.instructions { instructions = new.instructions }
            if new.tools != old.tools { tools = new.tools }
            if new.voice != old.voice { voice = new.voice }
        }

        var json: JSON {
            var session: JSONObject = ["type": "realtime"]
            if let instructions { session["instructions"] = .string(instructions) }
            if let voice { session["audio"] = ["output": ["voice": .string(voice)]] }
            if let tools { session["tools"] = RealtimeSettings.json(tools) }
            return .object(session)
        }
    }
}

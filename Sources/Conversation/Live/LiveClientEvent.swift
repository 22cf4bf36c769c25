public import SansIO

/// An event to the server of a Live session.
///
/// `session.input_audio.append` is not among them: the driver writes it straight from the media session's bytes.
public struct LiveClientEvent: Hashable, Sendable {
    public enum Body: Hashable, Sendable {
        /// The first one.
        ///
        /// - history: What was said before, oldest first.
        case start(RealtimeSettings, LiveOptions, history: [LiveMessage] = [])
        /// Changes what the back end is told; `nil` leaves it as it is.
        case updateBackEnd(instructions: String?, tools: [AgentDefinition.Tool]?)
        /// A rule that holds from here on.
        case appendInstructions(String)
        /// Something to know, and not to say.
        case appendThinking(String)
        /// Something to say, or to do at once.
        ///
        /// - delegation: The application's work that it answers.
        case appendCommentary(String, delegation: String? = nil)
        case createFunctionOutput(callID: String, output: String)
        /// Lets the back end go on with the outputs that it was given.
        case createResponse
        /// From here on the server does not hear the caller, until ``unmute``.
        case mute
        case unmute
        /// Asks for a sign of life: tells the server once more whether it hears the caller, which it answers, and which
        /// changes nothing.
        case probe(isDeaf: Bool)
        case close
    }

    /// Comes back as `client_event_id` of what the event brings about.
    public var eventID: String
    public var body: Body

    public init(eventID: String, body: Body) {
        self.eventID = eventID
        self.body = body
    }

    /// The event as it stands on the wire.
    public var json: JSON {
        var object: JSONObject = [:]
        switch body {
        case .start(let settings, let options, let history):
            object["type"] = "session.start"
            object["session"] = LiveClientEvent.session(settings, options, history)
        case .updateBackEnd(let instructions, let tools):
            var backEnd: JSONObject = [:]
            if let instructions { backEnd["instructions"] = .string(instructions) }
            if let tools { backEnd["tools"] = RealtimeSettings.json(tools) }
            object["type"] = "session.update"
            object["session"] = ["delegation": ["type": "responses", "responses": .object(backEnd)]]
        case .appendInstructions(let text):
            object = LiveClientEvent.append("instructions", text)
        case .appendThinking(let text):
            object = LiveClientEvent.append("thinking", text)
        case .appendCommentary(let text, let delegation):
            object = LiveClientEvent.append("commentary", text, delegation: delegation)
        case .createFunctionOutput(let callID, let output):
            object["type"] = "response.item.create"
            object["item"] = [
                "type": "function_call_output", "call_id": .string(callID), "output": .string(output),
            ]
        case .createResponse: object["type"] = "response.create"
        case .mute, .probe(isDeaf: true): object["type"] = "session.input_audio.mute"
        case .unmute, .probe(isDeaf: false): object["type"] = "session.input_audio.unmute"
        case .close: object["type"] = "session.close"
        }
        object["event_id"] = .string(eventID)
        return .object(object)
    }

    private static func append(_ channel: String, _ text: String, delegation: String? = nil) -> JSONObject {
        [
            "type": .string("session.\(channel).append"), "content": .string(text),
            "delegation_id": .optional(delegation),
        ]
    }

    /// Audio is µ-law, whatever law the line speaks.
    ///
    /// The back end is there in calls without functions too: without one, what the model hands on would be the
    /// application's to answer, and its kind cannot be changed when the script sets functions later.
    private static func session(
        _ settings: RealtimeSettings, _ options: LiveOptions, _ history: [LiveMessage]
    ) -> JSON {
        var audio: JSONObject = ["format": ["type": .string(G711Law.mu.rawValue), "rate": 8_000]]
        if let voice = settings.voice { audio["output"] = ["voice": .string(voice)] }
        var session: JSONObject = [
            "model": .string(options.model), "instructions": .string(settings.instructions), "audio": .object(audio),
            "delegation": [
                "type": "responses",
                "responses": [
                    "model": .string(options.backEndModel), "instructions": .string(settings.instructions),
                    "tools": RealtimeSettings.json(settings.tools),
                ],
            ],
        ]
        if !history.isEmpty { session["input"] = .array(history.map(\.json)) }
        return .object(session)
    }
}

public import SansIO

/// An event to the model's server.
///
/// `input_audio_buffer.append` is not among them: the driver writes it straight from the media session's bytes.
public struct RealtimeClientEvent: Hashable, Sendable {
    public enum Body: Hashable, Sendable {
        case updateSession(RealtimeSettings)
        case updateTurnDetection(TurnDetection)
        /// Only what has changed.
        case changeSession(RealtimeSettings.Change)
        case createFunctionOutput(callID: String, output: String)
        /// `role` is `user`, `assistant` or `system`.
        case createMessage(role: String, text: String)
        /// Puts a message back into the conversation of a new connection, under the name that it had.
        ///
        /// - after: The item behind which it belongs; `nil` for the end.
        case replayMessage(id: String, after: String? = nil, role: String, text: String)
        /// Puts a function call of the model back; its output follows.
        case replayFunctionCall(id: String, RealtimeFunctionCall)
        case truncateItem(id: String, contentIndex: Int, audioEndMilliseconds: Int)
        case deleteItem(id: String)
        case createResponse(ResponseParameters)
        /// `nil` means the active response.
        case cancelResponse(id: String?)
    }

    /// What `response.create` asks for beyond the session's settings.
    public struct ResponseParameters: Hashable, Sendable {
        /// Replaces the session's instructions for this response.
        public var instructions: String?
        /// `auto`, `none` or `required`.
        public var toolChoice: String?
        /// What is to be said word for word, for those who need no model to do so; not on the wire.
        public var verbatim: String?
        /// What ``instructions`` adds to the session's, for those who keep the two apart; not on the wire.
        public var additional: String?
        /// Echoed in `response.created` and `response.done`.
        public var metadata: JSONObject

        public init(
            instructions: String? = nil, toolChoice: String? = nil, verbatim: String? = nil,
            additional: String? = nil, metadata: JSONObject = [:]
        ) {
            self.instructions = instructions
            self.toolChoice = toolChoice
            self.verbatim = verbatim
            self.additional = additional
            self.metadata = metadata
        }
    }

    /// Comes back in `error.event_id` when the event is refused.
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
        case .updateSession(let settings):
            object["type"] = "session.update"
            object["session"] = settings.json
        case .updateTurnDetection(let turnDetection):
            object["type"] = "session.update"
            object["session"] = [
                "type": "realtime", "audio": ["input": ["turn_detection": turnDetection.json]],
            ]
        case .changeSession(let change):
            object["type"] = "session.update"
            object["session"] = change.json
        case .createFunctionOutput(let callID, let output):
            object["type"] = "conversation.item.create"
            object["item"] = [
                "type": "function_call_output", "call_id": .string(callID), "output": .string(output),
            ]
        case .createMessage(let role, let text):
            object["type"] = "conversation.item.create"
            object["item"] = .object(RealtimeClientEvent.message(role: role, text: text))
        case .replayMessage(let id, let after, let role, let text):
            object["type"] = "conversation.item.create"
            if let after { object["previous_item_id"] = .string(after) }
            var item: JSONObject = ["id": .string(id)]
            for member in RealtimeClientEvent.message(role: role, text: text).members {
                item[member.key] = member.value
            }
            object["item"] = .object(item)
        case .replayFunctionCall(let id, let call):
            object["type"] = "conversation.item.create"
            object["item"] = [
                "id": .string(id), "type": "function_call", "call_id": .string(call.callID),
                "name": .string(call.name), "arguments": .string(call.arguments),
            ]
        case .truncateItem(let id, let contentIndex, let audioEndMilliseconds):
            object["type"] = "conversation.item.truncate"
            object["item_id"] = .string(id)
            object["content_index"] = .integer(Int64(contentIndex))
            object["audio_end_ms"] = .integer(Int64(audioEndMilliseconds))
        case .deleteItem(let id):
            object["type"] = "conversation.item.delete"
            object["item_id"] = .string(id)
        case .createResponse(let parameters):
            object["type"] = "response.create"
            var response: JSONObject = [:]
            if let instructions = parameters.instructions { response["instructions"] = .string(instructions) }
            if let toolChoice = parameters.toolChoice { response["tool_choice"] = .string(toolChoice) }
            if !parameters.metadata.isEmpty { response["metadata"] = .object(parameters.metadata) }
            if !response.isEmpty { object["response"] = .object(response) }
        case .cancelResponse(let id):
            object["type"] = "response.cancel"
            if let id { object["response_id"] = .string(id) }
        }
        object["event_id"] = .string(eventID)
        return .object(object)
    }

    private static func message(role: String, text: String) -> JSONObject {
        [
            "type": "message", "role": .string(role),
            "content": [["type": role == "assistant" ? "output_text" : "input_text", "text": .string(text)]],
        ]
    }
}

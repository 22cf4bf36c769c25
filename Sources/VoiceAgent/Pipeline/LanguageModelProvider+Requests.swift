public import Conversation
public import Net
import SansIO

extension LanguageModelProvider {
    /// The request whose answer ``GenerationStream`` reads.
    public func request(_ request: GenerationRequest) -> HTTPRequest {
        let path = kind == .chat ? "/chat/completions" : "/responses"
        var body = kind == .chat ? chatBody(request) : responsesBody(request)
        body.apply(extra)
        return endpoint.request(
            path: path, contentType: "application/json", accept: "text/event-stream", body: JSON.object(body).bytes)
    }

    // MARK: /chat/completions

    private func chatBody(_ request: GenerationRequest) -> JSONObject {
        var messages: [JSON] = []
        if !request.instructions.isEmpty {
            messages.append(["role": "system", "content": .string(request.instructions)])
        }
        messages += request.messages.map(Self.chatMessage)
        var body: JSONObject = ["model": .string(model), "messages": .array(messages)]
        if !request.tools.isEmpty {
            body["tools"] = .array(
                request.tools.map { tool in
                    [
                        "type": "function",
                        "function": [
                            "name": .string(tool.name), "description": .string(tool.description),
                            "parameters": tool.parameters,
                        ],
                    ]
                })
            body["tool_choice"] = .string(request.toolChoice)
        }
        if let temperature { body["temperature"] = .number(temperature) }
        body["stream"] = true
        body["stream_options"] = ["include_usage": true]
        return body
    }

    private static func chatMessage(_ message: ChatMessage) -> JSON {
        var object: JSONObject = ["role": .string(message.role.rawValue)]
        // An assistant's message may be nothing but calls; then its content is null.
        object["content"] = message.text.isEmpty && !message.calls.isEmpty ? .null : .string(message.text)
        if !message.calls.isEmpty {
            object["tool_calls"] = .array(
                message.calls.map { call in
                    [
                        "id": .string(call.callID), "type": "function",
                        "function": ["name": .string(call.name), "arguments": .string(call.arguments)],
                    ]
                })
        }
        if message.role == .tool { object["tool_call_id"] = .string(message.callID ?? "") }
        return .object(object)
    }

    // MARK: /responses

    private func responsesBody(_ request: GenerationRequest) -> JSONObject {
        var body: JSONObject = ["model": .string(model)]
        if !request.instructions.isEmpty { body["instructions"] = .string(request.instructions) }
        body["input"] = .array(request.messages.flatMap(Self.responsesItems))
        if !request.tools.isEmpty {
            body["tools"] = .array(
                request.tools.map { tool in
                    [
                        "type": "function", "name": .string(tool.name), "description": .string(tool.description),
                        // Strict schemas need every property required; ours say what is optional.
                        "parameters": tool.parameters, "strict": false,
                    ]
                })
            body["tool_choice"] = .string(request.toolChoice)
        }
        if let temperature { body["temperature"] = .number(temperature) }
        body["store"] = false
        body["stream"] = true
        return body
    }

    private static func responsesItems(_ message: ChatMessage) -> [JSON] {
        if message.role == .tool {
            return [
                [
                    "type": "function_call_output", "call_id": .string(message.callID ?? ""),
                    "output": .string(message.text),
                ]
            ]
        }
        var items: [JSON] = []
        if !message.text.isEmpty {
            let part: JSON = message.role == .assistant ? "output_text" : "input_text"
            items.append([
                "type": "message", "role": .string(message.role.rawValue),
                "content": [["type": part, "text": .string(message.text)]],
            ])
        }
        return items
            + message.calls.map { call in
                [
                    "type": "function_call", "call_id": .string(call.callID), "name": .string(call.name),
                    "arguments": .string(call.arguments),
                ]
            }
    }
}

extension JSONObject {
    /// Replaces members by those of `extra`; what is `null` there is left out.
    mutating func apply(_ extra: JSONObject) {
        for member in extra.members { self[member.key] = member.value.isNull ? JSON?.none : member.value }
    }
}

import SansIO

/// How a response of the Responses API is made, and what its object repeats of the request.
struct ResponseSettings: Hashable, Sendable {
    let model: String
    var tools: [JSON] = []
    var toolChoice: JSON = "auto"
    var allowsParallelCalls = true
    /// `nil` means no limit. [tokens]
    var maximumTokens: Int64?
    var previousResponseID: String?
    private let echo: JSON

    /// - Parameter json: A request, or the `responses` object of a Live session's delegation, whose shape was checked.
    init(_ json: JSON, model: String) throws(RealtimeError) {
        self.model = model
        tools = try SessionSettings.tools(json["tools"] ?? [], at: "tools").map { tool in
            var tool = tool
            if tool["strict"] == nil { tool["strict"] = true }
            return tool
        }
        if let choice = json["tool_choice"], !choice.isNull { toolChoice = choice }
        allowsParallelCalls = json["parallel_tool_calls"]?.bool ?? true
        maximumTokens = json["max_output_tokens"]?.integer
        previousResponseID = json["previous_response_id"]?.string
        echo = json
        if let only = toolChoice["name"]?.string, !tools.contains(where: { $0["name"]?.string == only }) {
            throw .wrongValue("tool_choice", "Tool choice '\(only)' not found in 'tools' parameter.")
        }
    }

    /// Names of the functions that the model may call.
    var callableTools: [String] {
        if toolChoice.string == "none" { return [] }
        let names = tools.compactMap { $0["name"]?.string }
        guard let only = toolChoice["name"]?.string else { return names }
        return names.filter { $0 == only }
    }

    /// The response object, in the order in which OpenAI writes it.
    ///
    /// - Parameter members: `status`, `output`, … in place of those of a response that has just begun.
    func response(id: String, createdAt: Int64, _ members: KeyValuePairs<String, JSON>) -> JSON {
        var response: JSON = [
            "id": .string(id), "object": "response", "created_at": .integer(createdAt), "status": "in_progress",
            "background": false, "error": .null, "incomplete_details": .null,
            "instructions": echo["instructions"] ?? .null,
            "max_output_tokens": maximumTokens.map(JSON.integer) ?? .null, "max_tool_calls": .null,
            "model": .string(model), "output": [], "parallel_tool_calls": .bool(allowsParallelCalls),
            "previous_response_id": JSON(orNull: previousResponseID),
            "reasoning": ["effort": echo["reasoning"]?["effort"] ?? .null, "summary": .null],
            "service_tier": "default", "store": echo["store"] ?? true, "temperature": echo["temperature"] ?? 1.0,
            "text": ["format": ["type": "text"], "verbosity": echo["text"]?["verbosity"] ?? "medium"],
            "tool_choice": toolChoice, "tools": .array(tools), "top_p": echo["top_p"] ?? 1.0,
            "truncation": echo["truncation"] ?? "disabled", "usage": .null, "user": echo["user"] ?? .null,
            "metadata": echo["metadata"] ?? [:],
        ]
        for (key, value) in members { response[key] = value }
        return response
    }
}

extension Shape {
    private static let inputText = ("input_text", [Field(name: "text", shape: Shape.text, isRequired: true)])
    private static let image = (
        "input_image",
        [
            Field(name: "image_url", shape: nullable(Shape.text)), Field(name: "file_id", shape: nullable(Shape.text)),
            Field(name: "detail", shape: nullable(.choice(["auto", "low", "high"]))),
        ]
    )

    static let responseUserPart = Shape.tagged(by: "type", [inputText, image])
    static let responseAssistantPart = Shape.tagged(
        by: "type",
        [
            (
                "output_text",
                [
                    Field(name: "text", shape: Shape.text, isRequired: true),
                    Field(name: "annotations", shape: .any), Field(name: "logprobs", shape: .any),
                ]
            ), ("refusal", [Field(name: "refusal", shape: Shape.text, isRequired: true)]),
        ])

    private static let itemEnvelope = [
        Field(name: "id", shape: nullable(Shape.text)),
        Field(name: "status", shape: nullable(.choice(["in_progress", "completed", "incomplete"]))),
    ]

    static let responseItem = Shape.tagged(
        by: "type",
        [
            (
                "message",
                itemEnvelope + [
                    Field(
                        name: "role", shape: .choice(["user", "assistant", "system", "developer"]), isRequired: true),
                    Field(name: "content", shape: .either([Shape.text, .list(.any)]), isRequired: true),
                    Field(name: "phase", shape: nullable(.choice(["commentary", "final_answer"]))),
                ]
            ),
            (
                "function_call",
                itemEnvelope + [
                    Field(name: "call_id", shape: Shape.text, isRequired: true),
                    Field(name: "name", shape: Shape.text, isRequired: true),
                    Field(name: "arguments", shape: Shape.text, isRequired: true),
                ]
            ),
            (
                "function_call_output",
                itemEnvelope + [
                    Field(name: "call_id", shape: Shape.text, isRequired: true),
                    Field(name: "output", shape: .either([Shape.text, .list(.any)]), isRequired: true),
                ]
            ),
            (
                "reasoning",
                itemEnvelope + [
                    Field(name: "summary", shape: .any), Field(name: "content", shape: .any),
                    Field(name: "encrypted_content", shape: .any),
                ]
            ),
        ])

    static let responseTools = Shape.list(
        .tagged(
            by: "type",
            [
                (
                    "function",
                    [
                        Field(name: "name", shape: .string(maximumLength: 64), isRequired: true),
                        Field(name: "description", shape: nullable(Shape.text)),
                        Field(name: "parameters", shape: nullable(.any)),
                        Field(name: "strict", shape: nullable(.bool)),
                    ]
                )
            ]))

    static let responseReasoning = nullable(
        .record([
            Field(name: "effort", shape: effort),
            Field(name: "summary", shape: nullable(.choice(["auto", "concise", "detailed"]))),
        ]))

    static let responseText = nullable(
        .record([
            Field(name: "format", shape: .tagged(by: "type", [("text", [])])),
            Field(name: "verbosity", shape: nullable(.choice(["low", "medium", "high"]))),
        ]))

    /// What requests and a Live session's delegation share.
    static let responseSettings = [
        Field(name: "model", shape: Shape.text, isRequired: true),
        Field(name: "instructions", shape: nullable(Shape.text)),
        Field(name: "tools", shape: nullable(responseTools)),
        Field(name: "tool_choice", shape: nullable(toolChoice)),
        Field(name: "parallel_tool_calls", shape: nullable(.bool)),
        Field(name: "max_output_tokens", shape: nullable(.integer(1...Int64.max))),
        Field(name: "reasoning", shape: responseReasoning),
        Field(name: "text", shape: responseText),
    ]

    static let responses = Shape.record(
        ignoredParameters + responseSettings + [
            Field(name: "input", shape: .either([Shape.text, .list(.any)]), isRequired: true),
            Field(name: "previous_response_id", shape: nullable(Shape.text)),
            Field(name: "store", shape: nullable(.bool)),
            Field(name: "stream", shape: nullable(.bool)),
            Field(
                name: "stream_options",
                shape: nullable(.record([Field(name: "include_obfuscation", shape: nullable(.bool))]))),
            Field(name: "include", shape: nullable(.list(Shape.text))),
            Field(name: "max_tool_calls", shape: nullable(.integer(1...Int64.max))),
            Field(name: "truncation", shape: nullable(.choice(["auto", "disabled"]))),
            Field(name: "metadata", shape: metadata),
        ])
}

import SansIO

/// A request for a chat completion, checked: `POST /v1/chat/completions`.
///
/// Source: OpenAI's API reference, chat completions.
struct ChatRequest: Sendable {
    let model: String
    let dialogue: Dialogue
    let streams: Bool
    let includesUsage: Bool
    let includesObfuscation: Bool
    let allowsParallelCalls: Bool
    /// `nil` means no limit. [tokens]
    let maximumTokens: Int64?

    /// - Throws: ``RealtimeError`` with the first fault, as OpenAI's server words it.
    init(parsing body: [UInt8], _ names: OfflineNames) throws(RealtimeError) {
        let json = try Shape.object(in: body)
        try Shape.chat.check(json, at: "")
        try Shape.checkCount(json["messages"], atMost: Shape.maximumEntries, at: "messages")
        try Shape.checkCount(json["tools"], atMost: Shape.maximumTools, at: "tools")
        try Shape.checkMetadata(json["metadata"] ?? .null, at: "metadata")
        model = json["model"]?.string ?? ""
        try ModelCatalogue.check(model, in: ModelCatalogue.text, names)
        streams = json["stream"]?.bool ?? false
        if !streams, let options = json["stream_options"], !options.isNull {
            throw .wrongValue(
                "stream_options", "The 'stream_options' parameter is only allowed when 'stream' is enabled.")
        }
        includesUsage = json["stream_options"]?["include_usage"]?.bool ?? false
        includesObfuscation = json["stream_options"]?["include_obfuscation"]?.bool ?? true
        allowsParallelCalls = json["parallel_tool_calls"]?.bool ?? true
        maximumTokens = json["max_completion_tokens"]?.integer ?? json["max_tokens"]?.integer
        var dialogue = try Self.dialogue(json["messages"]?.array ?? [])
        dialogue.tools = try Self.callableTools(json)
        self.dialogue = dialogue
    }

    private static func callableTools(_ json: JSON) throws(RealtimeError) -> [String] {
        let functions = (json["tools"]?.array ?? []).map { $0["function"] ?? .null }
        _ = try SessionSettings.tools(.array(functions), at: "tools", member: "function.name")
        let names = functions.compactMap { $0["name"]?.string }
        guard let choice = json["tool_choice"], !choice.isNull else { return names }
        if names.isEmpty, choice.string != "none" {
            throw .wrongValue(
                "tool_choice",
                "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.")
        }
        if choice.string == "none" { return [] }
        guard let only = choice["function"]?["name"]?.string else { return names }
        guard names.contains(only) else {
            throw .wrongValue(
                "tool_choice", "Invalid value for 'tool_choice': there is no function '\(only)' among 'tools'.")
        }
        return [only]
    }

    /// The conversation in `messages`; every call has its result, and every result its call.
    private static func dialogue(_ messages: [JSON]) throws(RealtimeError) -> Dialogue {
        guard !messages.isEmpty else {
            throw RealtimeError(
                code: "empty_array",
                message: "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty "
                    + "array instead.", param: "messages")
        }
        var dialogue = Dialogue(instructions: "", entries: [])
        var instructions: [String] = []
        /// Calls that have no result yet.
        var open: [String] = []
        for (index, message) in messages.enumerated() {
            let path = "messages[\(index)]"
            let role = message["role"]?.string ?? ""
            let text = try text(of: message["content"], role: role, at: "\(path).content")
            if role == "tool" {
                let callID = message["tool_call_id"]?.string ?? ""
                guard let place = open.firstIndex(of: callID) else {
                    throw RealtimeError(
                        code: nil,
                        message: "Invalid parameter: messages with role 'tool' must be a response to a preceeding "
                            + "message with 'tool_calls'.", param: "\(path).role")
                }
                open.remove(at: place)
                dialogue.entries.append(.result(callID: callID, output: text))
                continue
            }
            try checkAnswered(open, param: path)
            switch role {
            case "system", "developer":
                if dialogue.entries.isEmpty {
                    instructions.append(text)
                } else {
                    dialogue.entries.append(.message(role: "system", text: text))
                }
            case "assistant":
                if !text.isEmpty { dialogue.entries.append(.message(role: role, text: text)) }
                for call in message["tool_calls"]?.array ?? [] {
                    let callID = call["id"]?.string ?? ""
                    open.append(callID)
                    dialogue.entries.append(
                        .call(
                            id: callID, name: call["function"]?["name"]?.string ?? "",
                            arguments: call["function"]?["arguments"]?.string ?? ""))
                }
            default: dialogue.entries.append(.message(role: "user", text: text))
            }
        }
        try checkAnswered(open, param: "messages")
        dialogue.instructions = instructions.joined(separator: "\n")
        return dialogue.takingOwnInstructions()
    }

    private static func checkAnswered(_ open: [String], param: String) throws(RealtimeError) {
        guard !open.isEmpty else { return }
        throw RealtimeError(
            code: nil,
            message: "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
                + "'tool_call_id'. The following tool_call_ids did not have response messages: "
                + open.joined(separator: ", "), param: param)
    }

    /// The words of a message, parts joined; pictures are not seen.
    private static func text(of content: JSON?, role: String, at path: String) throws(RealtimeError) -> String {
        guard let parts = content?.array else {
            guard let text = content?.string else {
                if role == "assistant" { return "" }
                throw .missing(path)
            }
            return text
        }
        var texts: [String] = []
        let shape = role == "user" ? Shape.chatUserPart : role == "assistant" ? Shape.chatAssistantPart : Shape.chatText
        for (index, part) in parts.enumerated() {
            try shape.check(part, at: "\(path)[\(index)]")
            if let text = part["text"]?.string ?? part["refusal"]?.string { texts.append(text) }
        }
        return texts.joined(separator: " ")
    }
}

extension Shape {
    private static let textPart = ("text", [Field(name: "text", shape: .text, isRequired: true)])

    static let chatText = Shape.tagged(by: "type", [textPart])
    static let chatUserPart = Shape.tagged(
        by: "type", [textPart, ("image_url", [Field(name: "image_url", shape: .any, isRequired: true)])])
    static let chatAssistantPart = Shape.tagged(
        by: "type", [textPart, ("refusal", [Field(name: "refusal", shape: .text, isRequired: true)])])

    private static let content = Field(name: "content", shape: .either([.text, .list(.any)]), isRequired: true)
    private static let name = Field(name: "name", shape: nullable(.text))

    private static let chatCall = Shape.tagged(
        by: "type",
        [
            (
                "function",
                [
                    Field(name: "id", shape: .text, isRequired: true),
                    Field(name: "index", shape: .any),
                    Field(
                        name: "function",
                        shape: .record([
                            Field(name: "name", shape: .text, isRequired: true),
                            Field(name: "arguments", shape: .text, isRequired: true),
                        ]), isRequired: true),
                ]
            )
        ])

    private static let chatMessage = Shape.tagged(
        by: "role",
        [
            ("system", [content, name]), ("developer", [content, name]), ("user", [content, name]),
            (
                "assistant",
                [
                    Field(name: "content", shape: .either([.null, .text, .list(.any)])), name,
                    Field(name: "tool_calls", shape: nullable(.list(chatCall))),
                    Field(name: "refusal", shape: nullable(.text)),
                    Field(name: "annotations", shape: .any), Field(name: "audio", shape: .null),
                    Field(name: "function_call", shape: .null),
                ]
            ),
            ("tool", [content, Field(name: "tool_call_id", shape: .text, isRequired: true)]),
        ])

    private static let chatTool = Shape.tagged(
        by: "type",
        [
            (
                "function",
                [
                    Field(
                        name: "function",
                        shape: .record([
                            Field(name: "name", shape: .string(maximumLength: 64), isRequired: true),
                            Field(name: "description", shape: nullable(.text)),
                            Field(name: "parameters", shape: nullable(.any)),
                            Field(name: "strict", shape: nullable(.bool)),
                        ]), isRequired: true)
                ]
            )
        ])

    static let chat = Shape.record(
        ignoredParameters + [
            Field(name: "model", shape: .text, isRequired: true),
            Field(name: "messages", shape: .list(chatMessage), isRequired: true),
            Field(name: "stream", shape: nullable(.bool)),
            Field(
                name: "stream_options",
                shape: nullable(
                    .record([
                        Field(name: "include_usage", shape: nullable(.bool)),
                        Field(name: "include_obfuscation", shape: nullable(.bool)),
                    ]))),
            Field(name: "tools", shape: nullable(.list(chatTool))),
            Field(
                name: "tool_choice",
                shape: .either([
                    .null, .choice(["auto", "none", "required"]),
                    .tagged(
                        by: "type",
                        [
                            (
                                "function",
                                [
                                    Field(
                                        name: "function",
                                        shape: .record([Field(name: "name", shape: .text, isRequired: true)]),
                                        isRequired: true)
                                ]
                            )
                        ]),
                ])),
            Field(name: "parallel_tool_calls", shape: nullable(.bool)),
            Field(name: "max_completion_tokens", shape: nullable(.integer(1...Int64.max))),
            Field(name: "max_tokens", shape: nullable(.integer(1...Int64.max))),
            Field(name: "n", shape: nullable(.integer(1...1))),
            Field(name: "stop", shape: .either([.null, .text, .list(.text)])),
            Field(name: "seed", shape: nullable(.integer(Int64.min...Int64.max))),
            Field(name: "store", shape: nullable(.bool)),
            Field(name: "metadata", shape: metadata),
            Field(name: "reasoning_effort", shape: effort),
            Field(name: "verbosity", shape: nullable(.choice(["low", "medium", "high"]))),
            Field(name: "response_format", shape: .tagged(by: "type", [("text", [])])),
            Field(name: "modalities", shape: nullable(.list(.choice(["text"])))),
            Field(name: "frequency_penalty", shape: nullable(.number(-2...2))),
            Field(name: "presence_penalty", shape: nullable(.number(-2...2))),
            Field(name: "logit_bias", shape: nullable(.any)),
            Field(name: "logprobs", shape: nullable(.bool)),
        ])
}

import SansIO

extension ConversationItem {
    /// Longest identifier that a client may choose. [characters]
    static let maximumIDLength = 32

    private static let envelope = [
        Shape.Field(name: "id", shape: .either([.null, .string(maximumLength: maximumIDLength)])),
        Shape.Field(name: "object", shape: .either([.null, .choice(["realtime.item"])])),
        Shape.Field(
            name: "status", shape: .either([.null, .choice(["completed", "incomplete", "in_progress"])])),
    ]

    private static let shape = Shape.tagged(
        by: "type",
        [
            (
                "message",
                envelope + [
                    Shape.Field(name: "role", shape: .choice(["system", "user", "assistant"]), isRequired: true),
                    Shape.Field(name: "content", shape: .list(.any), isRequired: true),
                ]
            ),
            (
                "function_call",
                envelope + [
                    Shape.Field(name: "name", shape: .text, isRequired: true),
                    Shape.Field(name: "call_id", shape: .either([.null, .text])),
                    Shape.Field(name: "arguments", shape: .text, isRequired: true),
                ]
            ),
            (
                "function_call_output",
                envelope + [
                    Shape.Field(name: "call_id", shape: .text, isRequired: true),
                    Shape.Field(name: "output", shape: .text, isRequired: true),
                ]
            ),
        ])

    private static func partShape(for role: Role) -> Shape {
        let text = [Shape.Field(name: "text", shape: .text, isRequired: true)]
        switch role {
        case .system: return .tagged(by: "type", [("input_text", text)])
        case .assistant: return .tagged(by: "type", [("output_text", text)])
        case .user:
            return .tagged(
                by: "type",
                [
                    ("input_text", text),
                    (
                        "input_audio",
                        [
                            Shape.Field(name: "audio", shape: .text, isRequired: true),
                            Shape.Field(name: "transcript", shape: .either([.null, .text])),
                        ]
                    ),
                    (
                        "input_image",
                        [
                            Shape.Field(name: "image_url", shape: .text, isRequired: true),
                            Shape.Field(name: "detail", shape: .either([.null, .choice(["auto", "low", "high"])])),
                        ]
                    ),
                ])
        }
    }

    /// The item that a client describes.
    ///
    /// - Parameters:
    ///   - path: Where `json` stands in the event.
    ///   - format: How audio in it is encoded.
    ///   - makeID: Called for an identifier with the given prefix when the client gives none.
    init(
        parsing json: JSON, at path: String, format: RealtimeAudioFormat, makeID: (String) -> String
    ) throws(RealtimeError) {
        try Self.shape.check(json, at: path)
        id = json["id"]?.string ?? makeID("item_")
        status = json["status"]?.string == "incomplete" ? .incomplete : .completed
        switch json["type"]?.string {
        case "function_call":
            content = .functionCall(
                name: json["name"]?.string ?? "", callID: json["call_id"]?.string ?? makeID("call_"),
                arguments: json["arguments"]?.string ?? "")
        case "function_call_output":
            content = .functionCallOutput(
                callID: json["call_id"]?.string ?? "", output: json["output"]?.string ?? "")
        default:
            let role = json["role"]?.string.flatMap(Role.init) ?? .user
            let shape = Self.partShape(for: role)
            var parts: [Part] = []
            for (index, part) in (json["content"]?.array ?? []).enumerated() {
                let partPath = "\(path).content[\(index)]"
                try shape.check(part, at: partPath)
                parts.append(try Part(checked: part, at: partPath, format: format))
            }
            content = .message(role, parts)
        }
    }
}

extension ConversationItem.Part {
    fileprivate init(
        checked json: JSON, at path: String, format: RealtimeAudioFormat
    ) throws(RealtimeError) {
        let text = json["text"]?.string ?? ""
        switch json["type"]?.string {
        case "output_text": self = .outputText(text)
        case "input_image": self = .inputImage(json)
        case "input_audio":
            guard let audio = Base64.decode((json["audio"]?.string ?? "").utf8),
                audio.count % format.bytesPerSample == 0
            else {
                throw .wrongValue("\(path).audio", "Invalid '\(path).audio': expected base64-encoded audio bytes.")
            }
            let transcript = json["transcript"]?.string
            self = .inputAudio(
                audio: audio, milliseconds: Int64(audio.count / format.bytesPerMillisecond), words: transcript,
                transcript: transcript)
        default: self = .inputText(text)
        }
    }
}

import SansIO

/// The shapes of the `session` and `response` objects that a client may send (OpenAI Realtime API, GA shapes).
extension Shape {
    static let voices = ["alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"]

    static let format = Shape.tagged(
        by: "type",
        [
            (RealtimeAudioFormat.pcm.rawValue, [Field(name: "rate", shape: .integer(24_000...24_000))]),
            (RealtimeAudioFormat.pcmu.rawValue, []),
            (RealtimeAudioFormat.pcma.rawValue, []),
        ])

    static let noiseReduction = nullable(
        .tagged(
            by: "type",
            [
                ("near_field", [Field(name: "strength", shape: .number(0...1))]),
                ("far_field", [Field(name: "strength", shape: .number(0...1))]),
            ]))

    static let transcription = nullable(
        .record([
            Field(name: "model", shape: nullable(.text)),
            Field(name: "language", shape: nullable(.text)),
            Field(name: "prompt", shape: nullable(.text)),
            Field(name: "languages", shape: nullable(.list(.text))),
            Field(name: "keywords", shape: nullable(.list(.text))),
            Field(name: "delay", shape: nullable(.choice(["minimal", "low", "medium", "high", "xhigh"]))),
        ]))

    static let turnDetection = nullable(
        .tagged(
            by: "type",
            [
                (
                    "server_vad",
                    [
                        Field(name: "threshold", shape: .number(0...1)),
                        Field(name: "prefix_padding_ms", shape: .integer(0...10_000)),
                        Field(name: "silence_duration_ms", shape: .integer(0...60_000)),
                        Field(name: "create_response", shape: .bool),
                        Field(name: "interrupt_response", shape: .bool),
                        Field(name: "idle_timeout_ms", shape: nullable(.integer(5_000...30_000))),
                    ]
                ),
                (
                    "semantic_vad",
                    [
                        Field(name: "eagerness", shape: .choice(["low", "medium", "high", "auto"])),
                        Field(name: "create_response", shape: .bool),
                        Field(name: "interrupt_response", shape: .bool),
                    ]
                ),
            ]))

    private static let transcriptionTurnDetection = nullable(
        .tagged(
            by: "type",
            [
                (
                    "server_vad",
                    [
                        Field(name: "threshold", shape: .number(0...1)),
                        Field(name: "prefix_padding_ms", shape: .integer(0...10_000)),
                        Field(name: "silence_duration_ms", shape: .integer(0...60_000)),
                    ]
                )
            ]))

    private static let include = Field(
        name: "include", shape: nullable(.list(.choice(["item.input_audio_transcription.logprobs"]))))

    /// The `session` object of a transcription session.
    static let transcriptionSession = Shape.record([
        Field(name: "type", shape: .choice(["transcription"]), isRequired: true),
        Field(
            name: "audio",
            shape: .record([
                Field(
                    name: "input",
                    shape: .record([
                        Field(name: "format", shape: format),
                        Field(name: "noise_reduction", shape: noiseReduction),
                        Field(name: "transcription", shape: transcription),
                        Field(name: "turn_detection", shape: transcriptionTurnDetection),
                    ]))
            ])),
        include,
    ])

    static let voice = Shape.either([.choice(voices), .record([Field(name: "id", shape: .text, isRequired: true)])])

    static let outputModalities = Shape.list(.choice(["text", "audio"]))

    static let tools = Shape.list(
        .tagged(
            by: "type",
            [
                (
                    "function",
                    [
                        Field(name: "name", shape: .string(maximumLength: 64), isRequired: true),
                        Field(name: "description", shape: nullable(.text)),
                        Field(name: "parameters", shape: nullable(.any)),
                    ]
                )
            ]))

    static let toolChoice = Shape.either([
        .choice(["auto", "none", "required"]),
        .tagged(by: "type", [("function", [Field(name: "name", shape: .text, isRequired: true)])]),
    ])

    static let maxOutputTokens = Shape.either([.integer(1...4096), .choice(["inf"])])

    static let prompt = nullable(
        .record([
            Field(name: "id", shape: .text, isRequired: true),
            Field(name: "version", shape: nullable(.text)),
            Field(name: "variables", shape: nullable(.any)),
        ]))

    static let reasoning = nullable(
        .record([Field(name: "effort", shape: .choice(["minimal", "low", "medium", "high", "xhigh"]))]))

    /// Members that `session` and `response` share.
    private static let common = [
        Field(name: "output_modalities", shape: outputModalities),
        Field(name: "instructions", shape: nullable(.text)),
        Field(name: "tools", shape: nullable(tools)),
        Field(name: "tool_choice", shape: toolChoice),
        Field(name: "max_output_tokens", shape: maxOutputTokens),
        Field(name: "prompt", shape: prompt),
        Field(name: "reasoning", shape: reasoning),
        Field(name: "parallel_tool_calls", shape: .bool),
    ]

    static let session = Shape.record(
        common + [
            Field(name: "type", shape: .choice(["realtime"]), isRequired: true),
            Field(name: "model", shape: .text),
            Field(
                name: "audio",
                shape: .record([
                    Field(
                        name: "input",
                        shape: .record([
                            Field(name: "format", shape: format),
                            Field(name: "noise_reduction", shape: noiseReduction),
                            Field(name: "transcription", shape: transcription),
                            Field(name: "turn_detection", shape: turnDetection),
                        ])),
                    Field(
                        name: "output",
                        shape: .record([
                            Field(name: "format", shape: format),
                            Field(name: "voice", shape: voice),
                            Field(name: "speed", shape: .number(0.25...1.5)),
                        ])),
                ])),
            Field(
                name: "truncation",
                shape: .either([
                    .choice(["auto", "disabled"]),
                    .tagged(
                        by: "type",
                        [
                            (
                                "retention_ratio",
                                [
                                    Field(name: "retention_ratio", shape: .number(0...1), isRequired: true),
                                    Field(name: "token_limits", shape: nullable(.any)),
                                ]
                            )
                        ]),
                ])),
            Field(name: "tracing", shape: .either([.null, .choice(["auto"]), .record(tracing)])),
            include,
        ])

    private static let tracing = [
        Field(name: "workflow_name", shape: .text),
        Field(name: "group_id", shape: .text),
        Field(name: "metadata", shape: .any),
    ]

    static let responseParameters = Shape.record(
        common + [
            Field(name: "conversation", shape: .choice(["auto", "none"])),
            Field(name: "input", shape: .list(.any)),
            Field(
                name: "audio",
                shape: .record([
                    Field(
                        name: "output",
                        shape: .record([
                            Field(name: "format", shape: format),
                            Field(name: "voice", shape: voice),
                        ]))
                ])),
            Field(name: "metadata", shape: nullable(.any)),
        ])
}

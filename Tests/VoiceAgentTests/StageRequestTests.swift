import Audio
import Conversation
import Net
import SansIO
import Testing
import VoiceAgent

@Suite("What stages are asked")
struct StageRequestTests {
    private let endpoint = StageEndpoint(
        baseURL: "https://api.example.com/v1/", apiKey: Secret("sk-1"))

    private var generation: GenerationRequest {
        GenerationRequest(
            id: 1, provider: 0, instructions: "Be brief.",
            messages: [
                ChatMessage(role: .user, text: "Hello?"),
                ChatMessage(
                    role: .assistant, text: "",
                    calls: [RealtimeFunctionCall(callID: "c1", name: "find", arguments: "{\"day\":1}")]),
                ChatMessage(role: .tool, text: "{\"free\":true}", callID: "c1"),
                ChatMessage(role: .system, text: "The caller waits."),
                ChatMessage(
                    role: .assistant, text: "Yes.",
                    calls: [RealtimeFunctionCall(callID: "c2", name: "hang_up", arguments: "{}")]),
            ],
            tools: [AgentDefinition.Tool(name: "find", description: "Finds.", parameters: ["type": "object"])],
            toolChoice: "required")
    }

    @Test("Chat completions: the conversation, nested tools, usage with the stream")
    func chat() throws {
        var provider = LanguageModelProvider(kind: .chat, endpoint: endpoint, model: "m", temperature: 0.5)
        provider.extra = ["stream_options": nil, "max_completion_tokens": 100, "seed": 7]
        let request = provider.request(generation)
        #expect(request.method == "POST")
        #expect(request.target == "https://api.example.com/v1/chat/completions")
        #expect(request.headers["Authorization"] == "Bearer sk-1")
        #expect(request.headers["Content-Type"] == "application/json")
        let expected: JSON = [
            "model": "m",
            "messages": [
                ["role": "system", "content": "Be brief."], ["role": "user", "content": "Hello?"],
                [
                    "role": "assistant", "content": nil,
                    "tool_calls": [
                        ["id": "c1", "type": "function", "function": ["name": "find", "arguments": "{\"day\":1}"]]
                    ],
                ],
                ["role": "tool", "content": "{\"free\":true}", "tool_call_id": "c1"],
                ["role": "system", "content": "The caller waits."],
                [
                    "role": "assistant", "content": "Yes.",
                    "tool_calls": [
                        ["id": "c2", "type": "function", "function": ["name": "hang_up", "arguments": "{}"]]
                    ],
                ],
            ],
            "tools": [
                [
                    "type": "function",
                    "function": ["name": "find", "description": "Finds.", "parameters": ["type": "object"]],
                ]
            ],
            "tool_choice": "required", "temperature": 0.5, "stream": true, "max_completion_tokens": 100, "seed": 7,
        ]
        #expect(try JSON(parsing: request.body) == expected)
    }

    @Test("Responses: items, flat tools, nothing kept at the server")
    func responses() throws {
        let provider = LanguageModelProvider(
            kind: .responses, endpoint: endpoint, model: "m", extra: ["max_output_tokens": 100])
        let request = provider.request(generation)
        #expect(request.target == "https://api.example.com/v1/responses")
        let expected: JSON = [
            "model": "m", "instructions": "Be brief.",
            "input": [
                ["type": "message", "role": "user", "content": [["type": "input_text", "text": "Hello?"]]],
                ["type": "function_call", "call_id": "c1", "name": "find", "arguments": "{\"day\":1}"],
                ["type": "function_call_output", "call_id": "c1", "output": "{\"free\":true}"],
                [
                    "type": "message", "role": "system",
                    "content": [["type": "input_text", "text": "The caller waits."]],
                ],
                ["type": "message", "role": "assistant", "content": [["type": "output_text", "text": "Yes."]]],
                ["type": "function_call", "call_id": "c2", "name": "hang_up", "arguments": "{}"],
            ],
            "tools": [
                [
                    "type": "function", "name": "find", "description": "Finds.", "parameters": ["type": "object"],
                    "strict": false,
                ]
            ],
            "tool_choice": "required", "store": false, "stream": true, "max_output_tokens": 100,
        ]
        #expect(try JSON(parsing: request.body) == expected)
    }

    @Test("Without tools, nothing is said of them")
    func noTools() throws {
        for kind in [LanguageModelProvider.Kind.chat, .responses] {
            let request = LanguageModelProvider(kind: kind, endpoint: endpoint, model: "m").request(
                GenerationRequest(id: 1, provider: 0, instructions: "", messages: []))
            let body = try JSON(parsing: request.body)
            #expect(body["tools"] == nil)
            #expect(body["tool_choice"] == nil)
            #expect(body["instructions"] == nil)
        }
    }

    @Test("Speech: samples at once, in the voice of the request or the provider's own")
    func speech() throws {
        var provider = SpeechEndpoint(endpoint: endpoint, model: "tts", voice: "cedar")
        let plain = provider.request(SynthesisRequest(id: 1, provider: 0, text: "Hello."))
        #expect(plain.target == "https://api.example.com/v1/audio/speech")
        #expect(
            try JSON(parsing: plain.body) == [
                "model": "tts", "input": "Hello.", "voice": "cedar", "response_format": "pcm",
            ])
        provider.extra = [
            "response_format": "wav", "instructions": "Warm.", "speed": 1.25, "stream_format": "sse",
        ]
        let rich = provider.request(SynthesisRequest(id: 1, provider: 0, text: "Hello.", voice: "ash"))
        #expect(rich.headers["Accept"] == "text/event-stream")
        #expect(
            try JSON(parsing: rich.body) == [
                "model": "tts", "input": "Hello.", "voice": "ash", "response_format": "wav", "instructions": "Warm.",
                "speed": 1.25, "stream_format": "sse",
            ])
        // Somebody else's name means nothing to a server with names of its own.
        provider.keepsVoice = true
        let own = provider.request(SynthesisRequest(id: 1, provider: 0, text: "Hello.", voice: "ash"))
        #expect(try JSON(parsing: own.body)["voice"] == "cedar")
    }

    @Test("Transcriptions: a form with a WAV file of at least 200 ms, and a boundary that nothing holds")
    func transcriptions() throws {
        var provider = SpeechToTextProvider(kind: .transcriptions, endpoint: endpoint, model: "scribe", language: "en")
        provider.extra = ["prompt": "a \"quoted\" moonline-form prompt", "temperature": 0, "x\"\r\ny": "z"]
        let request = provider.request([UInt8](repeating: 0x80, count: 800))
        #expect(request.target == "https://api.example.com/v1/audio/transcriptions")
        #expect(request.headers["Content-Type"] == "multipart/form-data; boundary=moonline-form-1")
        let text = String(decoding: request.body, as: UTF8.self)
        for part in [
            "name=\"model\"\r\n\r\nscribe\r\n", "name=\"language\"\r\n\r\nen\r\n", "name=\"temperature\"\r\n\r\n0\r\n",
            "name=\"response_format\"\r\n\r\njson\r\n", "name=\"x%22%0D%0Ay\"\r\n\r\nz\r\n",
            "name=\"file\"; filename=\"audio.wav\"\r\nContent-Type: audio/wav\r\n\r\nRIFF",
        ] { #expect(text.contains(part)) }
        #expect(text.hasSuffix("\r\n--moonline-form-1--\r\n"))
        let start = try #require(request.body.indices.first { request.body[$0...].starts(with: Array(text: "RIFF")) })
        let wav = try WAVFile(parsing: Array(request.body[start...]))
        #expect(wav.sampleRate == 8_000)
        #expect(wav.channelCount == 1)
        #expect(wav.frameCount == 1_600)
        #expect(wav.samples.first == G711.decode(0x80, .mu))
    }

    @Test(
        "A transcript is the answer's text, trimmed",
        arguments: [
            ("application/json", "{\"text\":\" Hello. \",\"usage\":{}}", "Hello."),
            ("application/json", "\"Hi\"", "Hi"),
            ("text/plain; charset=utf-8", "Plain words\n", "Plain words"), ("application/json", "{\"text\":\"\"}", ""),
            ("application/json", "{\"text\":\"  \"}", ""),
        ])
    func transcript(contentType: String, body: String, expected: String) throws {
        let provider = SpeechToTextProvider(kind: .transcriptions, endpoint: endpoint, model: "scribe")
        #expect(
            try provider.transcript(
                status: 200, headers: ["Content-Type": contentType], body: Array(text: body), now: 0) == expected)
    }

    @Test(
        "An answer without transcript is a failure",
        arguments: ["{\"text\":", "{}", "", "{\"error\":{\"message\":\"x\"}}"])
    func noTranscript(body: String) {
        let provider = SpeechToTextProvider(kind: .transcriptions, endpoint: endpoint, model: "scribe")
        #expect(throws: StageFailure.self) {
            try provider.transcript(
                status: 200, headers: ["Content-Type": "application/json"], body: Array(text: body), now: 0)
        }
    }

    @Test("A key is never printed")
    func secrecy() {
        let provider = LanguageModelProvider(kind: .chat, endpoint: endpoint, model: "m")
        var text = ""
        dump(provider, to: &text)
        #expect(!text.contains("sk-1"))
        #expect(!"\(provider)".contains("sk-1"))
    }
}

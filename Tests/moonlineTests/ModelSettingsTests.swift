import AgentHost
import Conversation
import SansIO
import Testing
import VoiceAgent

@testable import moonline

@Suite("The servers of pipeline mode, from the settings")
struct ModelSettingsTests {
    private func pipeline(_ environment: [String: String]) throws -> PipelineEndpoints {
        try PipelineEndpoints(Settings(environment: environment, folder: "/nonexistent"))
    }

    @Test("endpoints have an address and a key of their own; stages choose among them, in order")
    func reads() throws {
        let pipeline = try pipeline([
            "MOONLINE_ENDPOINTS": " backup=https://models.example.com/v1 , in-house=http://127.0.0.1:8000/v1",
            "MOONLINE_ENDPOINT_BACKUP_KEY": "sk-1", "MOONLINE_ENDPOINT_IN_HOUSE_KEY": "sk-2",
            "MOONLINE_LLM": "openai:gpt-x, backup", "MOONLINE_TTS_MODEL": "voices", "MOONLINE_LLM_PATIENCE": "7.5",
            "OPENAI_TRANSCRIPTION_MODEL": "whisper-1",
        ])
        #expect(pipeline.endpoints.keys.sorted() == ["backup", "in-house"])
        #expect(pipeline.endpoints["backup"]?.baseURL == "https://models.example.com/v1")
        #expect(pipeline.endpoints["backup"]?.apiKey == Secret("sk-1"))
        #expect(pipeline.endpoints["in-house"]?.apiKey == Secret("sk-2"))
        #expect(
            pipeline.defaults[.llm]
                == [StageChoice(endpoint: "openai", model: "gpt-x"), StageChoice(endpoint: "backup")])
        #expect(pipeline.models == [.tts: "voices", .stt: "whisper-1"])
        #expect(pipeline.patience == [.stt: .milliseconds(2_500), .llm: .milliseconds(7_500), .tts: .seconds(2)])
    }

    @Test("without settings each stage asks openai, and speech falls back to the machine's own voice")
    func defaults() throws {
        let pipeline = try pipeline([:])
        #expect(pipeline.endpoints.isEmpty)
        let options = pipeline.options(for: AgentDefinition(name: "a", instructions: "b"))
        #expect(options.providers == [.stt: 1, .llm: 1, .tts: 2])
    }

    @Test(
        "what cannot be used is told with the variable and what to write",
        arguments: [
            ("MOONLINE_ENDPOINTS", "backup", "Write NAME=https://HOST/v1"),
            ("MOONLINE_ENDPOINTS", "openai=https://a.example/v1", "the names openai and local are taken"),
            ("MOONLINE_ENDPOINTS", "a b=https://a.example/v1", "has the entry \"a b=https://a.example/v1\""),
            ("MOONLINE_ENDPOINTS", "a=ftp://a.example/v1", "Write NAME=https://HOST/v1"),
            ("MOONLINE_STT", " , ", "MOONLINE_STT names 0 providers"),
            ("MOONLINE_TTS", "a,b,c,d,e", "MOONLINE_TTS names 5 providers"),
            ("MOONLINE_STT_PATIENCE", "0", "MOONLINE_STT_PATIENCE=0 is not a number of seconds from 0.2 to 12.0."),
            ("MOONLINE_TTS_PATIENCE", "soon", "is not a number of seconds"),
        ])
    func refuses(_ name: String, _ value: String, _ message: String) {
        #expect {
            try pipeline([name: value])
        } throws: {
            "\($0)".contains(message)
        }
    }
}

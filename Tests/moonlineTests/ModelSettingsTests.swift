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
            ("MOONLINE_ENDPOINTS", "=https://a.example/v1", "Write NAME=https://HOST/v1"),
            ("MOONLINE_ENDPOINTS", "a=https://x b=https://y", "no usable address for \"a\""),
            ("MOONLINE_ENDPOINTS", "a=https://", "no usable address for \"a\""),
            ("MOONLINE_ENDPOINTS", "a=https:///v1", "no usable address for \"a\""),
            ("MOONLINE_ENDPOINTS", "a=https://h:99999/v1", "the port is no number"),
            ("MOONLINE_ENDPOINTS", "a=https://h/v1?key=1", "A query or a fragment is not allowed."),
            ("MOONLINE_ENDPOINTS", "a=http://h/1, a=http://h/2", "names \"a\" twice"),
            (
                "MOONLINE_ENDPOINTS", "a-b=http://h/1, a_b=http://h/2",
                "names \"a-b\" and \"a_b\", whose keys would both be MOONLINE_ENDPOINT_A_B_KEY"
            ),
            ("MOONLINE_ENDPOINT_BAKCUP_KEY", "k", "is the key of no endpoint: MOONLINE_ENDPOINTS names none"),
            ("MOONLINE_LLM", ":", "has the entry \":\", which does not begin with an endpoint's name"),
            ("MOONLINE_STT", ":gpt", "which does not begin with an endpoint's name"),
            ("MOONLINE_TTS", "::speech", "which does not begin with an endpoint's name"),
            ("MOONLINE_LLM", "house:", "whose model is empty"),
            ("MOONLINE_LLM", "a house", "which holds a blank"),
            ("MOONLINE_STT", "house::", "whose interface is unknown"),
            ("MOONLINE_STT", "house::transcription", "whose interface is unknown (did you mean 'transcriptions'?)"),
            ("MOONLINE_STT", "house:m:chat", "stt has no interface \"chat\""),
            ("MOONLINE_LLM", "house:responses", "whose interface stands in the place of the model"),
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

    @Test("a misspelled key is told with the keys that there are")
    func strayKey() {
        #expect {
            try pipeline([
                "MOONLINE_ENDPOINTS": "backup=https://a.example/v1", "MOONLINE_ENDPOINT_BAKCUP_KEY": "secret",
            ])
        } throws: {
            "\($0)"
                == "MOONLINE_ENDPOINT_BAKCUP_KEY is the key of no endpoint: there are MOONLINE_ENDPOINT_BACKUP_KEY. "
                + "Rename it, or remove it."
        }
    }

    @Test(
        "no message repeats a password, wherever a comma or a blank cuts it",
        arguments: [
            "a=https://user:hush@h/v1", "https://user:hush@h/v1", "a=https://user:80,hush@h/v1", "a b=https://u:hush@h",
            "a=https://user:1,user:hush@h/v1", "a=https://h/v1?key=hush", "https://h/v1?key=hush", "hush@h",
        ])
    func secrets(_ value: String) {
        #expect {
            try pipeline(["MOONLINE_ENDPOINTS": value])
        } throws: {
            !"\($0)".contains("hush") && "\($0)".contains("Write ")
        }
    }

    @Test("a choice may name the model and the interface; models may have colons in their names")
    func interfaces() throws {
        func choices(_ name: String, _ value: String, _ stage: PipelineStage) throws -> [StageChoice]? {
            try pipeline([name: value]).defaults[stage]
        }
        #expect(
            try choices("MOONLINE_STT", "house::transcriptions, openai:whisper-1:transcriptions, x:m:realtime", .stt)
                == [
                    StageChoice(endpoint: "house", api: "transcriptions"),
                    StageChoice(endpoint: "openai", model: "whisper-1", api: "transcriptions"),
                    StageChoice(endpoint: "x", model: "m", api: "realtime"),
                ])
        #expect(
            try choices("MOONLINE_LLM", "house:llama3:8b:responses, house:llama3:8b, openai:ft:gpt:me::7", .llm)
                == [
                    StageChoice(endpoint: "house", model: "llama3:8b", api: "responses"),
                    StageChoice(endpoint: "house", model: "llama3:8b"),
                    StageChoice(endpoint: "openai", model: "ft:gpt:me::7"),
                ])
    }
}

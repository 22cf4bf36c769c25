import Conversation
import Net
import SansIO
import ScriptAPI
import TestSupport
import Testing
import VoiceAgent

@testable import AgentHost

@Suite("The servers that a flow's stages name")
struct PipelineEndpointsTests {
    private let shelf: FlowShelf

    init() throws { shelf = try FlowShelf() }

    private func flow(_ fields: String) throws -> Flow {
        try shelf.flow(
            "agent.lua",
            """
            local moonline = require "moonline"
            return moonline.agent { name = "agent", instructions = "Be brief.", \(fields) }
            """)
    }

    private let servers = PipelineEndpoints(endpoints: [
        "openai": StageEndpoint(baseURL: "https://one.example/v1", apiKey: Secret("a")),
        "backup": StageEndpoint(baseURL: "https://two.example/v1", apiKey: Secret("b")),
    ])

    @Test("they become providers in the flow's order, with model, interface, voice and patience")
    func providers() throws {
        let definition = try flow(
            """
            mode = "pipeline", voice = "echo", language = "de",
            stt = { { endpoint = "backup", api = "transcriptions", model = "whisper", patience = 1.5 }, "openai" },
            llm = { endpoint = "openai", api = "responses", temperature = 0.4, extra = { seed = 7 } },
            tts = {
                "backup", { endpoint = "local", voice = "slt" },
                { endpoint = "openai", voice = "cedar", extra = { speed = 1.5 } },
            },
            """
        ).definition
        let configuration = try servers.configuration(for: definition)
        #expect(configuration.stt.map(\.endpoint.baseURL) == ["https://two.example/v1", "https://one.example/v1"])
        #expect(configuration.stt.map(\.kind) == [.transcriptions, .realtime])
        #expect(configuration.stt.map(\.model) == ["whisper", "gpt-4o-mini-transcribe"])
        #expect(configuration.llm.map(\.kind) == [.responses])
        #expect(configuration.tts.map(\.name) == ["gpt-4o-mini-tts", "flite (slt)", "gpt-4o-mini-tts"])
        #expect(configuration.stt.map(\.language) == ["de", "de"])
        #expect(configuration.llm.map(\.temperature) == [0.4])
        #expect(configuration.llm.map(\.extra) == [["seed": 7]])
        guard case .speech(let speech)? = configuration.tts.first else {
            Issue.record("the first voice is no server's")
            return
        }
        #expect(speech.voice == "echo")
        #expect(!speech.keepsVoice)
        guard case .speech(let other)? = configuration.tts.last else {
            Issue.record("the last voice is no server's")
            return
        }
        #expect(other.voice == "cedar")
        #expect(other.keepsVoice)
        #expect(other.extra == ["speed": 1.5])
        let options = servers.options(for: definition)
        #expect(options.providers == [.stt: 2, .llm: 1, .tts: 3])
        #expect(options.ownPatience[.stt] == [0: .milliseconds(1_500)])
    }

    @Test("the first provider's voice is the one that scripts change, though it has one of its own")
    func firstVoice() throws {
        let definition = try flow(#"mode = "pipeline", tts = { { endpoint = "backup", voice = "cedar" }, "openai" }"#)
            .definition
        let voices = try servers.configuration(for: definition).tts.compactMap { provider in
            if case .speech(let speech) = provider { (speech.voice, speech.keepsVoice) } else { nil }
        }
        #expect(voices.map(\.0) == ["cedar", "alloy"])
        #expect(voices.map(\.1) == [false, false])
    }

    @Test("the operator's certificates and time limit hold for every socket and request of a pipeline")
    func certificates() throws {
        var configuration = HostConfiguration(
            flowsFolder: "flows", dataFolder: "data",
            model: RealtimeConfiguration(
                apiKey: "k", model: "m", trustedCertificatesFile: "/ca.pem", connectTimeout: .seconds(3)))
        let definition = try flow("mode = \"pipeline\"").definition
        let socket = try configuration.pipeline.completed(by: configuration.model).configuration(for: definition)
            .webSocket
        #expect(socket.trustedCertificatesFile == "/ca.pem")
        #expect(socket.connectTimeout == .seconds(3))
        #expect(socket.pingInterval == PipelineConfiguration.callSocket.pingInterval)
        #expect(configuration.modelHTTPOptions.trustedCertificatesFile == "/ca.pem")
        #expect(configuration.modelHTTPOptions.connectTimeout == .seconds(3))
        configuration.maximumCalls = 500
        #expect(configuration.modelHTTPOptions.maximumIdleConnections == 2_000)
        configuration.maximumCalls = 1
        #expect(configuration.modelHTTPOptions.maximumIdleConnections == 64)
    }

    @Test(
        "one that is not there keeps a pipeline from serving, with the names that are; the flow's file is named",
        arguments: [
            (
                "llm = \"bakcup\"",
                "llm names the endpoint \"bakcup\", which is not there; there are backup, openai. Name it in "
                    + "MOONLINE_ENDPOINTS."
            ),
            ("tts = { \"openai\", \"mine\" }", "there are backup, openai, local."),
            ("tts = { endpoint = \"local\", voice = \"alloy\" }", "tts names the voice \"alloy\""),
        ])
    func refuses(_ fields: String, _ message: String) async throws {
        let flow = try flow("mode = \"pipeline\", \(fields)")
        let refusal = try #require(servers.refusals(of: flow).first)
        #expect(refusal.message.contains(message))
        #expect(refusal.file == flow.path)
        #expect(servers.refusals(of: try self.flow("mode = \"realtime\", \(fields)")).isEmpty)
    }

    @Test(
        "without a key and a server of one's own openai is not there: who asks it is refused, who does not serves",
        arguments: [
            ("mode = \"realtime\"", "mode = \"realtime\" needs OPENAI_API_KEY"),
            ("mode = \"live\"", "mode = \"live\" needs OPENAI_API_KEY"),
            ("voice = \"echo\"", "mode = \"realtime\" needs OPENAI_API_KEY"),
            ("mode = \"pipeline\"", "stt asks openai, which needs OPENAI_API_KEY, and that is not set."),
            (
                "mode = \"pipeline\", stt = \"backup\", llm = { \"backup\", \"openai\" }, tts = \"local\"",
                "llm asks openai, which needs OPENAI_API_KEY, and that is not set. Set it, or ask another: backup; "
                    + "where the flow names none, MOONLINE_LLM does."
            ),
            ("mode = \"pipeline\", stt = \"backup\", llm = \"backup\", tts = { \"backup\", \"local\" }", nil),
        ] as [(String, String?)])
    func withoutKey(_ fields: String, _ message: String?) throws {
        let model = RealtimeConfiguration(apiKey: "", model: "m")
        let pipeline = PipelineEndpoints(endpoints: ["backup": StageEndpoint(baseURL: "https://two.example/v1")])
        let flow = try flow(fields)
        let refusals = pipeline.completed(by: model).refusals(of: flow)
        #expect(refusals.count == (message == nil ? 0 : 1))
        if let message { #expect(refusals.first?.message.contains(message) == true) }
        var own = model
        own.baseURL = "http://127.0.0.1:8089/v1"
        for model in [own, RealtimeConfiguration(apiKey: "sk", model: "m")] {
            #expect(pipeline.completed(by: model).refusals(of: flow).isEmpty)
        }
    }

    @Test("at start the library leaves such a flow out, and at a change the version before goes on")
    func library() async throws {
        try shelf.write(FlowShelf.agent("good"), to: "good.lua")
        _ = try flow("mode = \"pipeline\", llm = \"backup\"")
        let news = Watched<[FlowChange]>([])
        var configuration = FlowLibrary.Configuration(folder: shelf.flows)
        configuration.refusals = { [servers] in servers.refusals(of: $0) }
        configuration.tell = { item in
            if case .change(let change) = item { news.update { $0.append(change) } }
        }
        let library = try await FlowLibrary.open(configuration)
        #expect(library.agentNames.sorted() == ["agent", "good"])
        let version = try library.beginCall("one", agent: "agent").version
        _ = try flow("mode = \"pipeline\", llm = \"bakcup\"")
        let refused = try await library.reload(agent: "agent", isPromoted: false)
        #expect(refused.map(\.kind) == [.refused])
        #expect(refused.first?.diagnostics.first?.message.contains("bakcup") == true)
        #expect(try library.beginCall("two", agent: "agent").version == version)
        await library.shutDown()

        let again = try await FlowLibrary.open(configuration)
        #expect(again.agentNames == ["good"])
        await again.shutDown()
    }
}

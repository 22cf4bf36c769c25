public import Conversation
public import Net
import SansIO
public import ScriptAPI
import Speech
public import VoiceAgent

/// The servers that pipelines may use, by the names that the operator gave them, and what is asked where a flow names
/// nothing.
///
/// A flow names endpoints, never an address or a key: what callers say goes where the operator allows.
public struct PipelineEndpoints: Sendable {
    /// Why a flow's stages cannot be used.
    public struct Unknown: Error, Hashable, Sendable, CustomStringConvertible {
        /// One sentence that says what to do.
        public let description: String
    }

    /// The name of the machine's own synthesiser.
    public static let local = "local"
    /// The name of the server that OPENAI_BASE_URL and OPENAI_API_KEY stand for.
    public static let openAI = "openai"

    /// By name; ``local`` is always there, for text-to-speech.
    public var endpoints: [String: StageEndpoint]
    /// Asked where a flow leaves a stage out.
    public var defaults: [PipelineStage: [StageChoice]]
    /// The models of choices that name none.
    public var models: [PipelineStage: String]
    /// How long a stage may give nothing, where the flow does not say.
    public var patience = PipelineOptions.usualPatience
    /// Limits of the sockets.
    public var webSocket = PipelineConfiguration.callSocket

    public init(
        endpoints: [String: StageEndpoint] = [:],
        defaults: [PipelineStage: [StageChoice]] = [
            .tts: [StageChoice(endpoint: PipelineEndpoints.openAI), StageChoice(endpoint: PipelineEndpoints.local)]
        ],
        models: [PipelineStage: String] = [:]
    ) {
        self.endpoints = endpoints
        self.defaults = defaults
        self.models = models
    }

    /// Models of OpenAI's that are used where nobody chose: names come and go, so each is a setting.
    public static let usualModels: [PipelineStage: String] = [
        .stt: "gpt-4o-mini-transcribe", .llm: "gpt-4.1-mini", .tts: "gpt-4o-mini-tts",
    ]

    /// With the server of the realtime model as ``openAI``, unless that has an endpoint already, or the model is OpenAI's
    /// and has no key; its certificates and time limit are for all.
    func completed(by model: RealtimeConfiguration) -> PipelineEndpoints {
        var completed = self
        let isUsable = !model.apiKey.isEmpty || model.baseURL != RealtimeConfiguration.openAI
        if isUsable, completed.endpoints[PipelineEndpoints.openAI] == nil {
            completed.endpoints[PipelineEndpoints.openAI] = StageEndpoint(
                baseURL: model.baseURL, apiKey: Secret(model.apiKey))
        }
        completed.webSocket.trustedCertificatesFile = model.trustedCertificatesFile
        completed.webSocket.connectTimeout = model.connectTimeout
        return completed
    }

    /// Whom an agent's stage asks, in order.
    func choices(_ stage: PipelineStage, of definition: AgentDefinition) -> [StageChoice] {
        definition.stages[stage] ?? defaults[stage] ?? [StageChoice(endpoint: PipelineEndpoints.openAI)]
    }

    /// With a server for each endpoint that an agent's stages name, those of the machine itself apart.
    public func serving(
        _ definition: AgentDefinition, by server: (_ endpoint: String) -> StageEndpoint
    ) -> PipelineEndpoints {
        var completed = self
        for choice in PipelineStage.allCases.flatMap({ choices($0, of: definition) })
        where choice.endpoint != PipelineEndpoints.local {
            completed.endpoints[choice.endpoint] = server(choice.endpoint)
        }
        return completed
    }

    /// How an agent's pipeline waits for its providers.
    public func options(for definition: AgentDefinition) -> PipelineOptions {
        var options = PipelineOptions()
        options.patience = patience
        for stage in PipelineStage.allCases {
            let choices = choices(stage, of: definition)
            options.providers[stage] = choices.count
            for (place, choice) in choices.enumerated() {
                options.ownPatience[stage, default: [:]][place] = choice.patience
            }
        }
        return options
    }

    /// Why calls of a flow could not begin: an endpoint or a voice that is not there.
    public func refusals(of flow: Flow) -> [FlowDiagnostic] {
        do throws(Unknown) {
            let definition = flow.definition
            if definition.mode == .pipeline {
                _ = try configuration(for: definition)
            } else if endpoints[PipelineEndpoints.openAI] == nil {
                throw Unknown(
                    description:
                        "mode = \"\(definition.mode.rawValue)\" needs OPENAI_API_KEY, which is not set. Set it, "
                        + "or OPENAI_BASE_URL for a server of your own, or write mode = \"pipeline\".")
            }
            return []
        } catch {
            return [FlowDiagnostic(file: flow.path, code: "unknown-endpoint", message: error.description)]
        }
    }

    /// What an agent's pipeline is made of.
    ///
    /// - Throws: ``Unknown``: the flow or the settings name an endpoint that is not there.
    public func configuration(for definition: AgentDefinition) throws(Unknown) -> PipelineConfiguration {
        var stt: [SpeechToTextProvider] = []
        for choice in choices(.stt, of: definition) {
            stt.append(
                SpeechToTextProvider(
                    kind: SpeechToTextProvider.Kind(rawValue: choice.api ?? "") ?? .realtime,
                    endpoint: try endpoint(choice, .stt), model: model(choice, .stt), language: definition.language,
                    extra: choice.extra))
        }
        var llm: [LanguageModelProvider] = []
        for choice in choices(.llm, of: definition) {
            llm.append(
                LanguageModelProvider(
                    kind: LanguageModelProvider.Kind(rawValue: choice.api ?? "") ?? .chat,
                    endpoint: try endpoint(choice, .llm), model: model(choice, .llm), temperature: choice.temperature,
                    extra: choice.extra))
        }
        var tts: [TextToSpeechProvider] = []
        for (place, choice) in choices(.tts, of: definition).enumerated() {
            if choice.endpoint == PipelineEndpoints.local {
                tts.append(.local(voice: try localVoice(choice)))
            } else {
                var provider = SpeechEndpoint(endpoint: try endpoint(choice, .tts), model: model(choice, .tts))
                if let voice = choice.voice ?? definition.voice { provider.voice = voice }
                // Servers name their voices each in its own way; scripts speak of the first one's.
                provider.keepsVoice = place > 0 && choice.voice != nil
                provider.extra = choice.extra
                tts.append(.speech(provider))
            }
        }
        var configuration = PipelineConfiguration(stt: stt, llm: llm, tts: tts, webSocket: webSocket)
        configuration.voice.silence = definition.turns.voicePause
        // A transcript that has not come by then is not waited for.
        configuration.voice.keptBehind = definition.turns.transcriptTimeout + .seconds(2)
        return configuration
    }

    private func endpoint(_ choice: StageChoice, _ stage: PipelineStage) throws(Unknown) -> StageEndpoint {
        if let endpoint = endpoints[choice.endpoint] { return endpoint }
        let names = (endpoints.keys.sorted() + (stage == .tts ? [PipelineEndpoints.local] : []))
        if choice.endpoint == PipelineEndpoints.openAI {
            let others = names.isEmpty ? "" : ", or ask another: \(names.joined(separator: ", "))"
            throw Unknown(
                description:
                    "\(stage.rawValue) asks openai, which needs OPENAI_API_KEY, and that is not set. Set it\(others); "
                    + "where the flow names none, MOONLINE_\(stage.rawValue.uppercased()) does.")
        }
        throw Unknown(
            description: "\(stage.rawValue) names the endpoint \"\(choice.endpoint)\", which is not there; there "
                + "\(names.count == 1 ? "is" : "are") \(names.joined(separator: ", ")). Name it in MOONLINE_ENDPOINTS.")
    }

    private func model(_ choice: StageChoice, _ stage: PipelineStage) -> String {
        choice.model ?? models[stage] ?? PipelineEndpoints.usualModels[stage] ?? ""
    }

    private func localVoice(_ choice: StageChoice) throws(Unknown) -> SpeechSynthesizer.Voice {
        guard let name = choice.voice else { return .awb }
        if let voice = SpeechSynthesizer.Voice(rawValue: name) { return voice }
        let names = SpeechSynthesizer.Voice.allCases.map(\.rawValue).joined(separator: ", ")
        throw Unknown(
            description: "tts names the voice \"\(name)\", which this machine does not have; it has \(names).")
    }
}

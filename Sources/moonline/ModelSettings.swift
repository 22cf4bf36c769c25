import AgentHost
import Conversation
import SansIO
import VoiceAgent

// The servers of pipeline mode and what is asked of them.
extension PipelineEndpoints {
    /// Reads them from the settings.
    init(_ settings: Settings) throws(Settings.Invalid) {
        self.init()
        for (name, url) in try ModelSettings.endpoints(settings) {
            let key = settings[ModelSettings.keyVariable(of: name)] ?? ""
            endpoints[name] = StageEndpoint(baseURL: url, apiKey: Secret(key))
        }
        for stage in PipelineStage.allCases {
            let name = "MOONLINE_\(stage.rawValue.uppercased())"
            if let model = settings["\(name)_MODEL"] { models[stage] = model }
            patience[stage] = try ModelSettings.patience(settings, "\(name)_PATIENCE") ?? patience[stage]
            guard let list = settings[name] else { continue }
            defaults[stage] = try ModelSettings.choices(list, stage, variable: name)
        }
        if models[.stt] == nil { models[.stt] = settings["OPENAI_TRANSCRIPTION_MODEL"] }
    }
}

/// How servers and stages are written in the environment.
enum ModelSettings {
    /// The variable with an endpoint's key: `MOONLINE_ENDPOINT_BACKUP_KEY`.
    static func keyVariable(of endpoint: String) -> String {
        let name = endpoint.uppercased().map { $0.isLetter || $0.isNumber ? $0 : "_" }
        return "MOONLINE_ENDPOINT_\(String(name))_KEY"
    }

    /// `backup=https://models.example.com/v1, house=http://127.0.0.1:8000/v1`.
    static func endpoints(_ settings: Settings) throws(Settings.Invalid) -> [(name: String, url: String)] {
        var endpoints: [(name: String, url: String)] = []
        for entry in list(settings["MOONLINE_ENDPOINTS"] ?? "") {
            let parts = entry.split(separator: "=", maxSplits: 1).map(String.init)
            let isURL = parts.count == 2 && (parts[1].hasPrefix("https://") || parts[1].hasPrefix("http://"))
            guard isURL, parts[0] != PipelineEndpoints.openAI, parts[0] != PipelineEndpoints.local,
                parts[0].allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
            else {
                throw Settings.Invalid(
                    description: "MOONLINE_ENDPOINTS has the entry \"\(entry)\". Write NAME=https://HOST/v1, with "
                        + "commas between several; the names openai and local are taken.")
            }
            endpoints.append((parts[0], parts[1]))
        }
        return endpoints
    }

    /// `openai:gpt-4o-transcribe, backup`.
    static func choices(
        _ text: String, _ stage: PipelineStage, variable: String
    ) throws(Settings.Invalid) -> [StageChoice] {
        let choices = list(text).map { entry in
            let parts = entry.split(separator: ":", maxSplits: 1).map(String.init)
            return StageChoice(endpoint: parts[0], model: parts.count == 2 ? parts[1] : nil)
        }
        guard (1...PipelineStage.maximumChoices).contains(choices.count) else {
            throw Settings.Invalid(
                description: "\(variable) names \(choices.count) providers. Name 1 to \(PipelineStage.maximumChoices), "
                    + "for example openai, or openai:MODEL, backup.")
        }
        return choices
    }

    /// Seconds.
    static func patience(_ settings: Settings, _ name: String) throws(Settings.Invalid) -> Duration? {
        guard let text = settings[name] else { return nil }
        let range = PipelineStage.patienceRange
        guard let seconds = Double(text), range.contains(seconds) else {
            throw Settings.Invalid(
                description: "\(name)=\(text) is not a number of seconds from \(range.lowerBound) to "
                    + "\(range.upperBound).")
        }
        return .seconds(seconds)
    }

    private static func list(_ text: String) -> [String] {
        text.split(separator: ",").map { entry in
            String(entry.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
        }.filter { !$0.isEmpty }
    }
}

import AgentHost
import Conversation
import Net
import SansIO
import ScriptAPI
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
    private static let keyPrefix = "MOONLINE_ENDPOINT_"
    private static let keySuffix = "_KEY"

    /// The variable with an endpoint's key: `MOONLINE_ENDPOINT_BACKUP_KEY`.
    static func keyVariable(of endpoint: String) -> String {
        let name = endpoint.uppercased().map { $0.isLetter || $0.isNumber ? $0 : "_" }
        return keyPrefix + String(name) + keySuffix
    }

    /// `backup=https://models.example.com/v1, house=http://127.0.0.1:8000/v1`.
    static func endpoints(_ settings: Settings) throws(Settings.Invalid) -> [(name: String, url: String)] {
        var endpoints: [(name: String, url: String)] = []
        let text = settings["MOONLINE_ENDPOINTS"] ?? ""
        for (index, entry) in list(text).enumerated() {
            let endpoint = try endpoint(entry, number: index + 1, mayBeShown: !text.contains { "@?".contains($0) })
            if let other = endpoints.first(where: { keyVariable(of: $0.name) == keyVariable(of: endpoint.name) }) {
                throw Settings.Invalid(
                    description: other.name == endpoint.name
                        ? "MOONLINE_ENDPOINTS names \"\(endpoint.name)\" twice. Give each server a name of its own."
                        : "MOONLINE_ENDPOINTS names \"\(other.name)\" and \"\(endpoint.name)\", whose keys would both be "
                            + "\(keyVariable(of: endpoint.name)). Rename one of them.")
            }
            endpoints.append(endpoint)
        }
        try checkKeys(settings, endpoints.map(\.name))
        return endpoints
    }

    /// - Parameter mayBeShown: Whether the entry holds no password, wherever a comma in it may have cut it.
    private static func endpoint(
        _ entry: String, number: Int, mayBeShown: Bool
    ) throws(Settings.Invalid) -> (name: String, url: String) {
        let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let isTaken = parts[0] == PipelineEndpoints.openAI || parts[0] == PipelineEndpoints.local
        let hasScheme = parts.count == 2 && (parts[1].hasPrefix("https://") || parts[1].hasPrefix("http://"))
        guard hasScheme, !isTaken, isName(parts[0]) else {
            throw Settings.Invalid(
                description: "MOONLINE_ENDPOINTS has the entry "
                    + (mayBeShown ? "\"\(entry)\"" : "number \(number), which is no endpoint")
                    + ". Write NAME=https://HOST/v1, with commas between several; the names openai and local are taken."
            )
        }
        do throws(NetError) {
            let url = try HTTPURL(parts[1])
            guard !url.requestTarget.contains("?"), !parts[1].contains("#") else {
                throw NetError(.invalidArgument, "A query or a fragment is not allowed.")
            }
        } catch {
            throw Settings.Invalid(
                description: "MOONLINE_ENDPOINTS has no usable address for \"\(parts[0])\". \(error.message) "
                    + "Write \(parts[0])=https://HOST/v1, with commas between several, and the key in "
                    + "\(keyVariable(of: parts[0])).")
        }
        return (parts[0], parts[1])
    }

    /// A key without an endpoint is one that somebody misspelled, and an endpoint goes without it.
    private static func checkKeys(_ settings: Settings, _ names: [String]) throws(Settings.Invalid) {
        let known = Set(names.map(keyVariable))
        let stray = settings.names.filter {
            $0.hasPrefix(keyPrefix) && $0.hasSuffix(keySuffix) && !known.contains($0)
        }
        guard let first = stray.min() else { return }
        let hint =
            names.isEmpty
            ? "MOONLINE_ENDPOINTS names none" : "there are \(known.sorted().joined(separator: ", "))"
        throw Settings.Invalid(description: "\(first) is the key of no endpoint: \(hint). Rename it, or remove it.")
    }

    /// `openai:gpt-4o-transcribe, house::transcriptions, backup`.
    static func choices(
        _ text: String, _ stage: PipelineStage, variable: String
    ) throws(Settings.Invalid) -> [StageChoice] {
        let entries = list(text)
        guard (1...PipelineStage.maximumChoices).contains(entries.count) else {
            throw Settings.Invalid(
                description: "\(variable) names \(entries.count) providers. Name 1 to \(PipelineStage.maximumChoices), "
                    + "for example openai, or openai:MODEL, backup.")
        }
        var choices: [StageChoice] = []
        for entry in entries { choices.append(try choice(entry, stage, variable: variable)) }
        return choices
    }

    /// `NAME`, `NAME:MODEL` or `NAME:MODEL:API`. Models have colons in their names too: what stands behind the last one
    /// is an interface if it is called like one.
    private static func choice(
        _ entry: String, _ stage: PipelineStage, variable: String
    ) throws(Settings.Invalid) -> StageChoice {
        func invalid(_ problem: String) -> Settings.Invalid {
            Settings.Invalid(
                description: "\(variable) has the entry \"\(entry)\", \(problem). Write NAME, NAME:MODEL or "
                    + "NAME:MODEL:API; API is \(stage.apis.joined(separator: " or ")), and MODEL may be empty before it."
            )
        }
        guard !entry.contains(where: \.isWhitespace) else { throw invalid("which holds a blank") }
        var parts = entry.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard isName(parts[0]) else { throw invalid("which does not begin with an endpoint's name") }
        var choice = StageChoice(endpoint: parts.removeFirst())
        guard let last = parts.last else { return choice }
        if parts.count > 1, stage.apis.contains(last) {
            choice.api = parts.removeLast()
        } else if PipelineStage.allCases.contains(where: { $0.apis.contains(last) }) {
            throw invalid(
                stage.apis.contains(last)
                    ? "whose interface stands in the place of the model"
                    : "and \(stage.rawValue) has no interface \"\(last)\"")
        }
        let model = parts.joined(separator: ":")
        if model.isEmpty, choice.api != nil { return choice }
        guard !model.isEmpty else { throw invalid("whose model is empty") }
        guard !model.hasPrefix(":"), !model.hasSuffix(":") else {
            throw invalid("whose interface is unknown\(suggestion(for: last, among: stage.apis))")
        }
        choice.model = model
        return choice
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
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

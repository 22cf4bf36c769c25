import Conversation
import LuaRuntime
import SansIO

/// How the agent listens and speaks: `mode`, `stt`, `llm`, `tts` and `turns`.
extension FlowCheck {
    mutating func mode(of agent: LuaReference) -> AgentMode {
        guard let name = text("mode", of: agent) else { return .realtime }
        if let mode = AgentMode(rawValue: name) { return mode }
        let names = AgentMode.allCases.map(\.rawValue)
        report(
            "mode", "mode \"\(name)\" is not available\(suggestion(for: name, among: names))",
            hint: "write mode = \(names.map { "\"\($0)\"" }.joined(separator: " or ")), or leave it out")
        return .realtime
    }

    mutating func language(of agent: LuaReference) -> String? {
        guard let code = text("language", of: agent) else { return nil }
        if code.utf8.count == 2, code.utf8.allSatisfy({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }) {
            return code
        }
        report(
            "language", "the agent's language \"\(code)\" is no code of ISO 639-1, which has two small letters",
            hint: "write language = \"en\", or leave it out")
        return nil
    }

    mutating func stages(of agent: LuaReference) -> [PipelineStage: [StageChoice]] {
        var stages: [PipelineStage: [StageChoice]] = [:]
        for stage in PipelineStage.allCases {
            guard let value = plainData(stage.rawValue, of: agent, hint: Self.example(stage)) else { continue }
            let entries = value.array ?? [value]
            guard (1...PipelineStage.maximumChoices).contains(entries.count) else {
                report(
                    stage.rawValue,
                    "the agent's \(stage.rawValue) names \(entries.count) providers; it can name "
                        + "1 to \(PipelineStage.maximumChoices)", hint: Self.example(stage))
                continue
            }
            let choices = entries.compactMap { choice($0, stage) }
            if !choices.isEmpty { stages[stage] = choices }
        }
        return stages
    }

    private static func example(_ stage: PipelineStage) -> String {
        "write \(stage.rawValue) = \"openai\", or a list such as "
            + "{ { endpoint = \"openai\", model = \"...\" }, \"backup\" }"
    }

    /// A field that is a text or a table of plain data; `nil` when it is not there, or was reported.
    mutating func plainData(_ field: String, of agent: LuaReference, hint: String) -> JSON? {
        let value = state.field(field, of: agent)
        if case .nil = value { return nil }
        do throws(LuaConversionError) {
            return try state.json(value)
        } catch {
            report(field, "the agent's \(field) cannot be read: \(error)", hint: hint)
            return nil
        }
    }

    /// One provider: its endpoint's name, or a table.
    private mutating func choice(_ value: JSON, _ stage: PipelineStage) -> StageChoice? {
        let name = stage.rawValue
        if let endpoint = value.string, !endpoint.isEmpty { return StageChoice(endpoint: endpoint) }
        guard let members = value.object?.members else {
            report(name, "the agent's \(name) must be a name, a table or a list of them", hint: Self.example(stage))
            return nil
        }
        let known =
            ["endpoint", "model", "api", "patience", "extra"] + (stage == .tts ? ["voice"] : [])
            + (stage == .llm ? ["temperature"] : [])
        var choice = StageChoice(endpoint: "openai")
        for member in members {
            guard known.contains(member.key) else {
                let near = suggestion(for: member.key, among: known)
                report(
                    name, "the agent's \(name) has an unknown field '\(member.key)'\(near)", hint: Self.example(stage))
                continue
            }
            switch member.key {
            case "patience":
                let number = number(member.value, in: PipelineStage.patienceRange, "\(name).patience", "of seconds ")
                choice.patience = number.map { .seconds($0) }
                continue
            case "temperature":
                choice.temperature = number(member.value, in: PipelineStage.temperatureRange, "\(name).temperature")
                continue
            case "extra":
                choice.extra = extra(member.value, name)
                continue
            default: break
            }
            guard let text = member.value.string, !text.isEmpty else {
                report(name, "\(name).\(member.key) must be a text", hint: Self.example(stage))
                continue
            }
            switch member.key {
            case "endpoint": choice.endpoint = text
            case "model": choice.model = text
            case "voice": choice.voice = text
            default:
                choice.api = text
                if !stage.apis.contains(text) {
                    let names = stage.apis.map { "\"\($0)\"" }.joined(separator: " or ")
                    report(name, "\(name).api cannot be \"\(text)\"", hint: "write api = \(names)")
                }
            }
        }
        return choice
    }

    private mutating func number(
        _ value: JSON, in range: ClosedRange<Double>, _ field: String, _ unit: String = ""
    ) -> Double? {
        if let number = value.number, range.contains(number) { return number }
        let name = String(field.prefix { $0 != "." })
        report(
            name, "\(field) must be a number \(unit)from \(range.lowerBound) to \(range.upperBound)",
            hint: "write \(field.dropFirst(name.count + 1)) = 1")
        return nil
    }

    /// Members of a provider's requests, by their names.
    private mutating func extra(_ value: JSON, _ name: String) -> JSONObject {
        if let object = value.object { return object }
        // An empty table is a list.
        if value.array?.isEmpty == true { return [:] }
        report(
            name, "\(name).extra must be a table of what is added to a request, by name",
            hint: "write extra = { seed = 7 }")
        return [:]
    }

    /// Fields that only a pipeline makes use of, in the order of the reference.
    private static let pipelineFields =
        PipelineStage.allCases.map(\.rawValue) + ["turns"]
        + [ScriptHandler.beforeLLM, .beforeTTS].map(\.rawValue)

    /// Warns of what is written for a pipeline, and does nothing in the agent's mode.
    mutating func warnOfFieldsWithoutEffect(in agent: LuaReference, mode: AgentMode) {
        guard mode != .pipeline else { return }
        for field in Self.pipelineFields {
            if case .nil = state.field(field, of: agent) { continue }
            warn(
                field, "\(field) has an effect only in pipeline mode, and the agent's mode is \"\(mode.rawValue)\"",
                hint: "write mode = \"pipeline\", or leave \(field) out")
        }
    }

    mutating func turns(of agent: LuaReference) -> TurnOptions {
        let hint = "write turns = { min_delay = 0.5, max_delay = 3 }"
        guard let value = plainData("turns", of: agent, hint: hint) else { return TurnOptions() }
        do {
            return try TurnOptions(json: value)
        } catch {
            report("turns", "the agent's turns: \(error)", hint: hint)
            return TurnOptions()
        }
    }
}

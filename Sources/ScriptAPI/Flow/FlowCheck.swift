import Conversation
import LuaRuntime
import LuaSyntax
import SansIO

/// Checks what a flow's file returned, and reads the definition from it.
struct FlowCheck {
    private let loaded: LoadedFlow
    private let main: AnnotatedSource
    private let sources: [String: AnnotatedSource]
    private(set) var diagnostics: [FlowDiagnostic] = []
    /// What should be mended, though the agent can be used.
    private(set) var warnings: [FlowDiagnostic] = []

    private static let fields = AgentFieldSpec.all.map(\.name)
    private static let modes = AgentMode.allCases.map(\.rawValue)

    var state: LuaState { loaded.context.state }

    init(loaded: LoadedFlow, main: FlowSource, modules: [String: FlowSource]) {
        self.loaded = loaded
        self.main = AnnotatedSource(chunkName: main.chunkName, bytes: main.bytes)
        var sources = [main.chunkName: self.main]
        for module in modules.values {
            sources[module.chunkName] = AnnotatedSource(chunkName: module.chunkName, bytes: module.bytes)
        }
        self.sources = sources
    }

    /// - Returns: `nil` when there are ``diagnostics``.
    mutating func run() -> (definition: AgentDefinition, actions: [String: ActionSignature])? {
        guard let agent = loaded.agent else {
            let place =
                loaded.context.agent == nil
                ? "the flow's file must return an agent, and returned \(loaded.returnedType)"
                : "the flow's file must return what moonline.agent returned, and returned \(loaded.returnedType)"
            diagnostics.append(
                FlowDiagnostic(
                    file: main.chunkName, line: max(1, main.lines.count - (main.lines.last == "" ? 1 : 0)), column: 1,
                    message: place, hint: "end the file with `return moonline.agent { name = ..., instructions = ... }`"
                ))
            return nil
        }
        let name = text("name", of: agent, required: "name = \"outbound-caller\"")
        let instructions = text("instructions", of: agent, required: "instructions = \"You are ...\"")
        let mode = mode(of: agent)
        let voice = text("voice", of: agent)
        let language = language(of: agent)
        let idleTimeout = idleTimeout(of: agent)
        let fallback = fallback(of: agent)
        let filler = filler(of: agent)
        let actionTimeout = actionTimeout(of: agent)
        let stages = stages(of: agent)
        let turns = turns(of: agent)
        let handlers = handlers(of: agent)
        warnOfFieldsWithoutEffect(in: agent, mode: mode)
        let actions = actions(of: agent)
        diagnostics.sort { ($0.file, $0.line ?? 0, $0.column ?? 0) < ($1.file, $1.line ?? 0, $1.column ?? 0) }
        guard diagnostics.isEmpty, let name, let instructions else { return nil }
        var definition = AgentDefinition(
            name: name, mode: mode, voice: voice, instructions: instructions, tools: actions.tools,
            handlers: handlers, idleTimeout: idleTimeout, fallback: fallback)
        definition.language = language
        definition.filler = filler
        definition.actionTimeout = actionTimeout
        definition.stages = stages
        definition.turns = turns
        return (definition, actions.signatures)
    }

    /// Reports at the agent's field, or at the call of `moonline.agent` when the field is not found in the text.
    mutating func report(_ field: String?, _ message: String, hint: String) {
        diagnostics.append(diagnostic(field, message, hint: hint))
    }

    mutating func warn(_ field: String, _ message: String, hint: String) {
        var warning = diagnostic(field, message, hint: hint)
        warning.severity = .warning
        warning.code = LuaDiagnostic.Code.fieldWithoutEffect.rawValue
        warnings.append(warning)
    }

    private func diagnostic(_ field: String?, _ message: String, hint: String) -> FlowDiagnostic {
        let place = loaded.context.agentPlace
        let source = place.flatMap { sources[$0.file] } ?? main
        var line = place?.line ?? 1
        var column = source.column(of: "moonline.agent", inLine: line)
        if let field, let found = source.assignment(of: field, from: line) {
            line = found
            column = source.column(of: field, inLine: line)
        }
        return FlowDiagnostic(file: source.chunkName, line: line, column: column, message: message, hint: hint)
    }

    mutating func text(_ field: String, of agent: LuaReference, required example: String? = nil) -> String? {
        let value = state.field(field, of: agent)
        switch value {
        case .string:
            guard let text = value.text, text.contains(where: { !$0.isWhitespace }) else {
                report(field, "the agent's \(field) is empty", hint: "write \(example ?? "\(field) = \"...\"")")
                return nil
            }
            return text
        case .nil:
            if let example { report(nil, "the agent has no \(field)", hint: "write \(example)") }
            return nil
        default:
            report(
                field, "the agent's \(field) must be a string, got a \(value.typeName)",
                hint: "write \(example ?? "\(field) = \"...\"")")
            return nil
        }
    }

    private mutating func handlers(of agent: LuaReference) -> Set<ScriptHandler> {
        var handlers: Set<ScriptHandler> = []
        let names = ScriptHandler.allCases.map(\.rawValue)
        for field in state.fieldNames(of: agent) where !Self.fields.contains(field) {
            guard let handler = ScriptHandler(rawValue: field) else {
                let near = suggestion(for: field, among: Self.fields + names)
                let kind = field.hasPrefix("on_") || field.hasPrefix("before_") ? "handler" : "field"
                report(
                    field, "unknown \(kind) '\(field)'\(near)",
                    hint: kind == "handler"
                        ? "handlers are \(names.joined(separator: ", "))"
                        : "fields are \(Self.fields.joined(separator: ", ")), and the handlers")
                continue
            }
            let value = state.field(field, of: agent)
            guard case .function = value else {
                report(
                    field, "handler '\(field)' must be a function, got a \(value.typeName)",
                    hint: "write \(field) = function(call) ... end")
                continue
            }
            handlers.insert(handler)
        }
        return handlers
    }

    private mutating func idleTimeout(of agent: LuaReference) -> Duration {
        switch state.field("idle_timeout", of: agent) {
        case .nil: return AgentDefinition.defaultIdleTimeout
        case .integer(let seconds) where (1...86_400).contains(seconds): return .seconds(seconds)
        case .number(let seconds) where seconds >= 1 && seconds <= 86_400: return .milliseconds(Int64(seconds * 1_000))
        default:
            report(
                "idle_timeout", "the agent's idle_timeout must be a number of seconds from 1 to 86400",
                hint: "write idle_timeout = 15")
            return AgentDefinition.defaultIdleTimeout
        }
    }

    private mutating func fallback(of agent: LuaReference) -> AgentDefinition.Fallback? {
        let example = "write fallback = \"...\", or fallback = { say = \"...\", transfer_to = \"+15105550199\" }"
        switch state.field("fallback", of: agent) {
        case .nil: return nil
        case .string:
            return text("fallback", of: agent).map { AgentDefinition.Fallback(text: $0) }
        case .table(let table):
            for name in state.fieldNames(of: table) where name != "say" && name != "transfer_to" {
                let near = suggestion(for: name, among: ["say", "transfer_to"])
                report("fallback", "the agent's fallback has an unknown field '\(name)'\(near)", hint: example)
            }
            guard let say = state.field("say", of: table).text, !say.allSatisfy(\.isWhitespace) else {
                report("fallback", "the agent's fallback says nothing", hint: example)
                return nil
            }
            switch state.field("transfer_to", of: table) {
            case .nil: return AgentDefinition.Fallback(text: say)
            case .string(let bytes) where !bytes.isEmpty:
                return AgentDefinition.Fallback(text: say, transferTo: String(decoding: bytes, as: UTF8.self))
            default:
                report("fallback", "the fallback's transfer_to must be a number or an address", hint: example)
                return nil
            }
        default:
            report("fallback", "the agent's fallback must be a string or a table", hint: example)
            return nil
        }
    }

    private mutating func actions(
        of agent: LuaReference
    ) -> (tools: [AgentDefinition.Tool], signatures: [String: ActionSignature]) {
        let value = state.field("actions", of: agent)
        guard case .table(let table) = value else {
            if case .nil = value { return ([], [:]) }
            report(
                "actions", "the agent's actions must be a table of functions, got a \(value.typeName)",
                hint: "write actions = CallActions")
            return ([], [:])
        }
        let check = self
        var reader = ActionReader(state: state, sources: sources) { check.diagnostic("actions", $0, hint: $1) }
        let actions = reader.read(table)
        diagnostics += reader.diagnostics
        return actions
    }
}

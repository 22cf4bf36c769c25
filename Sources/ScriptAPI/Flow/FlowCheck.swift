import Conversation
import LuaRuntime
import SansIO

/// Checks what a flow's file returned, and reads the definition from it.
struct FlowCheck {
    private let loaded: LoadedFlow
    private let main: AnnotatedSource
    private let sources: [String: AnnotatedSource]
    private(set) var diagnostics: [FlowDiagnostic] = []

    /// What this version of the host does with an agent.
    private static let fields = ["name", "mode", "voice", "instructions", "actions"]
    private static let modes = ["realtime"]

    private var state: LuaState { loaded.context.state }

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
        let mode = text("mode", of: agent) ?? Self.modes[0]
        if !Self.modes.contains(mode) {
            report("mode", "mode \"\(mode)\" is not available", hint: "write mode = \"realtime\", or leave it out")
        }
        let voice = text("voice", of: agent)
        let handlers = handlers(of: agent)
        let actions = actions(of: agent)
        diagnostics.sort { ($0.file, $0.line ?? 0, $0.column ?? 0) < ($1.file, $1.line ?? 0, $1.column ?? 0) }
        guard diagnostics.isEmpty, let name, let instructions else { return nil }
        let definition = AgentDefinition(
            name: name, mode: mode, voice: voice, instructions: instructions, tools: actions.tools,
            handlers: handlers)
        return (definition, actions.signatures)
    }

    /// Reports at the agent's field, or at the call of `moonline.agent` when the field is not found in the text.
    private mutating func report(_ field: String?, _ message: String, hint: String) {
        let place = loaded.context.agentPlace
        let source = place.flatMap { sources[$0.file] } ?? main
        var line = place?.line ?? 1
        var column = source.column(of: "moonline.agent", inLine: line)
        if let field, let found = source.assignment(of: field, from: line) {
            line = found
            column = source.column(of: field, inLine: line)
        }
        diagnostics.append(
            FlowDiagnostic(file: source.chunkName, line: line, column: column, message: message, hint: hint))
    }

    private mutating func text(_ field: String, of agent: LuaReference, required example: String? = nil) -> String? {
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

    private mutating func actions(
        of agent: LuaReference
    ) -> (tools: [AgentDefinition.Tool], signatures: [String: ActionSignature]) {
        var types = DeclaredTypes()
        for source in sources.values.sorted(by: { $0.chunkName < $1.chunkName }) {
            types.collect(from: source, diagnostics: &diagnostics)
        }
        let value = state.field("actions", of: agent)
        guard case .table(let table) = value else {
            if case .nil = value { return ([], [:]) }
            report(
                "actions", "the agent's actions must be a table of functions, got a \(value.typeName)",
                hint: "write actions = CallActions")
            return ([], [:])
        }
        let overrides = schemas(of: table)
        let annotations = ActionAnnotations(types: types)
        var found: [(line: Int, file: String, tool: AgentDefinition.Tool, signature: ActionSignature)] = []
        for name in state.fieldNames(of: table) where !name.hasPrefix("_") {
            guard case .function(let function) = state.field(name, of: table) else { continue }
            guard let description = state.description(of: function), let source = sources[description.chunkName] else {
                report(
                    "actions", "action '\(name)' is not a function of the flow",
                    hint: "write `function CallActions:\(name)() ... end`")
                continue
            }
            checkName(name, at: description.line, in: source)
            let (prose, signature) = annotations.read(
                name, description, in: source, override: overrides[name], diagnostics: &diagnostics)
            let tool = AgentDefinition.Tool(name: name, description: prose, parameters: signature.schema)
            found.append((description.line, description.chunkName, tool, signature))
        }
        for name in overrides.keys.sorted() where !found.contains(where: { $0.tool.name == name }) {
            report(
                "actions",
                "there is a schema for '\(name)', and no such action"
                    + suggestion(for: name, among: found.map(\.tool.name)),
                hint: "the names in CallActions.schemas are those of public functions of CallActions")
        }
        found.sort { ($0.file, $0.line, $0.tool.name) < ($1.file, $1.line, $1.tool.name) }
        let pairs = found.map { ($0.tool.name, $0.signature) }
        return (found.map(\.tool), Dictionary(pairs) { first, _ in first })
    }

    private mutating func checkName(_ name: String, at line: Int, in source: AnnotatedSource) {
        let isValid =
            name.utf8.count <= 64
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
        guard !isValid || name == "call" else { return }
        diagnostics.append(
            FlowDiagnostic(
                file: source.chunkName, line: line, column: source.column(of: name, inLine: line),
                message: name == "call"
                    ? "an action cannot be named 'call', which is the call itself"
                    : "the action's name '\(name)' is not usable",
                hint: "take 1 to 64 letters, digits and '_'"))
    }

    /// An empty Lua table is an object; where a schema wants a list, it is made one.
    private static func withLists(_ schema: JSON) -> JSON {
        switch schema {
        case .array(let elements): return .array(elements.map(withLists))
        case .object(let object):
            let lists: Set<String> = ["required", "enum", "anyOf"]
            return .object(
                JSONObject(
                    members: object.members.map { member in
                        let isEmptyList = lists.contains(member.key) && member.value == .object(JSONObject())
                        return (member.key, isEmptyList ? .array([]) : withLists(member.value))
                    }))
        default: return schema
        }
    }

    /// `CallActions.schemas`, by action.
    private mutating func schemas(of actions: LuaReference) -> [String: JSON] {
        let value = state.field("schemas", of: actions)
        guard case .table(let table) = value else { return [:] }
        var schemas: [String: JSON] = [:]
        for name in state.fieldNames(of: table) {
            do throws(LuaConversionError) {
                let schema = try state.json(state.field(name, of: table))
                guard schema["type"] == "object", schema["properties"]?.object != nil else {
                    report(
                        "actions", "the schema of action '\(name)' must be of type \"object\", with properties",
                        hint: "write CallActions.schemas.\(name) = { type = \"object\", properties = { ... } }")
                    continue
                }
                schemas[name] = Self.withLists(schema)
            } catch {
                report(
                    "actions", "the schema of action '\(name)' is not plain data: \(error)",
                    hint: "use tables, texts and numbers")
            }
        }
        return schemas
    }
}

import Conversation
import LuaRuntime
import SansIO

/// Reads a table of actions: what the model is told of each, and how its arguments become the function's.
struct ActionReader {
    let state: LuaState
    /// By the chunk's name.
    let sources: [String: AnnotatedSource]
    private(set) var diagnostics: [FlowDiagnostic] = []
    private let place: (_ message: String, _ hint: String) -> FlowDiagnostic

    /// - Parameter place: Makes a diagnostic that concerns the table as a whole.
    init(
        state: LuaState, sources: [String: AnnotatedSource],
        place: @escaping (_ message: String, _ hint: String) -> FlowDiagnostic
    ) {
        self.state = state
        self.sources = sources
        self.place = place
    }

    private mutating func report(_ message: String, hint: String) {
        diagnostics.append(place(message, hint))
    }

    /// - Returns: In the order of the text; empty names and private ones are left out.
    mutating func read(
        _ table: LuaReference
    ) -> (tools: [AgentDefinition.Tool], signatures: [String: ActionSignature]) {
        var types = DeclaredTypes()
        for source in sources.values.sorted(by: { $0.chunkName < $1.chunkName }) {
            types.collect(from: source, diagnostics: &diagnostics)
        }
        let overrides = schemas(of: table)
        let annotations = ActionAnnotations(types: types)
        var found: [(line: Int, file: String, tool: AgentDefinition.Tool, signature: ActionSignature)] = []
        for name in state.fieldNames(of: table) where !name.hasPrefix("_") {
            guard case .function(let function) = state.field(name, of: table) else { continue }
            guard let description = state.description(of: function), let source = sources[description.chunkName] else {
                report(
                    "action '\(name)' is not a function of the flow",
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
                        "the schema of action '\(name)' must be of type \"object\", with properties",
                        hint: "write CallActions.schemas.\(name) = { type = \"object\", properties = { ... } }")
                    continue
                }
                schemas[name] = Self.withLists(schema)
            } catch {
                report(
                    "the schema of action '\(name)' is not plain data: \(error)",
                    hint: "use tables, texts and numbers")
            }
        }
        return schemas
    }
}

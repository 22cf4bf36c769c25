import LuaRuntime
public import SansIO

/// The declaration of one module that scripts may `require`.
public struct ModuleSpec: Sendable {
    /// A member that is no function.
    public struct Value: Sendable {
        public let name: String
        /// As an annotation writes it.
        public let type: String
        public let prose: String
        public let value: JSON
    }

    public let name: String
    public let prose: String
    public let functions: [FunctionSpec]
    public let values: [Value]

    init(_ name: String, _ prose: String, functions: [FunctionSpec], values: [Value] = []) {
        self.name = name
        self.prose = prose
        self.functions = functions
        self.values = values
    }
}

extension ModuleSpec {
    /// All modules of the host.
    public static let all: [ModuleSpec] = [
        ModuleSpec(
            "moonline", "The host: what a flow defines, and the time of its calls.", functions: MoonlineFunctions.all,
            values: [
                Value(
                    name: "version", type: "string", prose: "The host's version.", value: .string(ScriptAPI.hostVersion)
                )
            ])
    ]
}

/// What holds for the whole of the API.
public enum ScriptAPI {
    public static let hostVersion = "0.2.0"
}

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
        /// `null` stands for a value that scripts hand over where JSON needs a `null`.
        public let value: JSON

        func make(in state: LuaState) -> LuaValue {
            value.isNull ? JSONMarks.makeNull(in: state) : .json(value)
        }
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
                    name: "version", type: "string", prose: "The host's version.", value: .string(HostVersion.current)
                )
            ]),
        ModuleSpec("http", "Requests to the web services that the operator allows.", functions: HTTPFunctions.all),
        ModuleSpec(
            "json", "JSON text from values, and values from JSON text.", functions: JSONFunctions.all,
            values: [
                Value(
                    name: "null", type: "moonline.Null",
                    prose: "Stands for `null` in what is encoded, stored, sent or returned; a `nil` is left out.",
                    value: .null)
            ]),
        ModuleSpec("log", "Lines in the host's log.", functions: LogFunctions.all),
        ModuleSpec(
            "store", "Values that outlive the call and the host. Each agent, by its name, has its own.",
            functions: StoreFunctions.all),
        ModuleSpec(
            "time", "Dates and times of day in all time zones. Times are Unix times: seconds since 1970, UTC.",
            functions: TimeFunctions.all),
    ]
}

/// The version of this program, which its script API goes by too.
public enum HostVersion {
    public static let current = "0.3.0"
}

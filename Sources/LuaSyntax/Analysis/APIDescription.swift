/// What a Lua file may use that it does not define: the part of the host in an analysis.
public struct APIDescription: Hashable, Sendable {
    /// How a function is called.
    public struct Function: Hashable, Sendable {
        /// The names of its parameters, without the receiver of a method.
        public var parameters: [String]
        /// How many of them must be given.
        public var required: Int
        /// Whether any number of further arguments may follow.
        public var isVariadic: Bool

        public init(_ parameters: [String] = [], required: Int? = nil, isVariadic: Bool = false) {
            self.parameters = parameters
            self.required = min(required ?? parameters.count, parameters.count)
            self.isVariadic = isVariadic
        }

        var maximum: Int? { isVariadic ? nil : parameters.count }

        /// `(text [, options])`
        var signature: String {
            var text = "("
            var open = 0
            for (index, parameter) in (parameters + (isVariadic ? ["..."] : [])).enumerated() {
                let isOptional = index >= required
                let comma = index == 0 ? "" : ", "
                if isOptional, index < parameters.count {
                    text += index == 0 ? "[" : " ["
                    open += 1
                }
                text += comma + parameter
            }
            return text + String(repeating: "]", count: open) + ")"
        }
    }

    /// A field of a table that scripts may read and not write.
    public indirect enum Member: Hashable, Sendable {
        case function(Function)
        case table([String: Member])
        /// Anything else, also tables of which nothing is known.
        case value
    }

    /// The `call` of handlers and actions.
    public struct CallObject: Hashable, Sendable {
        /// What can be read.
        public var fields: Set<String>
        /// Those of ``fields`` that can be written.
        public var assignableFields: Set<String>
        /// What is called with a colon.
        public var methods: [String: Function]

        public init(
            fields: Set<String> = [], assignableFields: Set<String> = [], methods: [String: Function] = [:]
        ) {
            self.fields = fields
            self.assignableFields = assignableFields
            self.methods = methods
        }
    }

    /// A function that the host calls at an event.
    public struct Handler: Hashable, Sendable {
        /// What it is passed, in order.
        public var parameters: [String]
        /// Whether the first of ``parameters`` is the call.
        public var takesCall: Bool

        public init(_ parameters: [String], takesCall: Bool = true) {
            self.parameters = parameters
            self.takesCall = takesCall
        }
    }

    /// Global names; those that are tables are libraries, whose members cannot be written.
    public var globals: [String: Member]
    /// Names that Lua elsewhere has and scripts here do not, with what to use instead.
    public var absentGlobals: [String: String]
    /// What `require` has for a name, apart from the flow's own files. One that is not a table has members of which
    /// nothing is known.
    public var modules: [String: Member]
    public var call: CallObject
    public var handlers: [String: Handler]
    /// Fields of an agent that are not handlers.
    public var agentFields: Set<String>
    /// The function that takes an agent's table.
    public var agentConstructor = "moonline.agent"
    /// The field of an agent that has the table of its actions.
    public var actionsField = "actions"
    /// The field of `self` in an action that has the call.
    public var callField = "call"
    /// What annotations call the call.
    public var callType = "moonline.Call"
    /// What annotations call the parent of the table of actions.
    public var actionsType = "moonline.Actions"

    public init(
        globals: [String: Member] = APIDescription.luaGlobals,
        absentGlobals: [String: String] = APIDescription.luaAbsentGlobals, modules: [String: Member] = [:],
        call: CallObject = CallObject(), handlers: [String: Handler] = [:], agentFields: Set<String> = []
    ) {
        self.globals = globals
        self.absentGlobals = absentGlobals
        self.modules = modules
        self.call = call
        self.handlers = handlers
        self.agentFields = agentFields
    }
}

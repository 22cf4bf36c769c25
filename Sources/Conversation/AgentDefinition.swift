public import SansIO

/// What a flow says of its agent; read once when the flow is loaded.
public struct AgentDefinition: Hashable, Sendable {
    /// A function that the model may call: an action of the flow.
    public struct Tool: Hashable, Sendable {
        public var name: String
        public var description: String
        /// JSON Schema of the arguments, an object.
        public var parameters: JSON

        public init(name: String, description: String, parameters: JSON) {
            self.name = name
            self.description = description
            self.parameters = parameters
        }
    }

    /// The agent's name, which dispatches ask for.
    public var name: String
    public var mode: String
    public var voice: String?
    public var instructions: String
    public var tools: [Tool]
    /// The handlers that the flow defines.
    public var handlers: Set<ScriptHandler>

    public init(
        name: String, mode: String = "realtime", voice: String? = nil, instructions: String, tools: [Tool] = [],
        handlers: Set<ScriptHandler> = []
    ) {
        self.name = name
        self.mode = mode
        self.voice = voice
        self.instructions = instructions
        self.tools = tools
        self.handlers = handlers
    }
}

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
    public var mode: AgentMode
    public var voice: String?
    /// What is spoken in the call, ISO 639-1; `nil` lets who listens find out.
    public var language: String?
    public var instructions: String
    public var tools: [Tool]
    /// The handlers that the flow defines.
    public var handlers: Set<ScriptHandler>
    /// How long nobody speaks before `on_idle` runs.
    public var idleTimeout: Duration
    /// What is said and done when the script or the model fails.
    public var fallback: Fallback?
    /// What is said while an action takes its time; `nil` for nothing.
    public var filler: Filler?
    /// How long an action may take; `nil` for as long as the host allows.
    public var actionTimeout: Duration?
    /// In pipeline mode: when the caller has the floor.
    public var turns = TurnOptions()
    /// In pipeline mode: whom the stages ask, in order; the operator's choice for those that are left out.
    public var stages: [PipelineStage: [StageChoice]] = [:]

    /// The way out of a call that cannot go on.
    public struct Fallback: Hashable, Sendable {
        /// Said to the far end.
        public var text: String
        /// Where the far end is transferred to then; `nil` hangs up.
        public var transferTo: String?

        public init(text: String, transferTo: String? = nil) {
            self.text = text
            self.transferTo = transferTo
        }
    }

    /// Words for the time in which an action works and nobody speaks.
    public struct Filler: Hashable, Sendable {
        public static let defaultDelay = Duration.seconds(2)

        /// How long nobody speaks before they are said.
        public var after: Duration
        /// One for each action that takes so long, in turn; at least one.
        public var lines: [String]

        public init(after: Duration = Filler.defaultDelay, lines: [String]) {
            self.after = after
            self.lines = lines
        }
    }

    public static let defaultIdleTimeout = Duration.seconds(15)

    public init(
        name: String, mode: AgentMode = .realtime, voice: String? = nil, instructions: String, tools: [Tool] = [],
        handlers: Set<ScriptHandler> = [], idleTimeout: Duration = AgentDefinition.defaultIdleTimeout,
        fallback: Fallback? = nil
    ) {
        self.name = name
        self.mode = mode
        self.voice = voice
        self.instructions = instructions
        self.tools = tools
        self.handlers = handlers
        self.idleTimeout = idleTimeout
        self.fallback = fallback
    }
}

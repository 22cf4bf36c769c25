public import SansIO

/// What a persona is asked: the context that a language model would be given, and what it is to react to.
public struct PersonaRequest: Hashable, Sendable {
    public enum Trigger: Hashable, Sendable {
        /// The model was asked to speak, though nobody said anything since it last did.
        case start
        /// The user spoke or wrote. Empty when the recogniser made nothing of it.
        case heard(String)
        /// Functions came back.
        case results([FunctionResult])
    }

    public struct FunctionResult: Hashable, Sendable {
        public var name: String
        public var callID: String
        public var arguments: String
        public var output: String

        public init(name: String, callID: String, arguments: String, output: String) {
            self.name = name
            self.callID = callID
            self.arguments = arguments
            self.output = output
        }
    }

    /// A line of the conversation so far.
    public enum Turn: Hashable, Sendable {
        case message(role: String, text: String)
        case call(name: String, arguments: String)
        case result(name: String, output: String)
    }

    /// The instructions in force: the response's own, or the session's.
    public var instructions: String
    /// Whether the response brought instructions of its own.
    public var hasOwnInstructions: Bool
    /// Names of the functions that may be called.
    public var tools: [String]
    /// Whether any other function may be called too: nobody has said which there are.
    public var mayCallAny = false
    public var history: [Turn]
    public var trigger: Trigger

    public init(
        instructions: String, hasOwnInstructions: Bool = false, tools: [String] = [], history: [Turn] = [],
        trigger: Trigger
    ) {
        self.instructions = instructions
        self.hasOwnInstructions = hasOwnInstructions
        self.tools = tools
        self.history = history
        self.trigger = trigger
    }
}

/// One step of a persona's answer, in order.
public enum PersonaStep: Hashable, Sendable {
    case say(String)
    /// `arguments` is an object.
    case call(name: String, arguments: JSON)
    /// Nothing happens for a while.
    case pause(Duration)
    /// The response ends as failed, with the given code.
    case fail(code: String, message: String)
    /// The socket is dropped without a close frame.
    case drop
    /// A text frame that need not be what a client expects; for tests of clients.
    case frame(String)
}

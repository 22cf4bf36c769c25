/// Speech-to-text, language model, text-to-speech.
public enum PipelineStage: String, CaseIterable, Hashable, Sendable {
    case stt, llm, tts
}

/// What the pipeline wants its three stages to do; a driver performs it and answers with ``PipelineEvent``.
///
/// A `provider` is a place in the stage's list of providers, 0 for the first choice. Each identifier is used once, and
/// nothing more is said of it after its end, its failure, or its cancellation; what the driver still reports is ignored.
///
/// Positions are on the clock of all audio that the pipeline was given, from 0. [ms]
public enum PipelineCommand: Hashable, Sendable {
    /// Opens what the stages keep open and warms what they will need; ``PipelineEvent/ready(models:)`` or
    /// ``PipelineEvent/failed(_:)`` follows.
    case open
    /// A segment of speech has begun at `from`: a provider that listens while it is spoken gets it from there. Words may
    /// be reported before it is whole, a failure only behind ``endSegment(id:provider:range:)``.
    case beginSegment(id: UInt64, provider: Int, from: Int)
    /// The segment is whole; its transcript is wanted.
    case endSegment(id: UInt64, provider: Int, range: Range<Int>)
    /// The segment was no speech after all, or nobody wants to know.
    case dropSegment(id: UInt64)
    case generate(GenerationRequest)
    case cancelGeneration(id: UInt64)
    case synthesize(SynthesisRequest)
    case cancelSynthesis(id: UInt64)
    /// Ends everything; no event follows.
    case close
}

/// What the language model is asked.
public struct GenerationRequest: Hashable, Sendable {
    public var id: UInt64
    public var provider: Int
    public var instructions: String
    public var messages: [ChatMessage]
    public var tools: [AgentDefinition.Tool]
    /// `auto`, `none` or `required`.
    public var toolChoice: String

    public init(
        id: UInt64, provider: Int, instructions: String, messages: [ChatMessage], tools: [AgentDefinition.Tool] = [],
        toolChoice: String = "auto"
    ) {
        self.id = id
        self.provider = provider
        self.instructions = instructions
        self.messages = messages
        self.tools = tools
        self.toolChoice = toolChoice
    }
}

/// An entry of the conversation as a language model is given it.
public struct ChatMessage: Hashable, Sendable {
    public enum Role: String, Hashable, Sendable {
        case system, user, assistant, tool
    }

    public var role: Role
    public var text: String
    /// Functions that the assistant called in this message.
    public var calls: [RealtimeFunctionCall]
    /// Of a tool's message: which call it answers.
    public var callID: String?

    public init(role: Role, text: String, calls: [RealtimeFunctionCall] = [], callID: String? = nil) {
        self.role = role
        self.text = text
        self.calls = calls
        self.callID = callID
    }
}

/// A sentence to be spoken.
public struct SynthesisRequest: Hashable, Sendable {
    public var id: UInt64
    public var provider: Int
    public var text: String
    /// The one that the script has chosen in the call; `nil` for what the provider was told before.
    public var voice: String?

    public init(id: UInt64, provider: Int, text: String, voice: String? = nil) {
        self.id = id
        self.provider = provider
        self.text = text
        self.voice = voice
    }
}

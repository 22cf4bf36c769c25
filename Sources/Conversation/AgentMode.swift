/// How an agent listens and speaks.
public enum AgentMode: String, CaseIterable, Hashable, Sendable {
    /// One speech-to-speech model (OpenAI's Realtime API).
    case realtime
    /// Speech-to-text, language model and text-to-speech.
    case pipeline

    /// What scripts can do in this mode, and not in every one.
    public enum Capability: String, CaseIterable, Hashable, Sendable {
        /// `before_llm` and `before_tts` run.
        case textRewriting = "text_rewriting"
        /// `call:say` says its text word for word; a model may else put it in words of its own.
        case verbatimSpeech = "verbatim_speech"
        /// `call:set_voice` also after something was said.
        case voiceChange = "voice_change"
        /// `call:set_instructions` replaces what the model was told.
        case instructionChange = "instruction_change"
        /// `call:say(text, { interruptible = false })` keeps the floor.
        case uninterruptibleSpeech = "uninterruptible_speech"
    }

    public var capabilities: Set<Capability> {
        switch self {
        case .realtime: [.instructionChange, .uninterruptibleSpeech]
        case .pipeline: Set(Capability.allCases)
        }
    }
}

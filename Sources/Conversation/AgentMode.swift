/// How an agent listens and speaks.
public enum AgentMode: String, CaseIterable, Hashable, Sendable {
    /// One speech-to-speech model (OpenAI's Realtime API).
    case realtime
    /// Speech-to-text, language model and text-to-speech.
    case pipeline
    /// One speech-to-speech model that hears and speaks at the same time (OpenAI's Live API).
    case live

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
        /// `on_interrupted` tells which words of the agent the caller cut off.
        case interruptionReports = "interruption_reports"
    }

    public var capabilities: Set<Capability> {
        switch self {
        case .realtime: [.instructionChange, .uninterruptibleSpeech, .interruptionReports]
        case .pipeline: Set(Capability.allCases)
        case .live: [.uninterruptibleSpeech]
        }
    }
}

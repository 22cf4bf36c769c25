import Conversation

extension AgentMode.Capability {
    /// For the reference.
    var prose: String {
        switch self {
        case .textRewriting: "`before_llm` and `before_tts` run."
        case .verbatimSpeech: "`call:say` says its text word for word; else a model may put it in words of its own."
        case .voiceChange: "`call:set_voice` also after something was said."
        case .instructionChange: "`call:set_instructions` replaces what the model was told."
        case .interruptionReports: "`on_interrupted` tells which words of the agent were cut off."
        case .uninterruptibleSpeech: "`call:say(text, { interruptible = false })` keeps the floor."
        }
    }
}

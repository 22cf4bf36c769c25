public import SansIO

/// What the pipeline's stages report.
public enum PipelineEvent: Hashable, Sendable {
    /// The stages can be used.
    ///
    /// - models: For the log: what was chosen first of each stage.
    case ready(models: String)
    /// The stages cannot be used, and never will be.
    case failed(StageFailure)
    /// Voice activity at a position on the clock of all audio. [ms]
    ///
    /// The begin is where the voice began, padding included; the end is where it was last heard.
    case voiceStarted(at: Int)
    case voiceStopped(at: Int)
    /// The words of a segment so far; later ones replace them.
    case transcriptDelta(segment: UInt64, String)
    /// All words of a segment; empty when there were none.
    case transcribed(segment: UInt64, String)
    case transcriptionFailed(segment: UInt64, StageFailure)
    case generation(UInt64, GenerationEvent)
    case synthesis(UInt64, SynthesisEvent)
}

/// What a language model sends.
public enum GenerationEvent: Hashable, Sendable {
    case text(String)
    /// A call is whole; calls come in order, behind the text that stood before them.
    case call(RealtimeFunctionCall)
    /// The model is at work on what is no text: thoughts, or the arguments of a call. Not told of every piece.
    case progress
    /// All words and calls have come, for that reason; the end is still to follow, with the usage.
    case written(reason: String)
    /// The last one. `reason` is `stop`, `length`, `tool_calls`, `content_filter`, or what a server says.
    case ended(reason: String, usage: JSON?)
    /// The last one: nothing more comes, whatever has come.
    case failed(StageFailure)
}

/// What a synthesiser sends.
public enum SynthesisEvent: Hashable, Sendable {
    /// µ-law at 8 kHz, never empty.
    case audio([UInt8])
    case ended
    /// The last one: nothing more comes, whatever has come.
    case failed(StageFailure)
}

/// Why a stage did not do what it was asked.
public struct StageFailure: Error, Hashable, Sendable {
    public enum Severity: String, Hashable, Sendable {
        /// The provider will refuse everything until somebody acts: key, quota, model.
        case fatal
        /// The same request may succeed a moment later.
        case retryable
        /// This request was refused, and would be again.
        case refused
    }

    public var stage: PipelineStage
    public var severity: Severity
    /// One sentence that names the server and says what to do.
    public var message: String
    /// How long the server asks to be left alone.
    public var retryAfter: Duration?

    public init(stage: PipelineStage, severity: Severity, message: String, retryAfter: Duration? = nil) {
        self.stage = stage
        self.severity = severity
        self.message = message
        self.retryAfter = retryAfter
    }
}

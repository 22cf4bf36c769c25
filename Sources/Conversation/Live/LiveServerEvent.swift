public import SansIO

/// An event from the server of a Live session (OpenAI's Live API, primary WebSocket).
public enum LiveServerEvent: Hashable, Sendable {
    /// - expiresAt: When the server will end the session, if it says so. Unix time. [s]
    case started(id: String, model: String, expiresAt: Int64? = nil)
    /// The server took note of what was appended, as instructions, thinking or commentary. Says nothing of speech.
    case appended(eventID: String?)
    /// µ-law; the stream is continuous, silence included.
    case outputAudio([UInt8])
    case inputTranscript(LiveTranscript)
    case outputTranscript(LiveTranscript)
    /// The model hands work on: to `client`, `responses` or `decisions`.
    case delegationCreated(id: String, target: String)
    /// What the back end does.
    case backEnd(LiveBackEndEvent, delegation: String?)
    /// Since the session began.
    case usage(seconds: Double)
    /// The last one. `reason` is `close_requested`, `expired`, `content`, `remote_hangup` or `connection_lost`.
    case closed(reason: String)
    case error(RealtimeError)
    /// A type that calls have no use for, or that is newer than this program.
    case unknown(type: String)
}

/// Words as they come; neither turns nor ends are marked.
public struct LiveTranscript: Hashable, Sendable {
    public var text: String
    /// On the session's clock, which runs with the audio that it is sent. [ms]
    public var startMilliseconds: Int
    public var endMilliseconds: Int

    public init(text: String, startMilliseconds: Int, endMilliseconds: Int) {
        self.text = text
        self.startMilliseconds = startMilliseconds
        self.endMilliseconds = endMilliseconds
    }
}

/// What a call needs to know of the Responses events that its session wraps.
public enum LiveBackEndEvent: Hashable, Sendable {
    case created
    /// A call is whole.
    case called(RealtimeFunctionCall)
    case completed(usage: JSON?)
    /// It came to no good end, and its calls are void: `response.failed` or `response.incomplete`.
    case failed(message: String)
    /// It was broken off, and its calls are void.
    case cancelled
    case other(type: String)
}

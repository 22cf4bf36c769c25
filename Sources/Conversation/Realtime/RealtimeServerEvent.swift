public import SansIO

/// An event from the model's server (OpenAI Realtime, GA names; the beta's names are understood as well).
public enum RealtimeServerEvent: Hashable, Sendable {
    case error(RealtimeError)
    /// - expiresAt: When the server will end the session, if it says so. Unix time. [s]
    case sessionCreated(id: String, model: String, expiresAt: Int64? = nil)
    case sessionUpdated(id: String, model: String, expiresAt: Int64? = nil)
    case itemAdded(RealtimeItem, previousItemID: String?)
    case itemDone(RealtimeItem, previousItemID: String?)
    case itemTruncated(itemID: String, contentIndex: Int, audioEndMilliseconds: Int)
    case itemDeleted(itemID: String)
    case inputTranscriptDelta(itemID: String, delta: String)
    case inputTranscriptCompleted(itemID: String, transcript: String)
    case inputTranscriptFailed(itemID: String, RealtimeError)
    /// The position is on the clock of all audio appended in the session, not wall time. [ms]
    case speechStarted(itemID: String, audioStartMilliseconds: Int)
    case speechStopped(itemID: String, audioEndMilliseconds: Int)
    case inputCommitted(itemID: String, previousItemID: String?)
    case inputCleared
    /// Nobody spoke for `idle_timeout_ms`; the server takes an empty turn.
    case inputTimedOut(itemID: String)
    case responseCreated(RealtimeResponse)
    case responseDone(RealtimeResponse)
    case outputItemAdded(RealtimeItem, responseID: String, outputIndex: Int)
    case outputItemDone(RealtimeItem, responseID: String, outputIndex: Int)
    case contentPartAdded(RealtimePartPath, type: String)
    case contentPartDone(RealtimePartPath, type: String)
    case textDelta(RealtimePartPath, String)
    case textDone(RealtimePartPath, String)
    /// Decoded audio in the session's output format.
    case audioDelta(RealtimePartPath, [UInt8])
    case audioDone(RealtimePartPath)
    case audioTranscriptDelta(RealtimePartPath, String)
    case audioTranscriptDone(RealtimePartPath, String)
    case functionArgumentsDelta(responseID: String, itemID: String, String)
    /// `name` is empty where a server leaves it to the item.
    case functionArgumentsDone(responseID: String, itemID: String, RealtimeFunctionCall)
    case rateLimitsUpdated(JSON)
    /// A type that calls have no use for, or that is newer than this program.
    case unknown(type: String)
}

/// Why a message of the model's server cannot be used. The session goes on without it.
public enum RealtimeEventError: Error, Hashable, Sendable, CustomStringConvertible {
    case notJSON(JSONError)
    /// Not an object with a `type`.
    case noType
    /// A field without which the event has no meaning is absent, or has the wrong type.
    case badField(type: String, field: String)

    public var description: String {
        switch self {
        case .notJSON(let error): "a message that is not JSON (\(error))"
        case .noType: "a message without a type"
        case .badField(let type, let field): "\(type) without a usable \(field)"
        }
    }
}

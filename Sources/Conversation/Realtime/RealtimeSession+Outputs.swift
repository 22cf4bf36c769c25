import SansIO

extension RealtimeSession {
    struct Limits: Hashable, Sendable {
        /// From `response.create` to `response.created`.
        var responseStart: Duration = .seconds(10)
        /// Between two events of an active response.
        var responseStall: Duration = .seconds(10)
        /// From the end of the caller's turn to the response that the server begins for it.
        var serverResponse: Duration = .seconds(2)
        /// Before a response that failed for a passing reason is asked for again.
        var retryDelay: Duration = .milliseconds(500)
        /// How often one response may fail for a passing reason.
        var maximumRetries = 2
        /// What a new connection is told of the conversation. [characters]
        var replayedCharacters = 16_000
        /// Whether the server is another program, which may fall silent, or forget a turn of the caller.
        var isRemote = true
        /// How much of the far end's audio can be heard again.
        var rehearing: Duration = .seconds(9)

        /// Those of a server in this process, which watches its own stages.
        static var local: Limits {
            var limits = Limits()
            limits.isRemote = false
            limits.responseStall = .seconds(20)
            return limits
        }
    }

    enum Output: Hashable, Sendable {
        case send(RealtimeClientEvent)
        /// The settings are in force.
        case configured(id: String, model: String, expiresAt: Int64?)
        case configurationRefused(RealtimeError)
        case responseStarted(id: String, request: ResponseRequest?)
        case audio(RealtimePartPath, [UInt8], request: ResponseRequest?)
        case audioEnded(RealtimePartPath)
        case transcript(RealtimePartPath, String, request: ResponseRequest?)
        /// The whole transcript of a part, or `nil` when the server didn't repeat it.
        case transcriptEnded(RealtimePartPath, String?)
        case responseEnded(ResponseResult)
        /// A request will never become a response.
        case requestFailed(ResponseRequest, RealtimeError)
        case speechStarted(itemID: String)
        case speechStopped(itemID: String)
        case inputCommitted(itemID: String, previousItemID: String?)
        case inputTranscript(itemID: String, delta: String)
        case inputTranscriptEnded(itemID: String, String?)
        case fault(RealtimeError)
        /// The server refused something of the conversation that a new connection was told.
        case replayRefused(RealtimeError)
        /// The server says nothing any more, although it should.
        case stalled(RealtimeError)
    }

    /// What became of a response.
    struct ResponseResult: Hashable, Sendable {
        var id: String
        var request: ResponseRequest?
        var status: RealtimeResponse.Status
        /// Empty unless the response was completed.
        var calls: [RealtimeFunctionCall]
        var usage: JSON?
    }

    enum State: Hashable, Sendable {
        case closed
        /// The connection is lost, and another one is to come.
        case suspended
        /// `session.update` is under way.
        case configuring(eventID: String)
        case ready
    }

    /// A turn of the caller that no audio has answered yet.
    struct OpenTurn: Hashable, Sendable {
        let itemID: String
        /// `nil` when the server did not tell.
        let startedAt: Instant?
        var isCommitted = false
    }
}

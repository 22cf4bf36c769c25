extension CallSession {
    /// All that a call is told before it starts.
    public struct Configuration: Sendable {
        public var facts: CallFacts
        public var definition: AgentDefinition
        public var law: G711Law
        public var model: ModelOptions
        public var limits: Limits
        /// Of pipeline mode.
        public var pipeline = PipelineOptions()
        /// Of live mode.
        public var live = LiveOptions()
        /// Presented caller; a flow's `on_dial` may change it.
        public var callerID: String?
        /// The definition's fallback line as audio, in `law`, for when the model cannot say it.
        public var fallbackAudio: [UInt8] = []
        /// Where the session's random numbers begin.
        public var seed: UInt64 = 0

        public init(
            facts: CallFacts, definition: AgentDefinition, law: G711Law = .mu, model: ModelOptions = ModelOptions(),
            limits: Limits = Limits(), callerID: String? = nil
        ) {
            self.facts = facts
            self.definition = definition
            self.law = law
            self.model = model
            self.limits = limits
            self.callerID = callerID
        }
    }

    /// What the operator chooses of the model's session; the model's name belongs to the connection.
    public struct ModelOptions: Hashable, Sendable {
        /// `nil` for no transcript of the caller.
        public var transcriptionModel: String?
        /// The voice of flows that name none; `nil` leaves the server's own.
        public var voice: String?
        public var turnDetection: TurnDetection
        public var noiseReduction: String?
        /// How long a session of the model is used, unless its server ends it sooner: then comes another one.
        public var sessionLifetime: Duration = .seconds(3_300)

        public init(
            transcriptionModel: String? = "gpt-4o-mini-transcribe", voice: String? = nil,
            turnDetection: TurnDetection = TurnDetection(), noiseReduction: String? = nil
        ) {
            self.transcriptionModel = transcriptionModel
            self.voice = voice
            self.turnDetection = turnDetection
            self.noiseReduction = noiseReduction
        }
    }

    /// How long a call waits for what.
    public struct Limits: Hashable, Sendable {
        /// For the WebSocket to the model.
        public var modelConnect: Duration = .seconds(10)
        /// For the model to take the session's settings.
        public var modelConfigure: Duration = .seconds(10)
        /// For the model to be back, in mid-call, before it is lost for good.
        public var modelOutage: Duration = .seconds(20)
        /// For one try to reach it again: the WebSocket, then the settings.
        public var modelReconnect: Duration = .seconds(5)
        /// Tries to reach it again; 0 loses it at once.
        public var modelReconnects = 8
        /// For the far end to answer, unless `on_dial` says otherwise.
        public var ring: Duration = .seconds(45)
        /// From the answer to audio that can flow both ways.
        public var mediaStart: Duration = .seconds(5)
        /// From the answer to the end of the call.
        public var callDuration: Duration = .seconds(1_800)
        /// For an action of the script, without the time that it waits for speech or a transfer.
        public var action: Duration = .seconds(30)
        /// For `on_dial`.
        public var onDial: Duration = .seconds(30)
        /// For a transfer, from REFER to the final NOTIFY.
        public var transfer: Duration = .seconds(60)
        /// For the last words before a hang-up.
        public var hangUpPlayout: Duration = .seconds(10)
        /// For the media session to report what a flush cut.
        public var flushReport: Duration = .milliseconds(500)
        /// For transcripts of the last words, once the call has ended.
        public var lateTranscript: Duration = .seconds(1)
        /// For running handlers to come to an end, once the call has ended.
        public var lastHandlers: Duration = .seconds(2)
        /// For `on_hangup`.
        public var onHangUp: Duration = .seconds(5)
        /// For `on_error`, before the fallback line is said.
        public var onError: Duration = .seconds(5)
        /// Between two measurements of the media.
        public var measurement: Duration = .seconds(5)
        /// Coroutines of the script that run or wait.
        public var scriptTasks = 128
        /// Timers of `call:after`.
        public var scriptTimers = 100
        /// What the script asks the host for in one second; beyond, it fails like one that computes for too long.
        public var scriptRequestRate = 1_000
        /// Requests of `http`, `store` and the like that are under way.
        public var scriptRequests = 16
        /// Messages of the model that cannot be read, before the call is given up.
        public var malformedMessages = 10

        public init() {}
    }
}

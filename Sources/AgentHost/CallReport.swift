public import Conversation
public import MediaEngine

/// Something that happened in a call, for those who watch.
public struct CallObservation: Sendable {
    public let callID: String
    /// Since the call began.
    public let elapsed: Duration
    public let observation: Observation

    public init(callID: String, elapsed: Duration, observation: Observation) {
        self.callID = callID
        self.elapsed = elapsed
        self.observation = observation
    }
}

/// All that is known of a call when it has ended.
public struct CallReport: Sendable {
    public var id: String
    public var dispatchID: String
    public var agent: String
    public var room: String
    public var to: String
    public var from: String
    public var trunkID: String?
    public var scriptVersion: String
    /// Unix time. [s]
    public var startedAt: Double
    public var answeredAt: Double?
    public var endedAt: Double
    /// From the dispatch to the answer.
    public var setupTime: Duration?
    public var outcome: CallOutcome
    public var statistics: MediaStatistics?
    public var transcript: [TranscriptEntry] = []
    public var latencies: [TurnLatency] = []
    public var interruptions: [Interruption] = []
    /// How often the model's connection was lost in mid-call and came back; planned renewals are not counted.
    public var reconnects = 0
    /// Name, arguments and result of each action that ran, in order.
    public var actions: [Action] = []
    /// Files of the call; `nil` where none was written.
    public var recordingPath: String?
    public var transcriptPath: String?
    public var eventLogPath: String?

    public struct Action: Sendable, Hashable {
        public var callID: String
        public var name: String
        public var arguments: String
        /// What the model got; `nil` while it runs, or when it was refused or failed.
        public var output: String?
        public var error: String?
    }
}

public import SansIO

/// What a log, a transcript, a user interface and the call record may want to know. Nothing depends on it.
public enum Observation: Hashable, Sendable {
    case status(CallFacts.Status)
    /// The model's session is configured.
    case modelReady(sessionID: String, model: String)
    /// The connection to the model is lost, or given up for a new one; the call goes on.
    case modelLost(reason: String, planned: Bool)
    /// The call has another session of the model, which knows what was said.
    ///
    /// - after: How long the model was away.
    case modelReconnected(sessionID: String, after: Duration, attempts: Int, planned: Bool)
    case transcript(TranscriptEntry)
    case callerSpeech(started: Bool)
    case actionCalled(callID: String, name: String, arguments: String)
    /// The output as the model gets it.
    case actionReturned(callID: String, name: String, output: String, duration: Duration)
    case actionRefused(callID: String, name: String, reason: String)
    case actionFailed(callID: String, name: String, message: String)
    case interruption(Interruption)
    case latency(TurnLatency)
    case transfer(TransferStatus, code: Int?)
    case digit(Character, milliseconds: Int)
    /// Tokens of one response, as the vendor counts them.
    case usage(JSON)
    case fault(CallFault)
    /// The call goes on with another version of the flow.
    case flowChanged(version: String, from: String)
}

/// Something that was said.
public struct TranscriptEntry: Hashable, Sendable {
    public enum Role: String, Hashable, Sendable {
        /// What the far end said.
        case user
        /// What the far end *heard* of the agent.
        case agent
    }

    public var role: Role
    public var text: String
    /// Whether the text is what stays; an entry that isn't final is replaced by later ones of the same item.
    public var isFinal: Bool
    public var itemID: String
    /// When the far end began to say, or to hear it.
    public var startedAt: Instant
    public var endedAt: Instant

    public init(role: Role, text: String, isFinal: Bool, itemID: String, startedAt: Instant, endedAt: Instant) {
        self.role = role
        self.text = text
        self.isFinal = isFinal
        self.itemID = itemID
        self.startedAt = startedAt
        self.endedAt = endedAt
    }
}

/// The caller spoke while the agent did.
public struct Interruption: Hashable, Sendable {
    /// What was heard of the sentence that was cut.
    public var heard: String
    /// What was not, with everything that waited behind it.
    public var unheard: String
    /// How much of the cut part was played. [ms]
    public var playedMilliseconds: Int

    public init(heard: String, unheard: String, playedMilliseconds: Int) {
        self.heard = heard
        self.unheard = unheard
        self.playedMilliseconds = playedMilliseconds
    }
}

/// How long the caller waited for an answer.
public struct TurnLatency: Hashable, Sendable {
    /// Turns of the caller are counted from 1.
    public var turn: Int
    /// From the end of the caller's speech (in realtime mode: from the server's report of it) to the first packet of
    /// the answer.
    public var toFirstPacket: Duration
    /// From the same moment to the first audio from the model.
    public var toFirstAudio: Duration
    /// In pipeline mode, from the same moment to the last word of the transcript, to the language model's first event,
    /// and to its first whole sentence.
    public var toTranscript: Duration?
    public var toFirstToken: Duration?
    public var toFirstSentence: Duration?

    public init(turn: Int, toFirstPacket: Duration, toFirstAudio: Duration) {
        self.turn = turn
        self.toFirstPacket = toFirstPacket
        self.toFirstAudio = toFirstAudio
    }
}

/// How far a transfer has come; the names are those that `on_transfer` gets.
public enum TransferStatus: String, Hashable, Sendable {
    case requested, accepted, trying, ringing, succeeded, failed
}

/// A fault of the model, the trunk, the media or the script that a person may have to do something about.
public struct CallFault: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable {
        case model, trunk, media, script
    }

    public var kind: Kind
    /// One sentence.
    public var message: String
    public var isRetryable: Bool
    /// The script's traceback; empty for other faults.
    public var traceback: String
    /// The handler or action that failed; empty for other faults.
    public var function: String
    /// The caller's turn in which it happened, from 1; 0 before the first.
    public var turn: Int

    public init(
        kind: Kind, message: String, isRetryable: Bool = false, traceback: String = "", function: String = "",
        turn: Int = 0
    ) {
        self.kind = kind
        self.message = message
        self.isRetryable = isRetryable
        self.traceback = traceback
        self.function = function
        self.turn = turn
    }
}

extension TurnLatency {
    /// As scripts and call records have it. [ms]
    public var json: JSON {
        var object: JSONObject = ["turn": .integer(Int64(turn))]
        let steps: [(name: String, duration: Duration?)] = [
            ("transcript_ms", toTranscript), ("first_token_ms", toFirstToken), ("first_sentence_ms", toFirstSentence),
            ("first_audio_ms", toFirstAudio), ("first_packet_ms", toFirstPacket),
        ]
        for (name, duration) in steps {
            if let duration { object[name] = .integer(duration.milliseconds) }
        }
        return .object(object)
    }
}

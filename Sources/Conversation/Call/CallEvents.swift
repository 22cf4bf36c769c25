public import SansIO

/// What the connection to the model reports.
public enum ModelEvent: Hashable, Sendable {
    /// The WebSocket is open.
    case connected
    case event(RealtimeServerEvent)
    /// In live mode, in place of ``event(_:)``.
    case live(LiveServerEvent)
    /// A message that could not be read; the text says what is wrong with it.
    case malformed(String)
    /// RFC 6455 §7.4; 1006 when the connection was lost without a close frame.
    case closed(code: Int, reason: String)
    /// The connection could not be made, or broke.
    case failed(message: String)
}

/// Why an INVITE did not lead to a call.
public struct TelephonyFailure: Hashable, Sendable {
    /// The final SIP status; `nil` when no response came.
    public var status: Int?
    /// The reason phrase, or a word for what happened.
    public var reason: String
    /// A sentence for people where the user agent knows better than the status tells; may be empty.
    public var sentence: String

    public init(status: Int?, reason: String, sentence: String = "") {
        self.status = status
        self.reason = reason
        self.sentence = sentence
    }
}

/// What the telephone side reports.
public enum TelephonyEvent: Hashable, Sendable {
    /// 180, or 183 with or without a session description.
    case ringing(earlyMedia: Bool)
    /// 2xx to the INVITE, acknowledged; header names in lower case.
    case answered(headers: [String: String])
    case failed(TelephonyFailure)
    /// The dialog is over. `byRemote` when the far end sent BYE.
    case ended(byRemote: Bool, reason: String)
    /// 202 to our REFER.
    case transferAccepted
    /// A NOTIFY with a provisional status line (RFC 3515 §2.4.5).
    case transferProgress(status: Int, reason: String)
    /// The final NOTIFY, or the refusal of the REFER.
    case transferEnded(status: Int, reason: String)
}

/// What the media session reports. Tags are those of ``CallSession/Action/play(tag:audio:)``.
public enum MediaReport: Hashable, Sendable {
    /// Audio can flow both ways.
    case started
    /// The first packet of a part was sent.
    case playoutStarted(tag: PlayoutTag, at: Instant)
    /// The part was finished and its last packet was sent, in whichever order; `bytes` of it were played.
    case playoutEnded(tag: PlayoutTag, bytes: Int)
    /// The answer to ``CallSession/Action/flush``, exactly one each.
    ///
    /// - tag: The part that had begun and not ended, also when its queue had run dry; `nil` when there was none.
    /// - played: Bytes of that part that were sent before the flush.
    /// - dropped: Bytes of all parts that were not sent.
    case flushed(tag: PlayoutTag?, played: Int, dropped: Int)
    /// The queue ran empty. Says nothing of parts that are still to be finished.
    case drained
    case digit(Character, milliseconds: Int)
    /// The answer to ``CallSession/Action/measure``.
    case measured(MediaQuality)
    /// No packet came from the far end for longer than the session allows.
    case timedOut
}

/// What the media session has counted and measured so far.
public struct MediaQuality: Hashable, Sendable {
    public var packetsSent: Int
    public var packetsReceived: Int
    /// Packets of the far end that were given up.
    public var packetsLost: Int
    /// Interarrival jitter (RFC 3550 A.8). [ms]
    public var jitterMilliseconds: Double
    /// `nil` until a report of ours was answered. [ms]
    public var roundTripMilliseconds: Double?

    public init(
        packetsSent: Int, packetsReceived: Int, packetsLost: Int, jitterMilliseconds: Double,
        roundTripMilliseconds: Double?
    ) {
        self.packetsSent = packetsSent
        self.packetsReceived = packetsReceived
        self.packetsLost = packetsLost
        self.jitterMilliseconds = jitterMilliseconds
        self.roundTripMilliseconds = roundTripMilliseconds
    }
}

/// What became of a ``ServiceRequest``.
public enum ServiceResult: Hashable, Sendable {
    case reply(ScriptReply)
    /// The audio that was loaded, as G.711 in the call's law.
    case audio([UInt8])
}

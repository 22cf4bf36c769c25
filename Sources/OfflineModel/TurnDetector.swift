import SansIO

/// How the end of a turn is found; `session.audio.input.turn_detection`.
struct TurnDetection: Hashable, Sendable {
    enum Kind: String, Hashable, Sendable {
        case server = "server_vad"
        case semantic = "semantic_vad"
    }

    var kind = Kind.server
    /// How much of the detector's window must be voiced before speech counts as begun, 0…1.
    var threshold = 0.5
    /// Audio before the first voiced frame that belongs to the turn. [ms]
    var prefixPadding: Int64 = 300
    /// Silence that ends a turn. [ms]
    var silenceDuration: Int64 = 200
    /// How long nobody may speak before the model speaks up. [ms]
    var idleTimeout: Int64?
    var eagerness = "auto"
    var createsResponse = true
    var interruptsResponse = true

    init() {}

    /// The settings that `json` gives on top of `previous`, if that is of the same type, or of the defaults.
    init(json: JSON, previous: TurnDetection?) {
        let kind = json["type"]?.string.flatMap(Kind.init) ?? .server
        if let previous, previous.kind == kind { self = previous }
        self.kind = kind
        if let value = json["threshold"]?.number { threshold = value }
        if let value = json["prefix_padding_ms"]?.integer { prefixPadding = value }
        if let value = json["silence_duration_ms"]?.integer { silenceDuration = value }
        if let value = json["idle_timeout_ms"] { idleTimeout = value.integer }
        if let value = json["create_response"]?.bool { createsResponse = value }
        if let value = json["interrupt_response"]?.bool { interruptsResponse = value }
        if let value = json["eagerness"]?.string { eagerness = value }
        if kind == .semantic {
            // No language model judges here: eagerness chooses the silence that ends a turn.
            silenceDuration = eagerness == "high" ? 300 : eagerness == "low" ? 1_200 : 600
        }
    }

    var json: JSON {
        switch kind {
        case .server:
            [
                "type": .string(kind.rawValue), "threshold": .number(threshold),
                "prefix_padding_ms": .integer(prefixPadding), "silence_duration_ms": .integer(silenceDuration),
                "idle_timeout_ms": idleTimeout.map(JSON.integer) ?? .null,
                "create_response": .bool(createsResponse), "interrupt_response": .bool(interruptsResponse),
            ]
        case .semantic:
            [
                "type": .string(kind.rawValue), "eagerness": .string(eagerness),
                "create_response": .bool(createsResponse), "interrupt_response": .bool(interruptsResponse),
            ]
        }
    }
}

/// Finds begin and end of speech in a row of voiced and unvoiced frames.
struct TurnDetector: Sendable {
    enum Event: Hashable, Sendable {
        /// Speech began; the position is that of the first voiced frame, less the padding. [ms]
        case started(at: Int64)
        /// Speech ended; the position is where the silence that proved it ends. [ms]
        case stopped(at: Int64)
    }

    /// Frames that are looked at together for the begin of speech.
    private static let windowLength = 8
    /// Voiced frames in a row that call off a silence; fewer are a click.
    private static let shortestResumption = 2

    let settings: TurnDetection
    private var window: [(start: Int64, isVoiced: Bool)] = []
    private var isSpeaking = false
    private var lastVoicedEnd: Int64 = 0
    /// Voiced frames since the last unvoiced one.
    private var voicedRun = 0
    /// No turn reaches back behind this. [ms]
    private var earliestStart: Int64

    init(settings: TurnDetection, from position: Int64) {
        self.settings = settings
        earliestStart = position
    }

    /// Advances by one frame.
    ///
    /// - Parameters:
    ///   - start: Where the frame begins on the session's audio clock. [ms]
    ///   - end: Where it ends. [ms]
    mutating func receive(isVoiced: Bool, from start: Int64, to end: Int64) -> Event? {
        if isSpeaking {
            voicedRun = isVoiced ? voicedRun + 1 : 0
            if voicedRun >= Self.shortestResumption { lastVoicedEnd = end }
            guard end - lastVoicedEnd >= max(settings.silenceDuration, 20) else { return nil }
            isSpeaking = false
            earliestStart = end
            return .stopped(at: end)
        }
        window.append((start, isVoiced))
        if window.count > Self.windowLength { window.removeFirst() }
        let voiced = window.filter(\.isVoiced)
        let needed = min(Self.windowLength, 1 + Int(settings.threshold * Double(Self.windowLength)))
        guard voiced.count >= needed, let first = voiced.first else { return nil }
        isSpeaking = true
        lastVoicedEnd = end
        voicedRun = Self.shortestResumption
        window.removeAll(keepingCapacity: true)
        return .started(at: max(earliestStart, first.start - settings.prefixPadding))
    }
}

/// How the model's server shall misbehave, for tests of its clients: a list of rules, all of which apply.
///
/// A value, settled by a seed: the same requests in the same order meet the same faults. ``init(parsing:)`` reads what
/// an operator writes.
public struct Misbehaviour: Hashable, Sendable {
    /// Where a rule applies.
    public enum Place: String, CaseIterable, Hashable, Sendable {
        case chat, responses, speech, transcriptions, realtime
        /// Realtime sessions with `intent=transcription`.
        case transcriptionSession = "transcription-session"
        case live
    }

    /// When in a reply or a session something happens.
    public enum Moment: Hashable, Sendable {
        /// Before the first byte.
        case start
        /// When a part of the body, or of a response's output, has gone out.
        case middle
        /// So long after the begin of the reply or the session.
        case after(Duration)
    }

    /// A distribution of delays.
    public enum Latency: Hashable, Sendable {
        case constant(Duration)
        case uniform(ClosedRange<Duration>)
        /// Log-normal: half of all delays are shorter than `median`, one in a hundred is longer than `rarely`.
        case skewed(median: Duration, rarely: Duration)
    }

    public enum Fault: Hashable, Sendable {
        /// A reply begins later; each event of a session comes later, in order.
        case latency(Latency)
        /// Nothing more comes, and the connection stays open.
        case stall(Moment)
        /// An HTTP error instead of the reply; a session ends with an `error` event instead of beginning.
        case refusal(status: Int, retryAfter: Duration?)
        /// The connection is dropped: without the end of a body, or without a close frame.
        case drop(Moment)
        /// JSON ends in the middle: of the body, or of one event, after which the stream goes on.
        case truncation
        /// Bytes come in pieces that end anywhere: within events, characters and samples.
        case oddChunks
        /// Some events change places with the next.
        case disorder
        /// Some events come twice.
        case duplicates
        /// Events of unknown types come between the others.
        case unknownEvents
        /// The session ends after so long, as it does at its hour: with 1001.
        case expiry(after: Duration)
    }

    public struct Rule: Hashable, Sendable {
        /// Empty is everywhere.
        public var places: Set<Place>
        public var fault: Fault
        /// Of each key, so many requests or sessions are left alone first.
        public var skipped = 0
        /// Of each key, so many requests or sessions meet the fault, and then none; `nil` for all.
        public var times: Int?
        /// How likely a request or session meets the fault, 0…1.
        public var chance = 1.0
        /// The only key that meets it; `nil` for all.
        public var key: String?

        public init(_ fault: Fault, at places: Set<Place> = []) {
            self.fault = fault
            self.places = places
        }
    }

    public var rules: [Rule]

    public init(_ rules: [Rule] = []) {
        self.rules = rules
    }

    public static func + (left: Misbehaviour, right: Misbehaviour) -> Misbehaviour {
        Misbehaviour(left.rules + right.rules)
    }
}

extension Misbehaviour.Place {
    init(_ endpoint: EndpointRequest.Endpoint) {
        switch endpoint {
        case .chat: self = .chat
        case .responses: self = .responses
        case .speech: self = .speech
        case .transcriptions: self = .transcriptions
        }
    }
}

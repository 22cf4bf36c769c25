import Conversation
import MediaEngine
import SansIO
import Synchronization

/// What happened when inside of calls that converse: to be put beside what their load saw.
struct TurnMoments: Sendable {
    enum Kind: String, CaseIterable, Sendable {
        /// The caller's voice has paused: a segment of speech is whole.
        case voiceStopped = "voice_stopped"
        /// What the agent says is held: the caller may be interrupting.
        case held
        /// What the agent says is dropped.
        case flushed
        /// A part of a reply has its first audio in the playout queue.
        case played
    }

    struct Moment: Sendable {
        let call: Int
        /// By the monotonic clock, which is the same in all processes. [ns]
        let at: Int64
    }

    private var moments: [Kind: [Moment]] = [:]
    /// As the calls' records have them.
    var latencies: [TurnLatency] = []

    init() {}

    init(json: JSON?) {
        for kind in Kind.allCases {
            moments[kind] = (json?[kind.rawValue]?.array ?? []).compactMap { entry in
                guard let pair = entry.array, pair.count == 2, let call = pair[0].integer, let at = pair[1].integer
                else { return nil }
                return Moment(call: Int(call), at: at)
            }
        }
    }

    mutating func note(_ kind: Kind, of call: Int, at: Int64) {
        moments[kind, default: []].append(Moment(call: call, at: at))
    }

    /// The first of a call in a time.
    func first(_ kind: Kind, of call: Int, in time: ClosedRange<Int64>) -> Int64? {
        moments[kind]?.first { $0.call == call && time.contains($0.at) }?.at
    }

    /// The last of a call in a time.
    func last(_ kind: Kind, of call: Int, in time: ClosedRange<Int64>) -> Int64? {
        moments[kind]?.last { $0.call == call && time.contains($0.at) }?.at
    }

    var json: JSON {
        .object(
            JSONObject(
                members: Kind.allCases.map { kind in
                    (
                        kind.rawValue,
                        JSON.array(
                            (moments[kind] ?? []).map { .array([.integer(Int64($0.call)), .integer($0.at)]) })
                    )
                }))
    }
}

extension HostFigures {
    func note(_ kind: TurnMoments.Kind, of call: Int) {
        let now = MonotonicClock.now().nanoseconds
        moments.withLock { $0.note(kind, of: call, at: now) }
    }
}

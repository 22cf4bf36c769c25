public import SansIO

/// TEMPORARY
public struct TurnOptions: Hashable, Sendable {
    public init() {}
    public init(json: JSON) throws {}
    public var json: JSON { [:] }
}

struct TurnTaking: Sendable {
    enum Output: Hashable, Sendable {
        case beginSegment(UInt64, from: Int)
        case endSegment(UInt64, range: Range<Int>)
        case dropSegment(UInt64)
        case turnStarted
        case pause, resume
        case partial(String)
        case preempt(String)
        case discardPreemption
        case committed(String, spokeUntil: Instant, transcribedAt: Instant?)
        case abandoned
    }
    private var next: UInt64 = 1
    private var from: [UInt64: Int] = [:]
    private var text = ""
    private var open: UInt64?
    private var waiting: UInt64?
    private var stoppedAt: Instant?
    private var transcribedAt: Instant?
    var nextDeadline: Instant? { transcribedAt != nil && open == nil && waiting == nil ? stoppedAt.map { $0 + .milliseconds(500) } : nil }
    init(options: TurnOptions, language: String?) {}
    mutating func voiceStarted(at position: Int, now: Instant) -> [Output] {
        let isNew = stoppedAt == nil && open == nil
        open = next; from[next] = position; next += 1
        stoppedAt = nil
        var outputs: [Output] = [.beginSegment(next - 1, from: position)]
        if isNew { outputs.append(.turnStarted); text = "" } else { outputs.append(.discardPreemption) }
        return outputs
    }
    mutating func voiceStopped(at position: Int, now: Instant) -> [Output] {
        guard let id = open else { return [] }
        open = nil; waiting = id; stoppedAt = now; transcribedAt = nil
        return [.endSegment(id, range: from[id]!..<max(position, from[id]!))]
    }
    mutating func transcriptDelta(_ id: UInt64, _ text: String, now: Instant) -> [Output] { [] }
    mutating func transcribed(_ id: UInt64, _ words: String, now: Instant) -> [Output] {
        guard waiting == id else { return [] }
        waiting = nil
        if !words.isEmpty { text += (text.isEmpty ? "" : " ") + words }
        transcribedAt = now
        return open == nil && !text.isEmpty ? [.preempt(text)] : []
    }
    mutating func transcriptFailed(_ id: UInt64, now: Instant) -> [Output] { transcribed(id, "", now: now) }
    mutating func allow(answers: Bool, interruptions: Bool, at: Instant) -> [Output] { [] }
    mutating func agentChanged(isAudible: Bool, isInterruptible: Bool, at: Instant) -> [Output] { [] }
    mutating func deadline(at now: Instant) -> [Output] {
        guard let due = nextDeadline, due <= now, let stopped = stoppedAt else { return [] }
        stoppedAt = nil
        defer { text = "" }
        return text.isEmpty ? [.abandoned] : [.committed(text, spokeUntil: stopped, transcribedAt: transcribedAt)]
    }
    mutating func close() {}
}

import SansIO

@testable import Conversation

/// A media session's playout queue: 160 bytes every 20 ms, reports as the real one gives them.
struct SimulatedMedia {
    enum Order {
        case play(PlayoutTag, Int)
        case finish(PlayoutTag)
        case flush
        case pause, resume
    }

    enum Effect {
        case report(MediaReport)
        case tick(Duration)
    }

    private struct Part {
        let tag: PlayoutTag
        var queued: Int
        var played = 0
        var isFinished = false
    }

    private var parts: [Part] = []
    private var isTicking = false
    private var isPaused = false

    mutating func receive(_ order: Order, at now: Instant) -> [Effect] {
        switch order {
        case .play(let tag, let bytes):
            if let index = parts.firstIndex(where: { $0.tag == tag }) {
                parts[index].queued += bytes
            } else {
                parts.append(Part(tag: tag, queued: bytes))
            }
        case .finish(let tag):
            guard let index = parts.firstIndex(where: { $0.tag == tag }) else { return [] }
            parts[index].isFinished = true
        case .flush:
            isPaused = false
            let dropped = parts.reduce(0) { $0 + $1.queued }
            let cut = parts.first { $0.played > 0 }
            parts = []
            return [.report(.flushed(tag: cut?.tag, played: cut?.played ?? 0, dropped: dropped))]
        case .pause: isPaused = true
        case .resume: isPaused = false
        }
        guard !isTicking else { return [] }
        isTicking = true
        return [.tick(.milliseconds(20))]
    }

    mutating func tick(at now: Instant) -> [Effect] {
        if isPaused { return [.tick(.milliseconds(20))] }
        var effects: [Effect] = []
        var room = 160
        while room > 0, let part = parts.first {
            let bytes = min(room, part.queued)
            if bytes > 0, part.played == 0 { effects.append(.report(.playoutStarted(tag: part.tag, at: now))) }
            parts[0].queued -= bytes
            parts[0].played += bytes
            room -= bytes
            guard parts[0].queued == 0 else { break }
            guard parts[0].isFinished else { break }
            effects.append(.report(.playoutEnded(tag: part.tag, bytes: parts[0].played)))
            parts.removeFirst()
        }
        isTicking = !parts.isEmpty
        effects.append(isTicking ? .tick(.milliseconds(20)) : .report(.drained))
        return effects
    }
}

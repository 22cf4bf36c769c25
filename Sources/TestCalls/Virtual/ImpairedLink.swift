import SansIO

/// One direction of a network that loses, delays, reorders and duplicates datagrams by a seed.
struct ImpairedLink {
    /// How much later a datagram arrives that its successors overtake: more than two packet times.
    private static let overtaken = Duration.milliseconds(50)

    let conditions: NetworkConditions
    private var random: SeededRandom
    private var isInBurst = false
    /// When the latest datagram arrives; the next ones do not come before it, unless they are to be overtaken.
    private var lastArrival = Instant.zero

    init(_ conditions: NetworkConditions, seed: UInt64) {
        self.conditions = conditions
        random = SeededRandom(seed: seed)
    }

    /// When a datagram arrives; empty when it is lost, two times when it is duplicated.
    mutating func arrivals(sentAt now: Instant) -> [Instant] {
        guard !conditions.isPerfect else { return [now] }
        if isLost() { return [] }
        var arrival = now + conditions.delay
        if conditions.jitter > .zero {
            arrival += .nanoseconds(Int64.random(in: 0...conditions.jitter.nanoseconds, using: &random))
        }
        if random.chance(conditions.reorder) {
            arrival = max(arrival, lastArrival) + Self.overtaken
        } else {
            arrival = max(arrival, lastArrival)
            lastArrival = arrival
        }
        return random.chance(conditions.duplicate) ? [arrival, arrival] : [arrival]
    }

    /// The Gilbert model: losses come in bursts whose mean length is given, and are the given share of all datagrams.
    private mutating func isLost() -> Bool {
        guard conditions.loss > 0 else { return false }
        guard conditions.loss < 1 else { return true }
        let leave = 1 / max(conditions.burst, 1)
        let enter = min(1, leave * conditions.loss / (1 - conditions.loss))
        isInBurst = isInBurst ? !random.chance(leave) : random.chance(enter)
        return isInBurst
    }
}

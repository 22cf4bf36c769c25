import Glibc
import SansIO

/// Settles which request or session meets which fault: counts for each key, and draws.
struct MisbehaviourLedger: Sendable {
    /// Most keys that are counted; the counts begin anew behind it.
    private static let maximumKeys = 10_000

    private let misbehaviour: Misbehaviour
    private var random: SeededRandom
    /// How often each rule was asked for a key.
    private var counts: [String: [Int]] = [:]

    init(_ misbehaviour: Misbehaviour, seed: UInt64) {
        self.misbehaviour = misbehaviour
        random = SeededRandom(seed: seed ^ 0xBAD)
    }

    /// The faults that the next request or session of a key meets.
    ///
    /// - Parameter own: Rules of the key's own, besides those for all.
    mutating func faults(
        at place: Misbehaviour.Place, key: String, own: Misbehaviour = Misbehaviour()
    ) -> [Misbehaviour.Fault] {
        let rules = misbehaviour.rules + own.rules
        guard !rules.isEmpty else { return [] }
        if counts.count >= Self.maximumKeys, counts[key] == nil { counts = [:] }
        var count = counts[key] ?? []
        while count.count < rules.count { count.append(0) }
        var faults: [Misbehaviour.Fault] = []
        for (index, rule) in rules.enumerated() {
            guard rule.places.isEmpty || rule.places.contains(place), rule.key == nil || rule.key == key else {
                continue
            }
            let number = count[index]
            count[index] += 1
            let isDue = number >= rule.skipped && rule.times.map { number - rule.skipped < $0 } ?? true
            if isDue, rule.chance >= 1 || random.chance(rule.chance) { faults.append(rule.fault) }
        }
        counts[key] = count
        return faults
    }

    /// The reply with the faults that are due.
    mutating func misbehave(
        _ reply: EndpointReply, on place: Misbehaviour.Place, key: String, own: Misbehaviour = Misbehaviour()
    ) -> EndpointReply {
        reply.misbehaving(faults(at: place, key: key, own: own), random: &random)
    }

    /// The faults of the next session, applied to what it sends.
    mutating func session(
        at place: Misbehaviour.Place, key: String, own: Misbehaviour = Misbehaviour(), from start: Instant
    ) -> MisbehavingSession {
        let faults = faults(at: place, key: key, own: own)
        return MisbehavingSession(faults, seed: faults.isEmpty ? 0 : random.next(), from: start)
    }
}

extension Misbehaviour.Latency {
    /// The 99th percentile of the standard normal distribution.
    private static let percentile99 = 2.326_347_874

    func draw(_ random: inout SeededRandom) -> Duration {
        switch self {
        case .constant(let duration): return duration
        case .uniform(let range):
            return .nanoseconds(
                Int64.random(in: range.lowerBound.nanoseconds...range.upperBound.nanoseconds, using: &random))
        case .skewed(let median, let rarely):
            // Box and Muller, 1958.
            let radius = (-2 * log(Double.random(in: Double.leastNonzeroMagnitude...1, using: &random))).squareRoot()
            let normal = radius * cos(2 * .pi * Double.random(in: 0..<1, using: &random))
            let spread = log(rarely.seconds / median.seconds) / Self.percentile99
            // No delay is longer than a day.
            return .seconds(min(median.seconds * exp(spread * normal), 86_400))
        }
    }
}

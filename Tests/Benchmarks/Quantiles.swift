import MediaEngine
import SansIO

/// The figures of a distribution. [µs]
struct Quantiles {
    var count: Int
    var p50: Double
    var p99: Double
    var p999: Double

    /// What was counted between two states of a histogram: upper edges of its buckets, which are a quarter of a power
    /// of two wide.
    init(_ end: LatencyHistogram, since begin: LatencyHistogram) {
        var counted = LatencyHistogram()
        for (bucket, (now, before)) in zip(end.counts, begin.counts).enumerated() where now > before {
            // The middle of a bucket, in the unit of `record`.
            let exponent = bucket / 4 - 1
            let microseconds = bucket < 4 ? Int64(bucket) : Int64(4 + bucket % 4) << Int64(exponent)
            for _ in 0..<(now - before) { counted.record(nanoseconds: microseconds * 1_000) }
        }
        count = Int(counted.count)
        p50 = counted.microseconds(atQuantile: 0.5)
        p99 = counted.microseconds(atQuantile: 0.99)
        p999 = counted.microseconds(atQuantile: 0.999)
    }

    /// Of values as they are. [µs]
    init(of values: [Double]) {
        let sorted = values.sorted()
        func value(_ quantile: Double) -> Double {
            let rank = Int((Double(sorted.count) * quantile).rounded(.up))
            return sorted.isEmpty ? 0 : sorted[max(0, rank - 1)]
        }
        count = sorted.count
        p50 = value(0.5)
        p99 = value(0.99)
        p999 = value(0.999)
    }

    init(json: JSON?) {
        count = Int(json?["count"]?.integer ?? 0)
        p50 = json?["p50"]?.number ?? 0
        p99 = json?["p99"]?.number ?? 0
        p999 = json?["p999"]?.number ?? 0
    }

    var json: JSON {
        ["count": .integer(Int64(count)), "p50": .number(p50), "p99": .number(p99), "p999": .number(p999)]
    }
}

import Synchronization

/// Durations counted in buckets that grow by a quarter of a power of two: from 1 µs to over a minute, error below 13 %.
public struct LatencyHistogram: Sendable, Hashable {
    static let bucketCount = 104

    /// Durations counted in each bucket.
    public private(set) var counts: [UInt64]

    public init() {
        counts = Array(repeating: 0, count: Self.bucketCount)
    }

    init(_ shared: borrowing SharedHistogram) {
        counts = []
        for bucket in 0..<Self.bucketCount { counts.append(shared.count(of: bucket)) }
    }

    /// Durations counted.
    public var count: UInt64 { counts.reduce(0, +) }

    /// Counts one duration; negative ones as 0. [ns]
    public mutating func record(nanoseconds: Int64) {
        counts[Self.bucket(nanoseconds: nanoseconds)] += 1
    }

    public mutating func merge(_ other: LatencyHistogram) {
        for index in counts.indices { counts[index] += other.counts[index] }
    }

    /// The duration that the given share of all does not exceed: the upper edge of its bucket. [µs]
    ///
    /// - Parameter quantile: 0…1.
    /// - Returns: 0 when nothing was counted.
    public func microseconds(atQuantile quantile: Double) -> Double {
        let total = count
        guard total > 0 else { return 0 }
        let rank = max(1, UInt64((Double(total) * min(max(quantile, 0), 1)).rounded(.up)))
        var seen: UInt64 = 0
        for (index, count) in counts.enumerated() {
            seen += count
            if seen >= rank { return Double(Self.upperEdge(of: index)) }
        }
        return Double(Self.upperEdge(of: Self.bucketCount - 1))
    }

    /// Whole microseconds 0…3 have a bucket each; above, every power of two has four.
    static func bucket(nanoseconds: Int64) -> Int {
        let microseconds = UInt64(max(0, nanoseconds) / 1_000)
        guard microseconds >= 4 else { return Int(microseconds) }
        let exponent = 63 - microseconds.leadingZeroBitCount
        let quarter = Int(microseconds >> UInt64(exponent - 2) & 3)
        return min(bucketCount - 1, 4 * (exponent - 1) + quarter)
    }

    /// The first duration that no longer belongs to the bucket. [µs]
    static func upperEdge(of bucket: Int) -> UInt64 {
        guard bucket >= 4 else { return UInt64(bucket + 1) }
        let exponent = UInt64(bucket / 4 + 1)
        return UInt64(4 + bucket % 4 + 1) << (exponent - 2)
    }
}

/// A histogram that one thread writes and others read.
struct SharedHistogram: ~Copyable {
    private let counts: UnsafeMutablePointer<Atomic<UInt64>>

    init() {
        counts = .allocate(capacity: LatencyHistogram.bucketCount)
        for index in 0..<LatencyHistogram.bucketCount { (counts + index).initialize(to: Atomic(0)) }
    }

    deinit {
        counts.deinitialize(count: LatencyHistogram.bucketCount)
        counts.deallocate()
    }

    /// Counts one duration. Only the owning thread may call it.
    func record(nanoseconds: Int64) {
        let counter = counts + LatencyHistogram.bucket(nanoseconds: nanoseconds)
        counter.pointee.store(counter.pointee.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
    }

    func count(of bucket: Int) -> UInt64 {
        (counts + bucket).pointee.load(ordering: .relaxed)
    }
}

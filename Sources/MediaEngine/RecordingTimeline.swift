import SansIO

/// Places both sides of a call on one timeline, in samples since the recording began.
struct RecordingTimeline {
    /// How far received audio may lie ahead of its arrival before it is placed anew. [samples]
    static let maximumLead = 480
    /// How far it may lie behind. [samples]
    static let maximumLag = 3_200

    private let origin: Instant
    private var next: Int?

    init(origin: Instant) {
        self.origin = origin
    }

    /// The position of `instant`; 0 before the beginning.
    func position(of instant: Instant) -> Int {
        max(0, Int((instant.nanoseconds &- origin.nanoseconds) / 125_000))
    }

    /// The position of the next received samples: behind those before, unless the clocks have drifted apart.
    mutating func place(_ count: Int, arrived instant: Instant) -> Int {
        let arrival = position(of: instant)
        var start = next ?? arrival
        if start - arrival > Self.maximumLead || arrival - start > Self.maximumLag { start = arrival }
        next = start + count
        return start
    }
}

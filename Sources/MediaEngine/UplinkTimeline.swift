import SansIO

/// Keeps what goes up as long as what was said: how much to conceal and how much silence to fill in.
///
/// The model's voice activity detector counts samples, not seconds. A far end that suppresses silence, and packets that
/// are lost, must therefore not shorten its audio. What a timestamp gap shows is filled when the next packet comes; what
/// lasts longer than ``patience`` is filled by the clock, as it passes, and not once more when the packet comes.
struct UplinkTimeline {
    /// What to put before a packet.
    struct Fill: Equatable {
        /// Made of the audio before the gap. [samples]
        var concealed = 0
        /// [samples]
        var silence = 0
    }

    /// The most that is concealed before silence. [samples]
    static let maximumConcealment = 480
    /// A timestamp jump from which the sender is taken to have started anew, unless the clock says that it was silent for
    /// so long. [samples]
    static let maximumGap: Int32 = 16_000
    /// By how much a sender's clock and jitter may differ from what the clock here has filled in. [samples]
    static let maximumDrift = 1_600
    /// How long nothing may come before the clock fills in, when the far end never suppressed silence. [ns]
    static let patience: Int64 = 200_000_000
    /// The same for a far end that suppresses silence. [ns]
    static let shortPatience: Int64 = 60_000_000

    private var expected: UInt32?
    private var lastPacket = Instant.zero
    private var lastLength = 0
    /// Filled by the clock since the last packet. [samples]
    private var filled = 0
    /// Filled by the clock although it was said later: to be taken from silence to come. [samples]
    private var surplus = 0
    private var suppressesSilence = false

    /// The far end has said that it sends nothing while it is silent.
    mutating func noteSuppression() {
        suppressesSilence = true
    }

    /// Ends a phase in which nothing was to come, as a hold; the clock fills nothing for it.
    mutating func suspend() {
        expected = nil
        filled = 0
        surplus = 0
    }

    /// The source changed: its timestamps have nothing to do with those before. The clock goes on.
    mutating func restart(at now: Instant) {
        guard expected != nil else { return }
        expected = nil
        filled = 0
        surplus = 0
        lastPacket = now
    }

    /// Files a packet of audio in order.
    ///
    /// - Parameter lost: Packets known to be missing before it.
    mutating func packet(timestamp: UInt32, samples: Int, lost: Int, at now: Instant) -> Fill {
        var fill = Fill()
        if let expected {
            let gap = Int32(bitPattern: timestamp &- expected)
            let isSilence = filled > 0 && abs(Int(gap) - filled) <= Self.maximumDrift
            if gap >= 0, gap <= Self.maximumGap || isSilence {
                if gap > 0, lost == 0 { suppressesSilence = true }
                fill = missing(Int(gap), lost: lost)
            } else {
                surplus = 0
            }
        }
        expected = timestamp &+ UInt32(truncatingIfNeeded: samples)
        lastPacket = now
        lastLength = samples
        filled = 0
        return fill
    }

    /// Silence to fill in now, because nothing came. [samples]
    mutating func tick(at now: Instant) -> Int {
        guard expected != nil else { return 0 }
        let elapsed = now.nanoseconds &- lastPacket.nanoseconds
        guard elapsed >= (suppressesSilence ? Self.shortPatience : Self.patience) else { return 0 }
        var due = Int(elapsed / 125_000) - lastLength - filled
        guard due > 0 else { return 0 }
        filled += due
        let absorbed = min(surplus, due)
        surplus -= absorbed
        due -= absorbed
        return due
    }

    private mutating func missing(_ gap: Int, lost: Int) -> Fill {
        if filled > gap {
            surplus = min(surplus + filled - gap, Int(Self.maximumGap))
            return Fill()
        }
        var rest = gap - filled
        var fill = Fill()
        if lost > 0, filled == 0 {
            fill.concealed = min(rest, Self.maximumConcealment)
            rest -= fill.concealed
        }
        let absorbed = min(surplus, rest)
        surplus -= absorbed
        fill.silence = rest - absorbed
        return fill
    }
}

import SansIO

/// The clock of a Live session, which is the audio that it is sent: while none comes, the model neither hears nor
/// speaks.
///
/// A line may send nothing for a while, be it for silence suppression or for a fault. What is missing is made up for by
/// silence.
struct InputClock: Sendable {
    /// How often ``silence(at:)`` is to be asked for.
    static let tick = Duration.milliseconds(100)
    /// Audio that is late, and not missing, comes within this.
    private static let patience = Duration.milliseconds(200)

    /// When the far end was last heard.
    private var heardAt: Instant
    /// Up to when the session has audio.
    private var filledUntil: Instant

    init(from now: Instant) {
        heardAt = now
        filledUntil = now
    }

    /// The far end was heard.
    mutating func appended(at now: Instant) {
        heardAt = now
        filledUntil = now
    }

    /// - Returns: The µ-law silence that is to be sent now; mostly none.
    mutating func silence(at now: Instant) -> [UInt8] {
        guard now - heardAt >= Self.patience else { return [] }
        let missing = Int((now - filledUntil).milliseconds)
        filledUntil = filledUntil + .milliseconds(Int64(missing))
        return [UInt8](repeating: 0xFF, count: max(0, missing) * 8)
    }
}

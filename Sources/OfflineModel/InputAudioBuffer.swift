import SansIO

/// The audio that a client has appended and nobody has committed yet, on a clock that counts bytes.
///
/// Positions are milliseconds of all audio ever appended in the session, whatever the wall clock says.
struct InputAudioBuffer: Sendable {
    private(set) var format: RealtimeAudioFormat
    /// Bytes from ``start`` to ``end``; empty for ever when audio is only counted.
    private var bytes: [UInt8] = []
    /// Bytes that are held or counted since the buffer was last emptied.
    private var length: Int64 = 0
    /// Bytes appended in this format before the held ones.
    private var consumed: Int64 = 0
    /// Position at which this format came into use. [ms]
    private var origin: Int64 = 0
    /// Whether audio is kept, or only its length.
    let keepsAudio: Bool

    init(format: RealtimeAudioFormat, keepsAudio: Bool) {
        self.format = format
        self.keepsAudio = keepsAudio
    }

    /// Position behind the newest byte. [ms]
    var end: Int64 { origin + (consumed + length) / Int64(format.bytesPerMillisecond) }

    /// Duration that a commit would take. [ms]
    var milliseconds: Double { Double(length) / Double(format.bytesPerMillisecond) }

    mutating func append(_ audio: [UInt8]) {
        if keepsAudio { bytes += audio }
        length += Int64(audio.count)
    }

    /// Adds audio of which only the length is known. [B]
    mutating func count(_ byteCount: Int) {
        length += Int64(byteCount)
    }

    /// Changes the format; what was buffered in the old one is lost.
    mutating func use(_ format: RealtimeAudioFormat) {
        guard format != self.format else { return }
        origin = end
        consumed = 0
        length = 0
        bytes = []
        self.format = format
    }

    mutating func clear() {
        consumed += length
        length = 0
        bytes = []
    }

    /// Empties the buffer and returns what it held.
    mutating func take() -> [UInt8] {
        let audio = bytes
        clear()
        return audio
    }

    /// Removes and returns the audio between two positions, and forgets what lies before. [ms]
    mutating func take(from start: Int64, to end: Int64) -> [UInt8] {
        discard(before: start)
        let count = min(length, max(0, offset(of: end)))
        consumed += count
        length -= count
        guard keepsAudio else { return [] }
        let audio = Array(bytes.prefix(Int(count)))
        bytes.removeFirst(Int(count))
        return audio
    }

    /// Forgets what lies before `position`. [ms]
    mutating func discard(before position: Int64) {
        let count = min(length, max(0, offset(of: position)))
        consumed += count
        length -= count
        if keepsAudio { bytes.removeFirst(Int(count)) }
    }

    /// Bytes from the first held byte to `position`.
    private func offset(of position: Int64) -> Int64 {
        (position - origin) * Int64(format.bytesPerMillisecond) - consumed
    }
}

import Audio
import Glibc

/// A stereo WAV file that is written as a call goes on: left the far end, right what was sent, 8 kHz, 16 bits.
///
/// Both sides are placed by position. What is newer than ``window`` stays in memory, since one side may come later than
/// the other; what is older is on disk. The header is brought up to date again and again, so that a crash leaves a file
/// that can be read.
struct RecordingFile {
    /// Frames that are kept before they are written: half a second.
    static let window = 4_000
    /// A position further ahead than this is a fault, not audio: ten minutes.
    static let maximumAdvance = 4_800_000

    private let descriptor: Int32
    /// Frames on disk.
    private var written = 0
    /// Interleaved samples behind them.
    private var pending: [Int16] = []
    private(set) var failure: Int32?

    /// - Throws: ``MediaError`` with code ``MediaError/Code/recording``.
    init(path: String) throws(MediaError) {
        descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let error = errno
            throw MediaError(
                .recording, "The recording \(path) can't be made: \(String(cString: strerror(error))).",
                errorNumber: error)
        }
        writeHeader()
    }

    /// Frames so far.
    var frames: Int { written + pending.count / 2 }

    /// Puts samples of one side in their place. What lies before the written part is dropped.
    mutating func place(_ payload: UnsafeRawBufferPointer, law: G711.Law, side: RecordingTap.Side, position: Int) {
        guard position < frames + Self.maximumAdvance else { return }
        extend(to: position + payload.count)
        let channel = side == .left ? 0 : 1
        for (offset, byte) in payload.enumerated() {
            let frame = position + offset - written
            if frame >= 0 { pending[2 * frame + channel] = G711.decode(byte, law) }
        }
    }

    /// Lengthens the file with silence.
    mutating func extend(to position: Int) {
        guard position > frames, position < frames + Self.maximumAdvance else { return }
        pending.append(contentsOf: repeatElement(0, count: 2 * (position - frames)))
    }

    /// Writes what is older than the window.
    mutating func settle() {
        write(frames: pending.count / 2 - Self.window)
    }

    /// Brings the header up to date.
    mutating func writeHeader() {
        let header = WAVFile.header(sampleRate: G711.sampleRate, channelCount: 2, dataByteCount: 4 * written)
        header.withUnsafeBytes { put($0, at: 0) }
    }

    /// Writes the rest and closes the file.
    mutating func close() {
        write(frames: pending.count / 2)
        writeHeader()
        if Glibc.close(descriptor) != 0, failure == nil { failure = errno }
    }

    private mutating func write(frames count: Int) {
        guard count > 0 else { return }
        let offset = Self.headerSize + 4 * written
        pending.withUnsafeBytes { put(UnsafeRawBufferPointer(rebasing: $0[..<(4 * count)]), at: offset) }
        pending.removeFirst(2 * count)
        written += count
    }

    private static let headerSize = WAVFile.header(
        sampleRate: G711.sampleRate, channelCount: 2, dataByteCount: 0
    ).count

    /// Writes all of `bytes`, or notes why not. After a failure nothing more is written.
    private mutating func put(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        var done = 0
        while done < bytes.count, failure == nil {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
            if count > 0 { done += count } else if count == 0 || errno != EINTR { failure = count == 0 ? EIO : errno }
        }
    }
}

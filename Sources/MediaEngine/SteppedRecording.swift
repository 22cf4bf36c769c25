import Synchronization

/// A recording of a media session in virtual time: what the recorder's thread does, done when it is told. Used by one
/// thread at a time.
public final class SteppedRecording {
    private let recording: Recording

    /// - Throws: ``MediaError`` when the file can't be made.
    public init(path: String) throws(MediaError) {
        recording = try Recording(path: path) { _ in }
    }

    /// From the session's next tick on, both sides are recorded: left the far end, right what is sent.
    public func begin(on channel: MediaChannel) {
        channel.record(to: recording.tap)
    }

    /// Moves what has come to the file. To be called every few seconds of the call: the way there holds eight.
    public func write() {
        _ = recording.write(updatesHeader: false)
    }

    /// Completes the file; the session is closed, or has been told to record no more.
    public func finish() {
        recording.isAbandoned.store(true, ordering: .releasing)
        _ = recording.write(updatesHeader: true)
    }
}

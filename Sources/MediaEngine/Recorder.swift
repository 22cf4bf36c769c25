import Audio
import CLinux
import Glibc
import SansIO
import Synchronization

/// How a recording ended.
public struct RecordingOutcome: Sendable, Hashable {
    public var path: String
    /// [s]
    public var seconds: Double
    /// Why the file is not complete; `nil` when it is.
    public var failure: MediaError?
}

/// One recording: the way that a media session writes to, and the file that the recorder's thread makes of it.
final class Recording: Sendable {
    let path: String
    /// Freed in `deinit`, when neither the session nor the recorder has use for it.
    nonisolated(unsafe) let tap: UnsafeMutablePointer<RecordingTap>
    /// The session is gone; what is in the tap is all.
    let isAbandoned = Atomic<Bool>(false)
    /// The file is closed.
    let isFinished = Atomic<Bool>(false)
    private let file: Mutex<RecordingFile>
    private let completion: @Sendable (RecordingOutcome) -> Void

    init(path: String, completion: @escaping @Sendable (RecordingOutcome) -> Void) throws(MediaError) {
        self.path = path
        self.completion = completion
        file = Mutex(try RecordingFile(path: path))
        tap = .allocate(capacity: 1)
        tap.initialize(to: RecordingTap())
    }

    deinit {
        tap.deinitialize(count: 1)
        tap.deallocate()
    }

    /// Moves what has come to the file; nothing when that is closed. Called by the recorder's thread only.
    ///
    /// - Parameter updatesHeader: Whether it is time for that.
    /// - Returns: Whether the recording is over; the file is closed then.
    func write(updatesHeader: Bool) -> Bool {
        // The file is closed, and its descriptor may be another file's by now.
        if isFinished.load(ordering: .acquiring) { return true }
        // Read before the tap is emptied, so that nothing written before it was set is missed.
        let isLast = isAbandoned.load(ordering: .acquiring)
        let outcome = file.withLock { file -> RecordingOutcome? in
            var isOver = isLast
            while let record = tap.pointee.ring.first() {
                let position = Int(record.instant.nanoseconds)
                if record.kind & RecordingTap.endBit != 0 {
                    file.extend(to: position)
                    isOver = true
                } else {
                    file.place(
                        record.payload, law: record.kind & RecordingTap.lawBit == 0 ? .mu : .a,
                        side: record.kind & 1 == 0 ? .left : .right, position: position)
                }
                tap.pointee.ring.advance(over: record)
            }
            guard isOver else {
                file.settle()
                if updatesHeader { file.writeHeader() }
                return nil
            }
            file.close()
            let failure = file.failure.map {
                MediaError(
                    .recording, "The recording \(path) is not complete: \(String(cString: strerror($0))).",
                    errorNumber: $0)
            }
            return RecordingOutcome(
                path: path, seconds: Double(file.frames) / Double(G711.sampleRate), failure: failure)
        }
        guard let outcome else { return false }
        isFinished.store(true, ordering: .releasing)
        completion(outcome)
        return true
    }
}

/// The thread that writes recordings to disk, so that no disk ever holds up a packet.
final class Recorder: Sendable {
    /// How often taps are emptied; they hold more than eight seconds. [ms]
    private static let period: Int32 = 100
    /// Headers are brought up to date every so many periods.
    private static let periodsPerHeader = 20

    private let recordings = Mutex<[Recording]>([])
    private let isStopped = Atomic<Bool>(false)
    private let event: Int32
    private let thread: Mutex<MediaThreadHandle?>

    init() throws(MediaError) {
        event = clinux_event_create()
        thread = Mutex(nil)
        guard event >= 0 else {
            throw MediaError(.system, "No file descriptors are left for the recorder; raise the limit (ulimit -n).")
        }
    }

    deinit { if event >= 0 { clinux_close(event) } }

    /// Takes over a recording. The thread starts with the first one.
    func add(_ recording: Recording) throws(MediaError) {
        let failure = thread.withLock { thread -> MediaError? in
            guard thread == nil else { return nil }
            do throws(MediaError) {
                thread = try MediaThreadHandle(name: "recorder") { [self] in run() }
                return nil
            } catch { return error }
        }
        if let failure { throw failure }
        recordings.withLock { $0.append(recording) }
        clinux_event_signal(event)
    }

    /// Closes every recording and ends the thread.
    func stop() {
        for recording in recordings.withLock({ $0 }) { recording.isAbandoned.store(true, ordering: .releasing) }
        isStopped.store(true, ordering: .releasing)
        clinux_event_signal(event)
        let handle = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        handle?.join()
    }

    /// Looks at once for recordings that have ended.
    func hurry() {
        clinux_event_signal(event)
    }

    private func run() {
        var round = 0
        while true {
            let isLast = isStopped.load(ordering: .acquiring)
            let open = recordings.withLock { $0 }
            round += 1
            for recording in open where recording.write(updatesHeader: round % Self.periodsPerHeader == 0) {
                recordings.withLock { $0.removeAll { $0 === recording } }
            }
            if isLast { return }
            clinux_event_wait(event, open.isEmpty ? -1 : Self.period)
        }
    }
}

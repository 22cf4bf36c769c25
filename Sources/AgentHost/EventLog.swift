import Dispatch
import Glibc
public import SansIO
import Synchronization

/// The record of one call, a JSON object a line: what came in, and what followed, in the one order in which the call's
/// session saw it.
///
/// The lines hold what was said: they belong to the operator's folder of calls, not to a log.
public final class EventLog: Sendable {
    /// A file that cannot be written.
    public struct Unwritable: Error, Sendable, CustomStringConvertible {
        public let description: String
    }

    private struct Output: ~Copyable {
        // A C stream: used under the lock alone, closed once.
        var stream: UnsafeMutablePointer<FILE>?
        var hasFailed = false
    }

    private let output: Mutex<Output>
    /// Bytes that wait to be written.
    private let waiting = Atomic(0)
    /// What waits for the disk is this queue, never a call.
    private let queue = DispatchQueue(label: "event-log", qos: .utility)
    /// What may wait before lines are dropped. [byte]
    private static let backlog = 16 << 20

    /// Creates the file, readable by its owner only.
    public init(path: String) throws(Unwritable) {
        let descriptor = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0, let stream = fdopen(descriptor, "w") else {
            let reason = String(cString: strerror(errno))
            if descriptor >= 0 { Glibc.close(descriptor) }
            throw Unwritable(description: "Cannot write the event log \(path): \(reason).")
        }
        output = Mutex(Output(stream: stream))
    }

    deinit {
        closeNow()
    }

    /// Adds a line.
    ///
    /// - Parameters:
    ///   - elapsed: Time since the call began.
    ///   - kind: `in`, `out` or `note`.
    ///   - body: What happened.
    public func append(_ kind: String, elapsed: Duration, body: JSON) {
        var line = JSON.object(["ms": .integer(elapsed.milliseconds), "kind": .string(kind), "what": body]).bytes
        line.append(UInt8(ascii: "\n"))
        let count = line.count
        guard waiting.add(count, ordering: .relaxed).newValue <= EventLog.backlog else {
            waiting.subtract(count, ordering: .relaxed)
            return output.withLock { $0.hasFailed = true }
        }
        queue.async { [self, line] in
            output.withLock { output in
                guard let stream = output.stream, !output.hasFailed else { return }
                output.hasFailed = fwrite(line, 1, count, stream) != count
            }
            waiting.subtract(count, ordering: .relaxed)
        }
    }

    /// Writes what waits and closes the file.
    ///
    /// - Returns: `false` when a line could not be written, for example because the disk is full.
    public func close() async -> Bool {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: self.closeNow()) }
        }
    }

    @discardableResult
    private func closeNow() -> Bool {
        output.withLock { output in
            guard let stream = output.stream else { return !output.hasFailed }
            output.stream = nil
            if fclose(stream) != 0 { output.hasFailed = true }
            return !output.hasFailed
        }
    }
}

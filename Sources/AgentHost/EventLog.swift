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
        close()
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
        output.withLock { output in
            guard let stream = output.stream, !output.hasFailed else { return }
            output.hasFailed = fwrite(line, 1, line.count, stream) != line.count
        }
    }

    /// Writes what is buffered and closes the file.
    ///
    /// - Returns: `false` when a line could not be written, for example because the disk is full.
    @discardableResult
    public func close() -> Bool {
        output.withLock { output in
            guard let stream = output.stream else { return !output.hasFailed }
            output.stream = nil
            if fclose(stream) != 0 { output.hasFailed = true }
            return !output.hasFailed
        }
    }
}

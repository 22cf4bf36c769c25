import Dispatch
import Glibc
import Synchronization

/// A text file that grows by lines and is written on a queue of its own: what waits for the disk is never a call.
final class LineFile: Sendable {
    /// Why a file cannot be written; the description is the system's sentence.
    struct Unwritable: Error, Sendable, CustomStringConvertible {
        let description: String
    }

    private struct Output: ~Copyable {
        // A C stream: used under the lock alone, closed once.
        var stream: UnsafeMutablePointer<FILE>?
        var hasFailed = false
    }

    private let output: Mutex<Output>
    /// Whether each line is handed to the system at once, for those who read along.
    private let flushesLines: Bool
    /// Bytes that wait to be written.
    private let waiting = Atomic(0)
    /// Set when a line was dropped. The lock is never taken for it: who writes holds it while the disk is slow.
    private let isIncomplete = Atomic(false)
    private let queue = DispatchQueue(label: "line-file", qos: .utility)
    /// What may wait before lines are dropped. [byte]
    private static let backlog = 16 << 20

    /// Creates the file, readable by its owner only.
    init(path: String, flushesLines: Bool = false) throws(Unwritable) {
        let descriptor = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0, let stream = fdopen(descriptor, "w") else {
            let reason = String(cString: strerror(errno))
            if descriptor >= 0 { Glibc.close(descriptor) }
            throw Unwritable(description: reason)
        }
        self.flushesLines = flushesLines
        output = Mutex(Output(stream: stream))
    }

    deinit {
        closeNow()
    }

    /// Adds a line; lines stand in the file in the order of the calls.
    func append(_ text: some Sequence<UInt8>) {
        var line = Array(text)
        line.append(UInt8(ascii: "\n"))
        let count = line.count
        guard waiting.add(count, ordering: .relaxed).newValue <= LineFile.backlog else {
            waiting.subtract(count, ordering: .relaxed)
            return isIncomplete.store(true, ordering: .relaxed)
        }
        queue.async { [self, line] in
            output.withLock { output in
                guard let stream = output.stream, !output.hasFailed else { return }
                output.hasFailed =
                    fwrite(line, 1, count, stream) != count || (flushesLines && fflush(stream) != 0)
            }
            waiting.subtract(count, ordering: .relaxed)
        }
    }

    /// Writes what waits and closes the file.
    ///
    /// - Returns: `false` when a line could not be written, for example because the disk is full.
    func close() async -> Bool {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: self.closeNow()) }
        }
    }

    @discardableResult
    private func closeNow() -> Bool {
        output.withLock { output in
            if let stream = output.stream, fclose(stream) != 0 { output.hasFailed = true }
            output.stream = nil
            return !output.hasFailed && !isIncomplete.load(ordering: .relaxed)
        }
    }
}

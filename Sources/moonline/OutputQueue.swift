import Dispatch
import Synchronization

/// Text on its way to the terminal, written in one order on a queue of its own: a terminal that is slow, or stopped by
/// Ctrl-S, holds up no call.
final class OutputQueue: Sendable {
    /// What may wait before text is dropped. [byte]
    static let backlog = 4 << 20

    private let queue = DispatchQueue(label: "output")
    private let waiting = Atomic(0)
    private let dropped = Atomic(0)
    private let sink: @Sendable (String, Int32) -> Void

    /// - Parameter sink: Writes a text to a descriptor; called by one thread at a time, and may block.
    init(sink: @escaping @Sendable (String, Int32) -> Void) {
        self.sink = sink
    }

    /// Writes after all that was handed over before, and returns when it is done.
    func write(_ text: String, to descriptor: Int32) {
        queue.sync { sink(text, descriptor) }
    }

    /// Hands a line over. When too much waits it is dropped; how many were is told before the next one.
    func writeLater(_ text: String, to descriptor: Int32) {
        let count = text.utf8.count
        guard waiting.add(count, ordering: .relaxed).newValue <= OutputQueue.backlog else {
            waiting.subtract(count, ordering: .relaxed)
            dropped.add(1, ordering: .relaxed)
            return
        }
        queue.async { [self] in
            let missing = dropped.exchange(0, ordering: .relaxed)
            if missing > 0 { sink("(\(missing) lines are left out: the output was read too slowly)\n", descriptor) }
            sink(text, descriptor)
            waiting.subtract(count, ordering: .relaxed)
        }
    }

    /// Returns when everything is written.
    func flush() {
        queue.sync {}
    }
}

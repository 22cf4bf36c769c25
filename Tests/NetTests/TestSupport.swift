import Logging
import Net
import Synchronization

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Keeps what handlers were given, and lets a test wait for it.
final class Recorder<Element: Sendable>: Sendable {
    private struct State {
        var elements: [Element] = []
        var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    func record(_ element: Element) {
        let ready = state.withLock { state in
            state.elements.append(element)
            let ready = state.waiters.filter { state.elements.count >= $0.count }
            state.waiters.removeAll { state.elements.count >= $0.count }
            return ready
        }
        for waiter in ready { waiter.continuation.resume() }
    }

    var elements: [Element] { state.withLock { $0.elements } }

    /// The first `count` elements, as soon as there are as many.
    func first(_ count: Int) async -> [Element] {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                if state.elements.count >= count { return true }
                state.waiters.append((count, continuation))
                return false
            }
            if isReady { continuation.resume() }
        }
        return Array(elements.prefix(count))
    }
}

/// A logger that writes nothing.
let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// What was thrown by `body` as a ``NetError``.
func netError(_ body: () async throws(NetError) -> Void) async -> NetError? {
    do throws(NetError) {
        try await body()
        return nil
    } catch {
        return error
    }
}

import Synchronization

/// A value that callbacks of any thread change, and that a test waits for.
public final class Watched<Value: Sendable>: Sendable {
    private struct State {
        var value: Value
        var watchers: [UInt64: AsyncStream<Void>.Continuation] = [:]
        var lastWatcher: UInt64 = 0
    }

    private let state: Mutex<State>

    public init(_ value: Value) {
        state = Mutex(State(value: value))
    }

    public var value: Value { state.withLock { $0.value } }

    /// Changes the value, and wakes whoever waits for it.
    public func update(_ change: (inout Value) -> Void) {
        let watchers = state.withLock { state in
            change(&state.value)
            return Array(state.watchers.values)
        }
        for watcher in watchers { watcher.yield() }
    }

    /// Waits until `match` finds what it looks for in the value.
    ///
    /// - Parameters:
    ///   - what: Names it in the error.
    ///   - limit: How long at most.
    ///   - match: Called under a lock, for the value as it is and after each change; it must be quick.
    /// - Throws: ``NotSeen`` when the limit has passed, or the task is cancelled.
    @discardableResult
    public func wait<Found: Sendable>(
        for what: String, limit: Duration = .seconds(15), until match: @Sendable (Value) -> Found?
    ) async throws -> Found {
        let (changes, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state in
            state.lastWatcher += 1
            state.watchers[state.lastWatcher] = continuation
            return state.lastWatcher
        }
        let alarm = Task {
            try await ContinuousClock().sleep(for: limit)
            continuation.finish()
        }
        defer {
            alarm.cancel()
            state.withLock { $0.watchers[number] = nil }
        }
        continuation.yield()
        for await _ in changes {
            if let found = state.withLock({ match($0.value) }) { return found }
        }
        if let found = state.withLock({ match($0.value) }) { return found }
        throw NotSeen(description: "not seen within \(limit): \(what)")
    }
}

/// What a test waited for did not come.
public struct NotSeen: Error, CustomStringConvertible {
    public let description: String

    public init(description: String) {
        self.description = description
    }
}

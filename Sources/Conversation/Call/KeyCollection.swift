/// The keys that `call:gather_dtmf` collects, and those that were pressed before it.
struct KeyCollection: Hashable, Sendable {
    /// Keys that are kept for a later gathering.
    private static let capacity = 32

    struct Gathering: Hashable, Sendable {
        let task: ScriptTaskID
        let request: DTMFGathering
        var keys = ""
    }

    private(set) var gathering: Gathering?
    private var pressedBefore = ""

    enum Step: Hashable {
        /// The gathering goes on.
        case more
        case finished(ScriptTaskID, String)
    }

    /// Begins a gathering with what was pressed before.
    mutating func begin(_ request: DTMFGathering, for task: ScriptTaskID) -> Step {
        gathering = Gathering(task: task, request: request)
        let keys = pressedBefore
        pressedBefore = ""
        var rest = Substring(keys)
        while let key = rest.popFirst() {
            let step = add(key)
            if step != .more {
                pressedBefore = String(rest)
                return step
            }
        }
        return .more
    }

    /// Adds a key to the gathering under way.
    mutating func add(_ key: Character) -> Step {
        guard var current = gathering else { return .more }
        if key == current.request.terminator { return finish() }
        current.keys.append(key)
        gathering = current
        return current.keys.count >= current.request.maximum ? finish() : .more
    }

    /// Keeps a key for a later gathering.
    mutating func keep(_ key: Character) {
        if pressedBefore.count < Self.capacity { pressedBefore.append(key) }
    }

    /// Ends the gathering under way.
    mutating func finish() -> Step {
        guard let ended = gathering else { return .more }
        gathering = nil
        return .finished(ended.task, ended.keys)
    }
}

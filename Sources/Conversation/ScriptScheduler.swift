import SansIO

/// Runs the coroutines of one call's script one at a time and in order.
///
/// One `start` or `resume` is with the script host at any time. The next follows when its outcome is known: when the
/// coroutine has ended, or waits in a yield.
struct ScriptScheduler: Sendable {
    /// What a coroutine is for.
    enum Purpose: Hashable, Sendable {
        case onDial
        case onIncoming
        case notify(ScriptHandler)
        /// `on_function_call` before the call with this id.
        case check(callID: String)
        case action(callID: String)
        /// `on_function_result` behind the call with this id, which had this output.
        case result(callID: String, output: String)
        /// `before_llm` or `before_tts`.
        case rewrite(PipelineSession.Question)
        /// A function of `call:spawn` or `call:after`.
        case background
        case handOver
        case onHangUp

        /// The function call of the model that it serves.
        var callID: String? {
            switch self {
            case .check(let callID), .action(let callID), .result(let callID, _): callID
            default: nil
            }
        }
    }

    enum Step: Hashable, Sendable {
        case start(ScriptTaskID, ScriptEntry)
        case resume(ScriptTaskID, ScriptReply)
        case handOver(ScriptTaskID, version: String)

        var id: ScriptTaskID {
            switch self {
            case .start(let id, _), .resume(let id, _), .handOver(let id, _): id
            }
        }
    }

    private enum State {
        case queued, running, waiting, resuming
        /// With the script host, and to be closed when it comes back.
        case abandoned
    }

    private struct Coroutine {
        let purpose: Purpose
        var state: State
    }

    private var coroutines: [ScriptTaskID: Coroutine] = [:]
    private var queue: [Step] = []
    private var running: ScriptTaskID?
    private var nextNumber: UInt64 = 1

    /// Coroutines that run, wait, or are to be run.
    var count: Int { coroutines.count }
    /// Whether nothing runs, waits, or is to be run, but for functions in the background that wait.
    var isQuiet: Bool { coroutines.values.allSatisfy { $0.purpose == .background && $0.state == .waiting } }
    /// Whether nothing runs, waits, or is to be run.
    var isIdle: Bool { coroutines.isEmpty }
    /// Whether a coroutine is with the script host now.
    var isRunning: Bool { running != nil }
    /// Those that wait in a yield, in the order of their start.
    var waiting: [ScriptTaskID] { ids { $0 == .waiting } }

    func purpose(of id: ScriptTaskID) -> Purpose? { coroutines[id]?.purpose }
    func contains(_ id: ScriptTaskID) -> Bool { coroutines[id] != nil }
    /// The coroutine that serves a purpose which only one can have.
    func id(of purpose: Purpose) -> ScriptTaskID? { coroutines.first { $0.value.purpose == purpose }?.key }

    private func ids(where matches: (State) -> Bool) -> [ScriptTaskID] {
        coroutines.filter { matches($0.value.state) }.keys.sorted()
    }

    mutating func start(_ entry: ScriptEntry, for purpose: Purpose) -> ScriptTaskID {
        let id = ScriptTaskID(number: nextNumber)
        nextNumber += 1
        coroutines[id] = Coroutine(purpose: purpose, state: .queued)
        queue.append(.start(id, entry))
        return id
    }

    /// Asks the script host to go on with another version.
    mutating func handOver(version: String) -> ScriptTaskID {
        let id = ScriptTaskID(number: nextNumber)
        nextNumber += 1
        coroutines[id] = Coroutine(purpose: .handOver, state: .queued)
        queue.append(.handOver(id, version: version))
        return id
    }

    /// Forgets all that waits or is to go on, and the functions that were not started: the script host has closed it.
    mutating func forgetWaiting() -> [ScriptTaskID] {
        let gone = all.filter { id in
            guard let coroutine = coroutines[id] else { return false }
            return switch coroutine.state {
            case .waiting, .resuming: true
            case .queued: coroutine.purpose == .background
            case .running, .abandoned: false
            }
        }
        for id in gone { coroutines[id] = nil }
        queue.removeAll { gone.contains($0.id) }
        return gone
    }

    /// Answers the yielded request of a coroutine; without effect when it doesn't wait.
    mutating func resume(_ id: ScriptTaskID, _ reply: ScriptReply) {
        guard coroutines[id]?.state == .waiting else { return }
        coroutines[id]?.state = .resuming
        queue.append(.resume(id, reply))
    }

    /// The step to hand to the script host now.
    mutating func next() -> Step? {
        guard running == nil, !queue.isEmpty else { return nil }
        let step = queue.removeFirst()
        coroutines[step.id]?.state = .running
        running = step.id
        return step
    }

    enum Arrival: Hashable, Sendable {
        /// The outcome belongs to no step under way.
        case unknown
        /// The coroutine is no longer wanted; `mustClose` when it waits in a yield.
        case abandoned(mustClose: Bool)
        case expected(Purpose)
    }

    /// Takes note of the outcome of the step under way.
    mutating func receive(_ outcome: ScriptOutcome, of id: ScriptTaskID) -> Arrival {
        guard running == id, let coroutine = coroutines[id] else { return .unknown }
        running = nil
        let isWaiting = if case .yielded = outcome { true } else { false }
        if coroutine.state == .abandoned {
            coroutines[id] = nil
            return .abandoned(mustClose: isWaiting)
        }
        if isWaiting {
            coroutines[id]?.state = .waiting
        } else {
            coroutines[id] = nil
        }
        return .expected(coroutine.purpose)
    }

    /// Takes a coroutine out of the schedule.
    ///
    /// - Returns: Whether the script host must close it now.
    mutating func cancel(_ id: ScriptTaskID) -> Bool {
        guard let coroutine = coroutines[id] else { return false }
        switch coroutine.state {
        case .queued, .waiting, .resuming:
            queue.removeAll { $0.id == id }
            coroutines[id] = nil
            return coroutine.state != .queued
        case .running, .abandoned:
            coroutines[id]?.state = .abandoned
            return false
        }
    }

    /// Takes all that was not started out of the schedule, but for what `isKept`.
    mutating func dropQueued(unless isKept: (Purpose) -> Bool) {
        for id in ids(where: { $0 == .queued }) {
            guard let purpose = coroutines[id]?.purpose, !isKept(purpose) else { continue }
            _ = cancel(id)
        }
    }

    /// Every coroutine, in the order of their start.
    var all: [ScriptTaskID] { coroutines.keys.sorted() }
}

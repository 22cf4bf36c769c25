import SansIO

/// The functions that the model has called and that are not answered yet.
///
/// All calls of one response are answered before the model is asked to go on, once.
struct FunctionCalls: Sendable {
    struct Open: Sendable {
        let call: RealtimeFunctionCall
        let responseID: String
        let arguments: JSONObject
        let startedAt: Instant
        /// The coroutine that runs for it now: the check, then the action.
        var task: ScriptTaskID?
        /// What is left of its time while that doesn't run.
        var remaining: Duration?
        /// The far end was told that it takes a moment.
        var isFilled = false
    }

    private struct Batch {
        var open = 0
        /// An action of the batch ended the call or gave it away: nobody is there to be spoken to.
        var isTurnOver = false
    }

    private(set) var open: [Open] = []
    private var batches: [String: Batch] = [:]
    private var seen: Set<String> = []

    subscript(callID: String) -> Open? { open.first { $0.call.callID == callID } }

    /// Takes up calls of one response, but for those that were taken up before.
    mutating func admit(_ calls: [RealtimeFunctionCall], responseID: String) -> [RealtimeFunctionCall] {
        let fresh = calls.filter { seen.insert($0.callID).inserted }
        if !fresh.isEmpty { batches[responseID, default: Batch()].open += fresh.count }
        return fresh
    }

    mutating func begin(_ call: Open) {
        open.append(call)
    }

    /// Whether the same function runs already with the same arguments, whatever their order.
    func running(like call: RealtimeFunctionCall, _ arguments: JSONObject) -> Open? {
        open.first { other in
            other.call.callID != call.callID && other.call.name == call.name
                && JSON.object(other.arguments).inOrder == JSON.object(arguments).inOrder
        }
    }

    /// The far end was told that all that is open takes a moment.
    mutating func fill() {
        for index in open.indices { open[index].isFilled = true }
    }

    mutating func run(_ callID: String, as task: ScriptTaskID) {
        guard let index = open.firstIndex(where: { $0.call.callID == callID }) else { return }
        open[index].task = task
        open[index].remaining = nil
    }

    /// Stops the time of a call.
    mutating func pause(_ callID: String, remaining: Duration) {
        guard let index = open.firstIndex(where: { $0.call.callID == callID }) else { return }
        open[index].remaining = remaining
    }

    /// Lets the time of a call run again.
    ///
    /// - Returns: What was left of it; `nil` when it runs.
    mutating func unpause(_ callID: String) -> Duration? {
        guard let index = open.firstIndex(where: { $0.call.callID == callID }) else { return nil }
        defer { open[index].remaining = nil }
        return open[index].remaining
    }

    /// The action has ended the call or given it away.
    mutating func endTurn(_ callID: String) {
        guard let responseID = self[callID]?.responseID else { return }
        batches[responseID]?.isTurnOver = true
    }

    /// Notes that a call was answered.
    ///
    /// - Returns: Whether the model is to go on now.
    mutating func answered(_ callID: String, responseID: String) -> Bool {
        open.removeAll { $0.call.callID == callID }
        guard var batch = batches[responseID] else { return false }
        batch.open -= 1
        batches[responseID] = batch.open > 0 ? batch : nil
        return batch.open <= 0 && !batch.isTurnOver
    }

    /// Forgets all that is open; what was seen stays known.
    mutating func removeAll() {
        open = []
        batches = [:]
    }
}

extension JSON {
    /// The value with the members of all objects in the order of their names.
    fileprivate var inOrder: JSON {
        switch self {
        case .array(let elements): .array(elements.map(\.inOrder))
        case .object(let object):
            .object(
                JSONObject(
                    members: object.members.sorted { $0.key < $1.key }.map { ($0.key, $0.value.inOrder) }))
        default: self
        }
    }
}

import SansIO

/// The functions that the model has called and that are not answered yet.
///
/// All calls of one response are answered before the model is asked to go on, once.
struct FunctionCalls: Sendable {
    /// A call that is taken up.
    struct Admitted: Hashable, Sendable {
        /// Under an identifier that no other call of the conversation has.
        var call: RealtimeFunctionCall
        /// The identifier that the model gave it.
        let modelID: String
        /// Which calls are answered together.
        let batch: UInt64
    }

    struct Open: Sendable {
        let call: RealtimeFunctionCall
        let modelID: String
        let batch: UInt64
        let arguments: JSONObject
        let startedAt: Instant
        /// The coroutine that runs for it now: the check, then the action.
        var task: ScriptTaskID?
        /// What is left of its time while that doesn't run.
        var remaining: Duration?
        /// The far end was told that it takes a moment.
        var isFilled = false

        fileprivate func isSame(_ other: RealtimeFunctionCall) -> Bool {
            modelID == other.callID && call.name == other.name && call.arguments == other.arguments
        }
    }

    private struct Batch {
        var open = 0
        /// Calls for which nothing is to be said, because the result of one that runs is still to come.
        var repeats = 0
        let size: Int
        /// An action of the batch ended the call or gave it away: nobody is there to be spoken to.
        var isTurnOver = false
    }

    private(set) var open: [Open] = []
    private var batches: [UInt64: Batch] = [:]
    private var nextBatch: UInt64 = 1
    /// Calls that were taken up on this connection, by their responses.
    private var seen: [String: Set<String>] = [:]
    private var identifiers: Set<String> = []

    subscript(callID: String) -> Open? { open.first { $0.call.callID == callID } }

    /// Takes up calls of one response, but for those of it that were taken up before.
    ///
    /// Some servers count calls anew in each response: the same identifier in another response is another call, unless
    /// it is the very call that runs.
    mutating func admit(_ calls: [RealtimeFunctionCall], responseID: String) -> [Admitted] {
        let fresh = calls.filter { call in
            seen[responseID, default: []].insert(call.callID).inserted && !open.contains { $0.isSame(call) }
        }
        guard !fresh.isEmpty else { return [] }
        defer { nextBatch += 1 }
        batches[nextBatch] = Batch(open: fresh.count, size: fresh.count)
        return fresh.map { call in
            var own = call
            var count = 1
            while !identifiers.insert(own.callID).inserted {
                count += 1
                own.callID = "\(call.callID)#\(count)"
            }
            return Admitted(call: own, modelID: call.callID, batch: nextBatch)
        }
    }

    /// Another connection: its server may count responses and calls anew.
    mutating func forgetSeen() {
        seen = [:]
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
        guard let batch = self[callID]?.batch else { return }
        batches[batch]?.isTurnOver = true
    }

    /// The call repeats one that runs for another response, at whose end the model goes on.
    mutating func noteRepeat(_ callID: String) {
        guard let batch = self[callID]?.batch else { return }
        batches[batch]?.repeats += 1
    }

    /// Notes that a call was answered.
    ///
    /// - Returns: Whether the model is to go on now.
    mutating func answered(_ callID: String) -> Bool {
        guard let number = self[callID]?.batch, var batch = batches[number] else { return false }
        open.removeAll { $0.call.callID == callID }
        batch.open -= 1
        batches[number] = batch.open > 0 ? batch : nil
        return batch.open <= 0 && !batch.isTurnOver && batch.repeats < batch.size
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

import AgentHost
import Conversation

/// Which calls a view shows, and how it names them.
struct ShownCalls {
    private struct Call {
        var elapsed = Duration.zero
        var lastFault = ""
        var hasHungUp = false
    }

    private var calls: [String: Call] = [:]
    /// Calls that hung up are forgotten when there are so many, for not every end is told.
    private static let limit = 1_000

    /// Takes note of what is shown of a call.
    ///
    /// - Returns: The call's name for the line; `nil` while it is the only one.
    mutating func note(_ observation: CallObservation) -> String? {
        var call = calls[observation.callID] ?? Call()
        call.elapsed = observation.elapsed
        switch observation.observation {
        case .status(.hangup): call.hasHungUp = true
        case .fault(let fault): call.lastFault = fault.message
        default: break
        }
        calls[observation.callID] = call
        if calls.count > ShownCalls.limit {
            calls = calls.filter { !$0.value.hasHungUp || $0.key == observation.callID }
        }
        return name(of: observation.callID)
    }

    /// Forgets a call.
    ///
    /// - Returns: Its name for a last line, how long it ran, and whether `message` is anything that its last fault has
    ///   not said.
    mutating func end(_ id: String, message: String) -> (name: String?, elapsed: Duration, isNews: Bool) {
        let call = calls[id] ?? Call()
        let name = name(of: id)
        calls[id] = nil
        return (name, call.elapsed, call.lastFault != message)
    }

    /// The end of the identifier, which tells random identifiers apart.
    private func name(of id: String) -> String? {
        let others = calls.contains { $0.key != id && !$0.value.hasHungUp }
        return others ? String(id.suffix(4)) : nil
    }
}

import SansIO

/// The delegations of a Live session that may still be answered.
struct LiveDelegations: Sendable {
    /// Most that are known; the oldest are forgotten first.
    private static let maximumCount = 64

    private var open: [(id: String, callID: String?)] = []
    /// Calls of the back end without an output, and their delegation.
    private(set) var calls: [(callID: String, delegationID: String)] = []

    /// - Parameter callID: The call that the client's words are the result of; `nil` where the back end has its own.
    mutating func add(_ id: String, callID: String?) {
        open.append((id, callID))
        if open.count > Self.maximumCount { open.removeFirst() }
    }

    func contains(_ id: String) -> Bool { open.contains { $0.id == id } }

    /// The call of a delegation that has no result yet. It stays known.
    mutating func take(_ id: String) -> String? {
        guard let index = open.firstIndex(where: { $0.id == id }) else { return nil }
        defer { open[index].callID = nil }
        return open[index].callID
    }

    mutating func addCall(_ callID: String, of delegationID: String) {
        calls.append((callID, delegationID))
        if calls.count > Self.maximumCount { calls.removeFirst() }
    }

    /// - Returns: The delegation whose call has now its output; `nil` for a call that nobody made.
    mutating func takeCall(_ callID: String) -> String? {
        guard let index = calls.firstIndex(where: { $0.callID == callID }) else { return nil }
        return calls.remove(at: index).delegationID
    }

    /// The delegation whose outputs came last.
    var answered: String?
}

/// Work that the model gives to others: to the client, or to a model of the Responses API that has tools.
extension LiveServerSession {
    mutating func delegate(_ calls: [PersonaStep], _ settings: LiveSettings) {
        guard settings.backend == nil else {
            let id = identifiers.next("delegation_")
            playBackend(id, calls, settings)
            return
        }
        for case .call(let name, let arguments) in calls {
            let id = identifiers.next("delegation_")
            let callID = identifiers.next("call_", length: 16)
            entries.append(.call(id: callID, name: name, arguments: arguments.text))
            delegations.add(id, callID: callID)
            emitDelegation(id, target: "client", responseID: nil)
        }
    }

    private mutating func emitDelegation(_ id: String, target: String, responseID: String?) {
        var delegation: JSON = ["id": .string(id), "type": "delegation", "target": .string(target)]
        if let responseID { delegation["response_id"] = .string(responseID) }
        emit("session.delegation.created", ["delegation": delegation, "offset_ms": .integer(elapsed)])
    }

    /// Plays one response of the back end, and has its words spoken when it is done.
    private mutating func playBackend(
        _ delegationID: String, _ steps: [PersonaStep], _ settings: LiveSettings
    ) {
        guard let backend = settings.backend else { return }
        let context = ReplyContext(
            seed: identifiers.random.next(), unixTime: configuration.unixTime + elapsed / 1000, pace: 1)
        let dialogue = Dialogue(instructions: settings.instructions, entries: entries)
        var stream = ResponseStream(backend, reading: dialogue, context, obfuscation: true)
        let answer = stream.play(steps)
        if !delegations.contains(delegationID) {
            delegations.add(delegationID, callID: nil)
            emitDelegation(delegationID, target: "responses", responseID: stream.id)
        }
        for (delay, streamed) in stream.events {
            guard var nested = streamed.json else { continue }
            if nested["response"] != nil {
                // Snapshots are kept small.
                nested["response"]?["instructions"] = .null
                nested["response"]?["tools"] = []
                nested["response"]?["output"] = []
            }
            let event = event("response.event", ["event": nested, "delegation_id": .string(delegationID)])
            schedule(.send(event), after: delay)
        }
        for call in answer.calls {
            entries.append(.call(id: call.id, name: call.name, arguments: call.arguments))
            delegations.addCall(call.id, of: delegationID)
        }
        if case .failed(let error) = answer.end { sendError(error, clientEventID: nil) }
        let spoken = steps.filter { if case .say = $0 { true } else { false } }
        if !spoken.isEmpty { schedule(.speak(spoken), after: answer.endDelay) }
    }

    /// The back end has thought about the outputs of its calls.
    mutating func answer(_ delegationID: String, with steps: [PersonaStep], _ settings: LiveSettings) {
        playBackend(delegationID, steps, settings)
    }

    private func requireBackend() throws(RealtimeError) -> LiveSettings {
        guard let settings, settings.backend != nil else {
            throw RealtimeError(
                code: "invalid_delegation", message: "This event needs a session with Responses delegation.",
                param: "type")
        }
        return settings
    }

    mutating func createItem(_ item: JSON) throws(RealtimeError) {
        _ = try requireBackend()
        guard let entry = try Dialogue.Entry(responseItem: item, at: "item") else { return }
        if case .result(let callID, _) = entry {
            guard let delegationID = delegations.takeCall(callID) else {
                throw RealtimeError(
                    code: "invalid_tool_call_id",
                    message: "No tool call found for function call output with call_id \(callID).",
                    param: "item.call_id")
            }
            delegations.answered = delegationID
        }
        entries.append(entry)
    }

    mutating func createResponse() throws(RealtimeError) {
        let settings = try requireBackend()
        let delegationID =
            delegations.answered ?? delegations.calls.last?.delegationID ?? identifiers.next("delegation_")
        if let open = delegations.calls.first(where: { $0.delegationID == delegationID }) {
            throw RealtimeError(
                code: "missing_tool_output", message: "No tool output found for function call \(open.callID).")
        }
        guard thought == nil else {
            throw RealtimeError(
                code: "conversation_already_has_active_response",
                message: "The back end is at a response already. Wait until it is finished.")
        }
        delegations.answered = nil
        think(settings, delegationID: delegationID)
    }
}

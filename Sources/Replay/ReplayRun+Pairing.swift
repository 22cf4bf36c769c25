import Conversation
import SansIO

// What was done, held against what the log says.
extension ReplayRun {
    /// Compares what both have done, in order, as far as both have done something.
    mutating func pair() {
        passOverRemoved()
        while divergence == nil, let own = commands.first, let recorded = recordedCommands.first {
            guard match(own, recorded.kind) else {
                diverge(recorded: deed(of: recorded.kind), replayed: deed(of: own))
                return
            }
            commands.removeFirst()
            recordedCommands.removeFirst()
            passOverRemoved()
        }
        while divergence == nil, let own = actions.first, let recorded = recordedActions.first {
            guard form(of: own).text == recorded.body.text else {
                diverge(recorded: Self.deed(of: recorded.body), replayed: Self.deed(of: form(of: own)))
                return
            }
            actions.removeFirst()
            recordedActions.removeFirst()
        }
    }

    /// What one has done and the other has not is a difference, unless a handler that is gone holds the recorded script
    /// up: what waits behind it comes later there.
    mutating func checkBalance() {
        guard divergence == nil, running == nil else { return }
        if let own = commands.first {
            diverge(recorded: nil, replayed: deed(of: own))
        } else if let recorded = recordedCommands.first {
            diverge(recorded: deed(of: recorded.kind), replayed: nil)
        } else if let own = actions.first {
            diverge(recorded: nil, replayed: Self.deed(of: form(of: own)))
        } else if let recorded = recordedActions.first {
            diverge(recorded: Self.deed(of: recorded.body), replayed: nil)
        }
    }

    /// Leaves out what the log says of handlers that the edited version does not have.
    private mutating func passOverRemoved() {
        while let next = recordedCommands.first, isRemoved(next.kind) { recordedCommands.removeFirst() }
    }

    private mutating func isRemoved(_ command: RecordedCommand.Kind) -> Bool {
        switch command {
        case .start(let id, let entry):
            let isGone =
                switch entry {
                case .handler(let handler, _): !handlers.contains(handler)
                case .function(let function): removedFunctions.contains(function)
                case .action: false
                }
            guard isGone else { return false }
            removed.insert(id)
            running = id
            return true
        case .resume(let id, _):
            guard removed.contains(id) else { return false }
            running = id
            return true
        case .cancel(let id): return removed.contains(id)
        case .forget(let function): return removedFunctions.contains(function)
        case .handOver: return false
        }
    }

    /// Whether both commands are the same; takes note of what belongs together.
    private mutating func match(_ own: ScriptCommand, _ recorded: RecordedCommand.Kind) -> Bool {
        switch (own, recorded) {
        case (.start(let id, let entry, _), .start(let other, let recordedEntry)):
            guard matches(entry, recordedEntry) else { return false }
            belong(id, other)
            return true
        case (.resume(let id, let reply, _), .resume(let other, let recordedReply)):
            guard recordedTasks[id] == other else { return false }
            let request = requests.removeValue(forKey: id)
            if case .after? = request, case .value(let value) = reply, let number = Self.timer(value),
                let otherNumber = Self.timer(recordedReply["value"] ?? .null)
            {
                recordedTimers[number] = otherNumber
                return true
            }
            return reply.logged.text == recordedReply.text
        case (.cancel(let id), .cancel(let other)): return recordedTasks[id] == other
        case (.forget(let function), .forget(let other)): return recordedFunctions[function] ?? function == other
        case (.handOver(let id, let version, _), .handOver(let other, let recordedVersion)):
            guard version == recordedVersion else { return false }
            belong(id, other)
            return true
        default: return false
        }
    }

    private mutating func belong(_ id: ScriptTaskID, _ recorded: ScriptTaskID) {
        tasks[recorded] = id
        recordedTasks[id] = recorded
    }

    private static func timer(_ value: JSON) -> UInt64? { value.integer.flatMap { UInt64(exactly: $0) } }

    private func matches(_ own: ScriptEntry, _ recorded: ScriptEntry) -> Bool {
        switch (own, recorded) {
        case (.handler(let handler, let arguments), .handler(let other, let otherArguments)):
            handler == other && JSON.array(arguments).text == JSON.array(otherArguments).text
        case (.action(let name, let arguments), .action(let other, let otherArguments)):
            name == other && JSON.object(arguments).text == JSON.object(otherArguments).text
        case (.function(let function), .function(let other)): recordedFunctions[function] ?? function == other
        default: false
        }
    }

    /// What we do, with the log's numbers.
    private func form(of action: CallSession.Action) -> JSON {
        switch action {
        case .service(let id, let request): CallSession.Action.service(recordedTasks[id] ?? id, request).logged
        case .cancelService(let id): CallSession.Action.cancelService(recordedTasks[id] ?? id).logged
        default: action.logged
        }
    }

    // MARK: In words

    private func deed(of command: ScriptCommand) -> String {
        switch command {
        case .start(_, let entry, _): entry.deed
        case .resume(let id, let reply, _): Self.deed(resuming: entries[id], with: reply.logged)
        case .cancel(let id): "stops \(entries[id]?.name ?? "a handler")"
        case .forget: "drops a function of call:after"
        case .handOver(_, let version, _): "goes over to version \(version)"
        }
    }

    private func deed(of command: RecordedCommand.Kind) -> String {
        switch command {
        case .start(_, let entry): entry.deed
        case .resume(let id, let reply): Self.deed(resuming: tasks[id].flatMap { entries[$0] }, with: reply)
        case .cancel(let id): "stops \(tasks[id].flatMap { entries[$0] }?.name ?? "a handler")"
        case .forget: "drops a function of call:after"
        case .handOver(_, let version): "goes over to version \(version)"
        }
    }

    private static func deed(resuming entry: ScriptEntry?, with reply: JSON) -> String {
        let values =
            reply["failure"].map { "nil, \(LuaText.value(reply["message"] ?? .null)), \(LuaText.value($0))" }
            ?? LuaText.value(reply["value"] ?? .null)
        return "\(entry?.name ?? "a handler") goes on with \(values)"
    }

    /// `dial { caller_id = "+1…" }`
    private static func deed(of body: JSON) -> String {
        var members = body.object ?? [:]
        if let action = members["action"]?.string {
            members["action"] = nil
            return words(action, members)
        }
        let name = members["observation"]?.string ?? ""
        members["observation"] = nil
        return words("tells of " + name, members)
    }

    private static func words(_ name: String, _ members: JSONObject) -> String {
        let name = name.replacing("_", with: " ")
        return members.isEmpty ? name : "\(name) \(LuaText.value(.object(members)))"
    }
}

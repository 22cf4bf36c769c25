public import Conversation
import SansIO

/// The first point at which a flow does something else than it did in a recorded call.
public struct Divergence: Hashable, Sendable {
    /// Time into the call.
    public var at: Duration
    /// The line of the event log up to which both are the same.
    public var line: Int
    /// Who does it: `on_answered`, `the action book`, `the call`.
    public var place: String
    /// What was done in the call, in the words of a script.
    public var recorded: String
    /// What the flow does now.
    public var replayed: String
}

/// Something that a flow says of its agent, and the recorded version says otherwise.
public struct FlowDifference: Hashable, Sendable {
    /// What differs, in a few words: `the instructions`, `the action book is new`.
    public var text: String
    /// Whether the model is told of it. The model of a recorded call does what it did, whatever it would make of that.
    public var isToldModel: Bool
}

/// What became of running a call again.
public struct ReplayResult: Sendable {
    public enum End: Hashable, Sendable {
        /// The recorded call came to its end.
        case callEnded
        /// The event log does not go to the end of the call.
        case logEnded
        /// The call went over to a version of the flow whose text the event log does not have.
        case versionMissing(String)
    }

    /// `nil` when the flow did the same as far as the log goes.
    public var divergence: Divergence?
    public var differences: [FlowDifference]
    public var end: End
    /// How far the replay went.
    public var endedAt: Duration
    /// Events that were told, and actions that were compared.
    public var events: Int
    public var actions: Int
    /// Variables of the operator that had a value in the call and have none here.
    public var unsetVariables: [String]

    /// Whether the flow did the same, and the model was told the same.
    public var isIdentical: Bool { divergence == nil && !differences.contains(where: \.isToldModel) }
}

/// Why a call cannot be run again.
public enum CallReplayError: Error, Sendable, CustomStringConvertible {
    case log(CallLogError)
    /// The event log does not have the flow's text.
    case flowMissing(version: String, path: String)
    /// The flow's text is not one that this program takes.
    case flowRefused(version: String, message: String)

    public var description: String {
        switch self {
        case .log(let error): "\(error)"
        case .flowMissing(let version, let path):
            "the event log does not have the text of version \(version) of \(path); "
                + "name a flow to run in its place with --flow"
        case .flowRefused(let version, let message):
            "version \(version) of the flow, which the event log has, cannot be used any more: \(message)"
        }
    }
}

extension FlowDifference {
    /// What differs between what two versions say of their agent.
    static func all(from old: AgentDefinition, to new: AgentDefinition) -> [FlowDifference] {
        var differences: [FlowDifference] = []
        func note(_ text: String, isTold: Bool) {
            differences.append(FlowDifference(text: text, isToldModel: isTold))
        }
        if old.mode != new.mode { note("the mode: \(new.mode.rawValue), was \(old.mode.rawValue)", isTold: true) }
        if old.instructions != new.instructions { note("the instructions", isTold: true) }
        if old.voice != new.voice {
            note("the voice: \(new.voice ?? "the model's own"), was \(old.voice ?? "the model's own")", isTold: true)
        }
        if old.language != new.language {
            note("the language: \(new.language ?? "any"), was \(old.language ?? "any")", isTold: true)
        }
        for tool in new.tools {
            let before = old.tools.first { $0.name == tool.name }
            if before == nil {
                note("the action \(tool.name) is new", isTold: true)
            } else if before != tool {
                note("what is said of the action \(tool.name)", isTold: true)
            }
        }
        for tool in old.tools where !new.tools.contains(where: { $0.name == tool.name }) {
            note("the action \(tool.name) is gone", isTold: true)
        }
        for handler in ScriptHandler.allCases {
            switch (old.handlers.contains(handler), new.handlers.contains(handler)) {
            case (false, true): note("\(handler.rawValue) is new", isTold: false)
            case (true, false): note("\(handler.rawValue) is gone", isTold: false)
            default: break
            }
        }
        if old.idleTimeout != new.idleTimeout {
            note("idle_timeout: \(new.idleTimeout.seconds) s, was \(old.idleTimeout.seconds) s", isTold: false)
        }
        if old.filler != new.filler { note("the filler", isTold: false) }
        if old.actionTimeout != new.actionTimeout { note("action_timeout", isTold: false) }
        for stage in PipelineStage.allCases where old.stages[stage] != new.stages[stage] {
            note(stage.rawValue, isTold: true)
        }
        if old.turns != new.turns { note("the turns", isTold: false) }
        if old.fallback != new.fallback { note("the fallback", isTold: false) }
        if old.name != new.name { note("the name: \(new.name), was \(old.name)", isTold: false) }
        return differences
    }
}

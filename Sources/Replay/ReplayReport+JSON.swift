import Conversation
public import SansIO
import ScriptAPI

extension ReplayResult {
    /// The result as one object, for programs.
    public func json(of replay: CallReplay) -> JSON {
        let facts = replay.log.beginning.configuration.facts
        let (endName, missing): (String, JSON) =
            switch end {
            case .callEnded: ("call_ended", .null)
            case .logEnded: ("log_ended", .null)
            case .versionMissing(let version): ("version_missing", .string(version))
            }
        return [
            "identical": .bool(isIdentical), "call": .string(facts.id),
            "recorded": ["flow": .string(replay.log.beginning.flowPath), "version": .string(replay.recordedVersion)],
            "replayed": ["flow": .string(replay.flow.path), "version": .string(replay.flow.version)],
            "divergence": divergence?.json ?? .null,
            "differences": .array(
                differences.map { ["text": .string($0.text), "told_to_model": .bool($0.isToldModel)] }),
            "end": .string(endName), "missing_version": missing, "seconds": .number(endedAt.seconds),
            "events": .integer(Int64(events)), "actions": .integer(Int64(actions)),
            "truncated": .bool(replay.log.isTruncated),
            "unset_variables": .array(unsetVariables.map { .string($0) }),
        ]
    }
}

extension Divergence {
    fileprivate var json: JSON {
        [
            "seconds": .number(at.seconds), "line": .integer(Int64(line)), "place": .string(place),
            "recorded": .string(recorded), "replayed": .string(replayed),
        ]
    }
}

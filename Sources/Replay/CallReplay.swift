public import Conversation
import SansIO
public import ScriptAPI

/// Runs a recorded call again, in virtual time: the version of the flow that it had, or an edited one.
///
/// The session is told the recorded events at their recorded times, the script runs for real, and what both do is held
/// against the log. What others did for the script (`http`, `store`, sound files) comes from the log. The model and the
/// far end do what they did: up to the first ``Divergence`` that is what they would do.
public struct CallReplay: Sendable {
    /// An event, and what the recorded call did then.
    struct Step: Sendable {
        let event: CallSession.Event
        let elapsed: Duration
        let line: Int
        var actions: [CallLog.Entry] = []
    }

    public let log: CallLog
    /// What is run.
    public let flow: Flow
    /// Versions that the call was offered, as far as their text is known.
    let offered: [String: Flow]
    let surroundings: ScriptSurroundings
    let environment: ScriptEnvironment
    let steps: [Step]
    private let unsetVariables: [String]

    /// The version that the call began with.
    public var recordedVersion: String { log.beginning.configuration.facts.version }
    /// Whether another version is run than the call began with.
    public var isEdited: Bool { flow.version != recordedVersion }

    /// - Parameters:
    ///   - flow: What to run in place of the version that the call began with; `nil` runs that one.
    ///   - variables: Values of what `moonline.env` may tell; the log has only the names.
    public init(_ log: CallLog, flow: Flow? = nil, variables: [String: String] = [:]) throws(CallReplayError) {
        self.log = log
        do throws(CallLogFormError) {
            surroundings = try ScriptSurroundings(logged: log.beginning.script)
        } catch {
            throw .log(.badLine(line: 1, error))
        }
        environment = surroundings.environment(variables: variables)
        unsetVariables = surroundings.set.filter { variables[$0] == nil }.sorted()
        var versions: [String: Flow] = [:]
        for kept in log.flows where versions[kept.version] == nil {
            versions[kept.version] = try Self.load(kept, surroundings, environment)
        }
        let version = log.beginning.configuration.facts.version
        guard let flow = flow ?? versions[version] else {
            throw .flowMissing(version: version, path: log.beginning.flowPath)
        }
        self.flow = flow
        offered = versions
        steps = try Self.steps(of: log)
    }

    private static func load(
        _ kept: CallLogFlow, _ surroundings: ScriptSurroundings, _ environment: ScriptEnvironment
    ) throws(CallReplayError) -> Flow {
        do throws(FlowError) {
            return try Flow.load(kept, limits: surroundings.limits, environment: environment)
        } catch {
            throw .flowRefused(version: kept.version, message: "\(error)")
        }
    }

    private static func steps(of log: CallLog) throws(CallReplayError) -> [Step] {
        var steps: [Step] = []
        for entry in log.entries {
            do throws(CallLogError) {
                switch entry.direction {
                case .event:
                    steps.append(Step(event: try entry.event(), elapsed: entry.elapsed, line: entry.line))
                case .action where steps.isEmpty:
                    let error = CallLogFormError(field: "kind", problem: "says what was done before anything happened")
                    throw .badLine(line: entry.line, error)
                case .action: steps[steps.count - 1].actions.append(entry)
                }
            } catch {
                throw .log(error)
            }
        }
        return steps
    }

    /// Runs the call to its end, to the end of the log, or to the first divergence.
    public func run() -> ReplayResult {
        var run = ReplayRun(self)
        run.runAll()
        var differences: [FlowDifference] = []
        if isEdited {
            var recorded = log.beginning.configuration.definition
            // A call may have been played in another mode than its flow's.
            if let own = offered[recordedVersion]?.definition { recorded.mode = own.mode }
            differences = FlowDifference.all(from: recorded, to: flow.definition)
        }
        return ReplayResult(
            divergence: run.divergence, differences: differences, end: run.end, endedAt: run.elapsed,
            events: run.eventCount, actions: run.actionCount, unsetVariables: unsetVariables)
    }
}

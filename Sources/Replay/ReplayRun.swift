import Conversation
import LuaRuntime
import SansIO
import ScriptAPI

/// One run of a recorded call.
///
/// A coroutine of the script runs as soon as the session asks for it; its outcome is held until the log tells that of
/// the recorded one, so that the session gets both at the same time. Coroutines, kept functions and timers are numbered
/// anew by each run: they belong to those of the log that were started for the same reason.
///
/// A handler that only the edited version has gets its outcome to the session at once; one that only the recorded version
/// has is passed over. Both count as long as nobody but the script notices them.
struct ReplayRun {
    let replay: CallReplay
    var session: CallSession
    var script: Result<CallScript, ScriptFault>
    /// The handlers of the version that runs, and of the one that ran.
    var handlers: Set<ScriptHandler>
    var recordedHandlers: Set<ScriptHandler>
    /// Those of the version that was offered last.
    private var offeredHandlers: Set<ScriptHandler> = []
    var elapsed = Duration.zero
    var eventCount = 0
    var actionCount = 0
    var divergence: Divergence?
    var missingVersion: String?

    // What was done and not yet compared.
    var actions: [CallSession.Action] = []
    var recordedActions: [CallLog.Entry] = []
    var commands: [ScriptCommand] = []
    var recordedCommands: [RecordedCommand] = []

    /// Outcomes that wait for their time in the log.
    var outcomes: [ScriptTaskID: ScriptOutcome] = [:]
    var entries: [ScriptTaskID: ScriptEntry] = [:]
    /// The request of the log that a coroutine of ours waits for.
    var requests: [ScriptTaskID: ScriptRequest] = [:]
    var added: Set<ScriptTaskID> = []
    var addedFunctions: Set<ScriptFunctionID> = []
    /// Of the added coroutines the one whose outcome the session is to be told.
    var toReport: [ScriptTaskID] = []

    /// Ours by the log's numbers, and the other way round.
    var tasks: [ScriptTaskID: ScriptTaskID] = [:]
    var recordedTasks: [ScriptTaskID: ScriptTaskID] = [:]
    var recordedFunctions: [ScriptFunctionID: ScriptFunctionID] = [:]
    var recordedTimers: [UInt64: UInt64] = [:]
    /// Coroutines of the log that the edited version does not have, and the one of them that runs.
    var removed: Set<ScriptTaskID> = []
    var removedFunctions: Set<ScriptFunctionID> = []
    var running: ScriptTaskID?

    /// Who is at work while an event is told.
    private var place = ReplayRun.theCall
    private var line = 1

    static let theCall = "the call"

    /// How much later than due a recorded deadline may be before an edited version is told of its own.
    private static let patience = Duration.seconds(1)
    /// A replay is not to fail because this machine is slower: instructions are counted as they were.
    private static let processorTime = Duration.seconds(30)

    init(_ replay: CallReplay) {
        self.replay = replay
        var configuration = replay.log.beginning.configuration
        let recorded = configuration.definition
        // The model is told what it was told, in the mode that the call had: it does what it did.
        var definition = replay.flow.definition
        definition.mode = recorded.mode
        definition.instructions = recorded.instructions
        definition.voice = recorded.voice
        definition.tools = recorded.tools
        configuration.definition = definition
        handlers = definition.handlers
        recordedHandlers = recorded.handlers
        session = CallSession(configuration: configuration)
        do throws(ScriptFault) {
            script = .success(try Self.makeScript(replay, replay.flow, configuration.facts))
        } catch {
            script = .failure(error)
        }
    }

    static func makeScript(
        _ replay: CallReplay, _ flow: Flow, _ facts: CallFacts
    ) throws(ScriptFault) -> CallScript {
        var limits = replay.surroundings.limits
        limits.lua.processorTime = max(limits.lua.processorTime, processorTime)
        return try CallScript(
            flow: flow, facts: facts, limits: limits, environment: replay.environment, seed: replay.log.beginning.seed
        ) { _, _, _ in }
    }

    var end: ReplayResult.End {
        if let missingVersion { return .versionMissing(missingVersion) }
        return replay.log.isComplete ? .callEnded : .logEnded
    }

    private var isOver: Bool { divergence != nil || missingVersion != nil }

    private var now: Instant { replay.log.beginning.clock + elapsed }

    mutating func runAll() {
        for step in replay.steps {
            passTime(to: step.elapsed)
            guard !isOver else { break }
            elapsed = step.elapsed
            line = step.line
            place = Self.theCall
            for action in step.actions {
                if let command = RecordedCommand(action) {
                    recordedCommands.append(command)
                } else {
                    recordedActions.append(action)
                }
            }
            tell(step.event)
            settle()
            guard !isOver else { break }
            eventCount += 1
            actionCount += step.actions.count
        }
        if case .success(let script) = script { script.close() }
    }

    /// Ends the replay here, if it has not ended before.
    mutating func diverge(place: String? = nil, recorded: String?, replayed: String?) {
        guard !isOver else { return }
        divergence = Divergence(
            at: elapsed, line: line, place: place ?? self.place, recorded: recorded ?? "does nothing here",
            replayed: replayed ?? "does nothing here")
    }

    /// Lets deadlines come that the recorded version did not have.
    private mutating func passTime(to next: Duration) {
        guard replay.isEdited else { return }
        let limit = replay.log.beginning.clock + next
        while !isOver, let deadline = session.nextDeadline, deadline + Self.patience < limit {
            elapsed = max(elapsed, deadline - replay.log.beginning.clock)
            place = Self.theCall
            take(session.receive(.deadline, at: now))
            settle()
        }
    }

    // MARK: Events

    private mutating func tell(_ event: CallSession.Event) {
        switch event {
        case .script(let recorded, let outcome): tell(outcome, of: recorded)
        case .service(let recorded, let result):
            guard let id = tasks[recorded] else { return }
            take(session.receive(.service(id, result), at: now))
        case .flowOffered(_, let definition, _):
            if definition.handlers.contains(.onHandover) { offeredHandlers = definition.handlers }
            take(session.receive(event, at: now))
        default: take(session.receive(event, at: now))
        }
    }

    private mutating func tell(_ outcome: ScriptOutcome, of recorded: ScriptTaskID) {
        guard !removed.contains(recorded) else {
            passOver(outcome, of: recorded)
            return
        }
        guard let id = tasks[recorded] else { return }
        place = entries[id]?.name ?? Self.theCall
        guard let own = outcomes.removeValue(forKey: id) else {
            // Late news of a coroutine that was given up.
            take(session.receive(.script(id, outcome), at: now))
            return
        }
        guard let agreed = agree(own, outcome) else {
            diverge(recorded: outcome.deed, replayed: own.deed)
            return
        }
        if case .yielded(let request) = outcome { requests[id] = request }
        take(session.receive(.script(id, agreed), at: now))
    }

    /// What the session is told of a coroutine; `nil` when ours did something else than the recorded one.
    private mutating func agree(_ own: ScriptOutcome, _ recorded: ScriptOutcome) -> ScriptOutcome? {
        switch (own, recorded) {
        case (.yielded(.spawn(let function)), .yielded(.spawn(let other))):
            recordedFunctions[function] = other
            return own
        case (.yielded(.after(let time, let function)), .yielded(.after(let otherTime, let other))):
            recordedFunctions[function] = other
            return time == otherTime ? own : nil
        case (.yielded(.cancelTimer(let number)), .yielded(.cancelTimer(let other))):
            return recordedTimers[number] ?? number == other ? own : nil
        case (.failed(let fault), .failed(let other)):
            // An edit moves lines; what a script computes for too long ends by whichever limit comes first.
            let isSame =
                fault.kind != .error || Self.withoutPosition(fault.message) == Self.withoutPosition(other.message)
            return fault.kind == other.kind && isSame ? recorded : nil
        default: return own.logged.text == recorded.logged.text ? own : nil
        }
    }

    /// A message of Lua's without the `file:line: ` before it.
    private static func withoutPosition(_ message: String) -> Substring {
        let parts = message.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[1].isEmpty, parts[1].allSatisfy(\.isNumber) else { return message[...] }
        return parts[2]
    }

    /// A coroutine of the log that the edited version does not have.
    private mutating func passOver(_ outcome: ScriptOutcome, of recorded: ScriptTaskID) {
        if running == recorded { running = nil }
        guard case .yielded(let request) = outcome else { return }
        if let function = request.function { removedFunctions.insert(function) }
        if !request.isInward {
            diverge(place: "a handler that is gone", recorded: request.lua, replayed: nil)
        }
    }

    // MARK: What we do

    private mutating func take(_ done: [CallSession.Action]) {
        for action in done {
            switch action {
            case .script(let command): perform(command)
            case .observe(.flowChanged):
                handlers = offeredHandlers
                recordedHandlers = offeredHandlers
                actions.append(action)
            default: actions.append(action)
            }
        }
    }

    private mutating func perform(_ command: ScriptCommand) {
        switch command {
        case .start(let id, let entry, _):
            entries[id] = entry
            if isAdded(entry) { added.insert(id) }
            run(command, of: id)
        case .resume(let id, _, _): run(command, of: id)
        case .cancel(let id):
            run(command)
            if !added.contains(id) { commands.append(command) }
        case .forget(let function):
            run(command)
            if !addedFunctions.contains(function) { commands.append(command) }
        case .handOver(let id, let version, let facts):
            commands.append(command)
            handOver(id, to: version, facts)
        }
    }

    private func isAdded(_ entry: ScriptEntry) -> Bool {
        switch entry {
        case .handler(let handler, _): !recordedHandlers.contains(handler)
        case .function(let function): addedFunctions.contains(function)
        case .action: false
        }
    }

    private mutating func run(_ command: ScriptCommand, of id: ScriptTaskID) {
        outcomes[id] = run(command)
        if added.contains(id) {
            toReport.append(id)
        } else {
            commands.append(command)
        }
    }

    @discardableResult
    private func run(_ command: ScriptCommand) -> ScriptOutcome? {
        switch script {
        case .success(let script): return script.run(command)?.1
        case .failure(let fault):
            if case .start = command { return .failed(fault) }
            return nil
        }
    }

    private mutating func handOver(_ id: ScriptTaskID, to version: String, _ facts: CallFacts) {
        guard let flow = replay.offered[version] else {
            missingVersion = version
            return
        }
        var facts = facts
        facts.version = version
        do throws(ScriptFault) {
            let old = try script.get()
            let next = try Self.makeScript(replay, flow, facts)
            try next.takeOver(state: try old.state())
            old.close()
            script = .success(next)
            outcomes[id] = .returned([])
        } catch {
            var fault = error
            fault.message = "version \(version) could not take over the call: \(error.message)"
            outcomes[id] = .failed(fault)
        }
    }

    /// Compares what was done; lets the coroutines go on that only we have.
    private mutating func settle() {
        pair()
        while !isOver, !toReport.isEmpty {
            let id = toReport.removeFirst()
            guard let outcome = outcomes.removeValue(forKey: id) else { continue }
            let name = entries[id]?.name
            switch outcome {
            case .yielded(let request):
                if let function = request.function { addedFunctions.insert(function) }
                if !request.isInward { diverge(place: name, recorded: nil, replayed: outcome.deed) }
            case .failed: diverge(place: name, recorded: nil, replayed: outcome.deed)
            case .returned: break
            }
            guard !isOver else { return }
            place = name ?? Self.theCall
            take(session.receive(.script(id, outcome), at: now))
            pair()
        }
        checkBalance()
    }
}

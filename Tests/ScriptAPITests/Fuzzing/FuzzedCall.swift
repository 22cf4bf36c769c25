import Conversation
import Glibc
import LuaRuntime
import SansIO

@testable import ScriptAPI

/// A whole call by a script that is at odds with the host, and all that must hold whatever the script does.
struct FuzzedCall {
    private var values: FuzzValues
    private let flow: Flow
    /// What the call may be handed over to.
    private let other: Flow?
    private let limits: ScriptLimits
    private let seed: UInt64
    private var script: CallScript
    private var status = CallFacts.Status.dialing
    private var nextTask: UInt64 = 1
    private var waiting: [(task: ScriptTaskID, request: ScriptRequest)] = []
    private var kept: [ScriptFunctionID] = []
    private var failing: ClosedRange<UInt64>?
    private let ledger: Ledger
    /// What the script did, in order.
    private(set) var outcomes: [ScriptOutcome] = []
    private(set) var problems: [String] = []
    /// [s]
    private(set) var longestRun = 0.0

    /// Whether the clock ends runs, and not the instructions.
    private var isTimed: Bool { limits.lua.processorTime < .seconds(1) }

    /// What the states gave back when they ended.
    private final class Ledger {
        var left = 0
        var lines = 0
    }

    /// Beyond the script's cap: what the host hands over while no cap is enforced, a traceback above all. [byte]
    private static let allowance = 512 << 10
    /// No run takes so long under a limit of instructions, and no flow to load. [s]
    static let longestRun = 2.0
    /// Beyond the limit of processor time: what goes by until somebody looks at the clock. [s]
    private static let delay = 0.25

    /// - Throws: the fault of the flow's file.
    init(flow: Flow, other: Flow?, limits: ScriptLimits, values: FuzzValues, seed: UInt64) throws(ScriptFault) {
        self.values = values
        self.flow = flow
        self.other = other
        self.limits = limits
        self.seed = seed
        let ledger = Ledger()
        self.ledger = ledger
        // Now and then no memory is left for one allocation, or for none from there on.
        let first = UInt64(self.values.below(1_500)) + 1
        let fault = self.values.below(8) == 0 ? first...(self.values.below(2) == 0 ? first : .max) : nil
        script = try Self.script(flow, limits, failing: fault, seed: seed, ledger)
        failing = fault
    }

    private static func script(
        _ flow: Flow, _ limits: ScriptLimits, failing: ClosedRange<UInt64>?, seed: UInt64, _ ledger: Ledger
    ) throws(ScriptFault) -> CallScript {
        let environment = ScriptEnvironment(
            allowed: ["PLACE", "UNSET"], variables: ["PLACE": "Berlin"], timeZone: "Europe/Berlin")
        let state: LuaState
        do throws(LuaFault) {
            state = try LuaState(limits: limits.lua, randomSeed: seed, failingAllocations: failing)
        } catch {
            throw ScriptFault(error)
        }
        state.closed = { ledger.left += $0 }
        return try CallScript(
            flow: flow, facts: ScriptAPITests.facts(status: .dialing), limits: limits, environment: environment,
            state: state
        ) { _, message, fields in
            ledger.lines += 1
            _ = message.utf8.count + (fields?.text.utf8.count ?? 0)
        }
    }

    /// Runs the call from the first handler to the last.
    mutating func run(steps: Int) {
        for _ in 0..<steps { step() }
        status = .hangup
        perform(.handler(.onHangup, arguments: values.arguments(of: .onHangup)))
        script.close()
        waiting = []
        check("after the end")
        for function in kept { _ = script.run(.forget(function)) }
        if script.run(.resume(ScriptTaskID(number: nextTask), .value(.null), facts: nextFacts())) != nil {
            problems.append("a task that never was has answered")
        }
    }

    /// What the states kept when they were given up; the call must be gone.
    static func leak(of call: consuming FuzzedCall) -> Int {
        let ledger = call.ledger
        _ = consume call
        return ledger.left
    }

    private mutating func step() {
        switch values.below(20) {
        case 0...6: perform(.handler(handler(), arguments: []))
        case 7...9: act()
        case 10...14: resume()
        case 15:
            guard !kept.isEmpty else { return }
            perform(.function(kept.remove(at: values.below(kept.count))))
        case 16: cancel()
        case 17:
            guard !kept.isEmpty else { return }
            answerNothing(.forget(kept.remove(at: values.below(kept.count))))
        case 18: failAllocations()
        default: handOver()
        }
    }

    private mutating func handler() -> ScriptHandler {
        let defined = ScriptHandler.allCases.filter { flow.definition.handlers.contains($0) }
        let choices = defined.isEmpty || values.below(10) == 0 ? ScriptHandler.allCases : defined
        return choices[values.below(choices.count)]
    }

    private mutating func act() {
        guard !flow.definition.tools.isEmpty, values.below(20) > 0 else {
            return perform(.action(name: values.text(), arguments: [:]))
        }
        let tool = flow.definition.tools[values.below(flow.definition.tools.count)]
        perform(.action(name: tool.name, arguments: values.arguments(for: tool.parameters)))
    }

    private mutating func nextFacts() -> CallFacts {
        let facts = values.facts(after: status)
        status = facts.status
        return facts
    }

    private mutating func perform(_ entry: ScriptEntry) {
        var entry = entry
        if case .handler(let handler, _) = entry {
            entry = .handler(handler, arguments: values.arguments(of: handler))
        }
        let task = ScriptTaskID(number: nextTask)
        nextTask += 1
        answerOnce(task, .start(task, entry, facts: nextFacts()))
    }

    private mutating func resume() {
        guard !waiting.isEmpty else { return }
        let (task, request) = waiting.remove(at: values.below(waiting.count))
        answerOnce(task, .resume(task, values.reply(to: request), facts: nextFacts()))
    }

    private mutating func cancel() {
        guard !waiting.isEmpty else { return }
        let task = waiting.remove(at: values.below(waiting.count)).task
        answerNothing(.cancel(task))
        answerNothing(.resume(task, .value(.null), facts: nextFacts()))
        answerNothing(.cancel(task))
    }

    private mutating func failAllocations() {
        guard values.below(6) == 0 else { return }
        let first = UInt64(values.below(300)) + 1
        failing = first...(values.below(2) == 0 ? first : .max)
        script.context.state.failingAllocations = failing
    }

    private mutating func handOver() {
        guard let other else { return }
        do throws(ScriptFault) {
            let next = try Self.script(other, limits, failing: nil, seed: seed, ledger)
            try next.takeOver(state: try script.state())
            script.close()
            script = next
            failing = nil
            waiting = []
            kept = []
        } catch {
            // The old script goes on.
            outcomes.append(.failed(error))
        }
        check("after a hand-over")
    }

    // What must hold

    private mutating func answerOnce(_ task: ScriptTaskID, _ command: ScriptCommand) {
        let started = Self.processorTime()
        let answer = script.run(command)
        measure(since: started)
        guard let (answered, outcome) = answer, answered == task else {
            problems.append("task \(task.number) was not answered, but \(answer.map { "\($0)" } ?? "nothing")")
            return
        }
        outcomes.append(outcome)
        switch outcome {
        case .yielded(let request):
            waiting.append((task, request))
            check(request)
            checkBudget()
        case .returned(let values):
            for value in values where value.text.isEmpty { problems.append("a result without text") }
            checkBudget()
        case .failed(let fault):
            if fault.message.isEmpty { problems.append("a fault without a message") }
            if !isTimed, fault.message.contains("ms of processor time") {
                problems.append("work that is not charged: \(fault.message)")
            }
            if fault.message.contains("the script waits for nothing") { problems.append(fault.message) }
        }
        check("after task \(task.number)")
    }

    private mutating func answerNothing(_ command: ScriptCommand) {
        let started = Self.processorTime()
        if let answer = script.run(command) { problems.append("\(command) was answered by \(answer)") }
        measure(since: started)
        check("after a command without answer")
    }

    /// What is asked of the host is what the host can do.
    private mutating func check(_ request: ScriptRequest) {
        switch request {
        case .spawn(let function): kept.append(function)
        case .after(let delay, let function):
            kept.append(function)
            if delay < .zero || delay > .seconds(86_400) { problems.append("a timer of \(delay)") }
        case .sleep(let delay):
            if delay < .zero || delay > .seconds(86_400) { problems.append("a sleep of \(delay)") }
        case .gatherDTMF(let gathering):
            if !(1...64).contains(gathering.maximum) || gathering.timeout <= .zero { problems.append("\(gathering)") }
        case .setActions(let tools):
            if tools.contains(where: { $0.name.isEmpty }) { problems.append("a tool without name") }
        case .transfer(let target):
            if target.isEmpty { problems.append("a transfer to nobody") }
        default: break
        }
    }

    private mutating func checkBudget() {
        let used = script.context.state.instructionsUsed
        // The hook counts in thousands.
        if used > limits.lua.instructions + 1_000 {
            problems.append("\(used) instructions of \(limits.lua.instructions) went by")
        }
    }

    private mutating func check(_ moment: String) {
        let state = script.context.state
        if state.bytesUsed > limits.lua.memory + Self.allowance {
            problems.append("\(moment) the state holds \(state.bytesUsed) bytes of \(limits.lua.memory)")
        }
        // The agent, its actions, the call, what waits, what is kept for later, and the modules' own.
        if state.referenceCount > 200 + waiting.count + kept.count {
            problems.append("\(moment) the host holds \(state.referenceCount) values of the state")
        }
        if ledger.lines > limits.logLines * 4 + 8 { problems.append("\(ledger.lines) lines were logged") }
    }

    private mutating func measure(since started: Double) {
        let seconds = Self.processorTime() - started
        longestRun = max(longestRun, seconds)
        // The run itself, and then its variables that are closed.
        let limit = 2 * Double(limits.lua.processorTime.components.attoseconds) * 1e-18 + Self.delay
        if seconds > (isTimed ? limit : Self.longestRun) { problems.append("a run of \(seconds) s of processor time") }
    }

    /// Of this thread. [s]
    static func processorTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}

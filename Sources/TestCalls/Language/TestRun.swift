import Conversation
import LuaRuntime
public import SansIO

/// The interpreter of one test in one call: follows the test's function by what happens, and says what the callee does.
///
/// Each line of the function that calls `callee` or `agent` is a statement, which waits until it has happened. Belongs
/// to one executor at a time, and reads no clock.
public final class TestRun {
    enum Phase {
        case waiting
        case running
        /// The test has nothing more to do, and waits for the end of its call.
        case finishing(until: Instant)
        case over
    }

    /// The statement that the test's function waits in.
    struct Running {
        let statement: Statement
        let coroutine: LuaCoroutine
        let since: Instant
        var stage = Stage.begun
    }

    /// How far the callee is with a statement of several steps.
    enum Stage: Hashable {
        case begun
        /// Done but for what the driver reports back.
        case sending
        /// The agent has been silent since.
        case counting(since: Instant)
    }

    /// What a look at a statement found.
    enum Progress {
        /// Nothing to do before that time, unless something happens.
        case waiting(until: Instant?)
        /// The values are the results of the statement's function.
        case done([LuaValue] = [])
        case failed(TestFailure)
    }

    /// How the callee takes its call.
    enum Taking: Hashable {
        case undecided
        case answering(after: Duration, from: Instant)
        case rejecting(status: Int, after: Duration, from: Instant)
        /// It lets it ring, or has done what it was to do.
        case settled
    }

    /// How long an expectation may take to be met, unless the test says otherwise.
    static let patience = Duration.seconds(15)
    /// Statements that may be done at one instant; a test that does more will not end.
    private static let maximumStatements = 10_000
    /// How long a call may take to end when the test has nothing more to do.
    static let patienceForEnd = Duration.seconds(10)

    public let test: TestCase
    public let seed: UInt64
    let state: TestState
    private let function: LuaReference
    private let parameter: LuaValue?
    var log = CallMemory()
    var cursors = ExpectationCursors()
    var checks: [ActiveCheck] = []
    private var phase = Phase.waiting
    private(set) var running: Running?
    private(set) var taking = Taking.undecided
    /// The status of transfers that are refused; `nil` takes them.
    private var refusedTransfers: Int?
    var actions: [CalleeAction] = []
    var failure: TestFailure?
    private var hasReported = (spoken: false, pressed: false)
    private var wake: Instant?
    private var endedAt: Instant?

    /// The actions of the flow that is tested, for what a failure says of a name that it has not.
    public var actionNames: [String] = []

    /// Set when the test is over.
    public private(set) var result: TestResult?

    /// Loads the test's file anew, in a state of its own.
    ///
    /// - Parameter seed: Where the file's random numbers start.
    /// - Throws: what the file does wrong; or it does not declare the test any more.
    public init(_ test: TestCase, seed: UInt64) throws(TestFileError) {
        self.test = test
        self.seed = seed
        state = try TestState(test.text, seed: seed, limits: test.limits) { test.text.modules[$0] }
        guard state.declarations.indices.contains(test.index),
            state.declarations[test.index].name == test.name
        else {
            throw TestFileError(
                file: test.file, line: test.line,
                message: "the file declares other tests with seed \(seed) than it did when it was loaded")
        }
        function = state.declarations[test.index].function
        parameter = state.declarations[test.index].parameter
    }

    /// When to call ``receive(_:at:)`` with ``TestEvent/deadline``; `nil` when only an event can move the test.
    public var nextDeadline: Instant? {
        switch phase {
        case .waiting, .over: nil
        case .running: [wake, takingDeadline, log.origin + test.options.timeLimit].compactMap { $0 }.min()
        case .finishing(let until): until
        }
    }

    /// Takes what happened.
    ///
    /// - Returns: What the callee is to do, in order.
    public func receive(_ event: TestEvent, at now: Instant) -> [CalleeAction] {
        if case .over = phase { return [] }
        if case .began = event {
            guard case .waiting = phase else { return [] }
            log.origin = now
            phase = .running
            begin(at: now)
        } else {
            take(event, at: now)
        }
        advance(at: now)
        defer { actions.removeAll() }
        return actions
    }

    /// Ends the test because whatever runs it has failed.
    ///
    /// - Parameter message: What failed; one sentence.
    public func abort(_ message: String, at now: Instant) -> [CalleeAction] {
        if case .over = phase { return [] }
        if case .waiting = phase { log.origin = now }
        fail(failure(.host, message, statement: running?.statement, at: now), at: now)
        defer { actions.removeAll() }
        return actions
    }

    /// Notes a remark in the timeline.
    public func note(_ text: String, at now: Instant) {
        log.append(.note(text), at: now)
    }

    /// Whether what is waited for now asks what the callee's recogniser understood.
    public var needsRecognition: Bool {
        if checks.contains(where: \.needsRecognition) { return true }
        guard case .says(let matcher)? = running?.statement.kind else { return false }
        return matcher.needsRecognition
    }

    // MARK: - Events

    private func take(_ event: TestEvent, at now: Instant) {
        log.record(event, at: now)
        switch event {
        case .spoken: hasReported.spoken = true
        case .pressed: hasReported.pressed = true
        case .transferRequested:
            actions.append(refusedTransfers.map { .refuseTransfer(status: $0) } ?? .acceptTransfer)
            let verb = refusedTransfers.map { "refuses the transfer with \($0)" } ?? "accepts the transfer"
            log.append(.calleeDid(verb), at: now)
        case .ringing: if log.ringingAt == now { log.append(.calleeDid("rings"), at: now) }
        case .finished, .calleeEnded: endedAt = now
        default: break
        }
    }

    private func begin(at now: Instant) {
        guard let callee = state.callee, let agent = state.agent else { return }
        var arguments: [LuaValue] = [.table(callee), .table(agent)]
        if let parameter { arguments.append(parameter) }
        settle(state.state.start(function, arguments: arguments), at: now)
    }

    /// Goes on as far as what has happened allows.
    private func advance(at now: Instant) {
        wake = nil
        performTaking(at: now)
        lookAtChecks(at: now)
        var statements = 0
        while case .running = phase, let current = running {
            if now >= log.origin + test.options.timeLimit {
                let limit = test.options.timeLimit.inSeconds
                let expected = expectation(of: current.statement)
                fail(
                    failure(
                        .timeLimit,
                        "the test took longer than \(limit) (time_limit), while it waited until \(expected)",
                        statement: current.statement, at: now), at: now)
                return
            }
            switch progress(of: current, at: now) {
            case .waiting(let until):
                wake = until
                return
            case .failed(let failure):
                fail(failure, at: now)
                return
            case .done(let values):
                statements += 1
                guard statements < Self.maximumStatements else {
                    let message =
                        "the test does not end: it did \(statements) statements without waiting"
                        + (log.isOver ? ", for the call is over" : "")
                    fail(failure(.script, message, statement: current.statement, at: now), at: now)
                    return
                }
                running = nil
                hasReported = (false, false)
                settle(state.state.resume(current.coroutine, with: values), at: now)
                performTaking(at: now)
                lookAtChecks(at: now)
            }
        }
        if case .finishing(let until) = phase, log.outcome != nil || now >= until { conclude(at: now) }
    }

    /// Takes what a run of the test's function has come to.
    private func settle(_ outcome: LuaOutcome, at now: Instant) {
        for line in state.takePrinted() { log.append(.printed(line), at: now) }
        checks += state.takeChecks().map { ActiveCheck($0) }
        for instruction in state.takeInstructions() { follow(instruction, at: now) }
        let statement = state.takePending()
        switch outcome {
        case .returned: finish(at: now)
        case .failed(let fault): fail(failure(of: fault, at: now), at: now)
        case .yielded(let coroutine):
            guard let statement else {
                state.state.close(coroutine)
                fail(failure(.script, "the test's function waits for nothing", statement: nil, at: now), at: now)
                return
            }
            running = Running(statement: statement, coroutine: coroutine, since: now)
        }
    }

    private func follow(_ instruction: CalleeInstruction, at now: Instant) {
        switch instruction {
        case .neverAnswer: taking = .settled
        case .takeTransfers(let status): refusedTransfers = status
        }
    }

    /// Whether everything that was to be said, or pressed, has been sent.
    var isSpoken: Bool { hasReported.spoken }
    var isPressed: Bool { hasReported.pressed }

    func setStage(_ stage: Stage) { running?.stage = stage }

    /// Asks the callee to send something; its report is waited for.
    func perform(_ action: CalleeAction) {
        hasReported = (false, false)
        actions.append(action)
    }

    // MARK: - How the callee takes its call

    /// Decides it, unless the test has done so.
    func take(_ decision: Taking) {
        if taking == .undecided { taking = decision }
    }

    /// Sees to it that there is a call: the callee answers, or calls, as it does when it is not told.
    func takeAsUsual(at now: Instant) {
        guard taking == .undecided else { return }
        switch test.options.direction {
        case .outbound: taking = .answering(after: CalleeFunctions.ringing, from: now)
        case .inbound: dial(from: nil, to: nil, headers: [:], at: now)
        }
        performTaking(at: now)
    }

    func dial(from: String?, to: String?, headers: [String: String], at now: Instant) {
        taking = .settled
        let from = from ?? test.options.from
        actions.append(.dial(from: from, to: to ?? test.options.to, headers: headers))
        log.append(.calleeDid("calls from \(from)"), at: now)
    }

    private var takingDeadline: Instant? {
        guard let ringingAt = log.ringingAt, !log.isOver else { return nil }
        switch taking {
        case .answering(let after, let from), .rejecting(_, let after, let from): return max(ringingAt, from) + after
        case .undecided, .settled: return nil
        }
    }

    func performTaking(at now: Instant) {
        guard case .running = phase, let due = takingDeadline else { return }
        guard now >= due else { return }
        switch taking {
        case .answering:
            actions.append(.answer)
            log.append(.calleeDid("answers"), at: now)
        case .rejecting(let status, _, _):
            actions.append(.reject(status: status))
            log.append(.calleeDid("rejects the call with \(status)"), at: now)
        case .undecided, .settled: break
        }
        taking = .settled
    }

    // MARK: - The end

    private func finish(at now: Instant) {
        guard case .running = phase else { return }
        running = nil
        actions.append(.finish)
        phase = .finishing(until: now + Self.patienceForEnd)
        if log.outcome != nil { conclude(at: now) }
    }

    /// Fails the test, the first time; the call is then ended.
    func fail(_ failure: TestFailure, at now: Instant) {
        if self.failure == nil {
            self.failure = failure
            log.append(.failed(failure.message), at: now)
        }
        if let coroutine = running?.coroutine {
            running = nil
            // Its `<close>` variables may fail too; the first failure is the one that is told.
            _ = state.state.close(coroutine)
        }
        switch phase {
        case .waiting:
            phase = .running
            finish(at: now)
        case .running: finish(at: now)
        case .finishing, .over: break
        }
    }

    private func conclude(at now: Instant) {
        if case .over = phase { return }
        if log.outcome == nil {
            let patience = Self.patienceForEnd.inSeconds
            fail(
                failure(
                    .expectation, "the call did not end within \(patience) of the test's end", statement: nil, at: now),
                at: now)
        } else if failure == nil, let failure = lastChecks(at: now) {
            self.failure = failure
            log.append(.failed(failure.message), at: now)
        }
        phase = .over
        result = TestResult(
            test: test.identity, seed: seed, failure: failure, timeline: log.timeline,
            statistics: TestStatistics(
                responses: log.latencies.map(\.toFirstPacket), firstWord: log.firstWord, actions: log.actions.count,
                interruptions: log.interruptions.count),
            outcome: log.outcome, callTime: (endedAt ?? now) - log.origin)
    }

    // MARK: - Failures

    /// A failure at the line of a statement, or at the test's own.
    func failure(
        _ kind: TestFailure.Kind, _ message: String, statement: Statement?, expected: String = "", nearest: String = "",
        at now: Instant
    ) -> TestFailure {
        failure(kind, message, place: statement?.place, expected: expected, nearest: nearest, at: now)
    }

    func failure(
        _ kind: TestFailure.Kind, _ message: String, place: SourcePlace?, expected: String = "", nearest: String = "",
        traceback: String = "", at now: Instant
    ) -> TestFailure {
        let place = place ?? SourcePlace(file: test.text.chunkName, line: test.line)
        return TestFailure(
            kind: kind, message: message, file: path(of: place.file), line: place.line,
            source: test.text.lines(upTo: place.line, of: place.file), expected: expected, nearest: nearest,
            at: now - log.origin, traceback: traceback)
    }

    private func failure(of fault: LuaFault, at now: Instant) -> TestFailure {
        let place = SourcePlace(of: fault)
        var message = fault.message
        if let place, message.hasPrefix("\(place.file):\(place.line): ") {
            message = String(message.dropFirst("\(place.file):\(place.line): ".count))
        }
        return failure(.script, message, place: place, traceback: fault.traceback, at: now)
    }

    /// The path of a chunk, as the test's own was given.
    private func path(of chunkName: String) -> String {
        chunkName == test.text.chunkName ? test.file : chunkName
    }
}

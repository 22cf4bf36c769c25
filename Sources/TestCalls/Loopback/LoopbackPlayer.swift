public import AgentHost
public import Logging
import LuaRuntime

/// Plays tests over the wire: real SIP and RTP on this machine, in real time.
///
/// Each call has an agent's host of its own, which is production's, and a callee with a telephone of its own. Calls run
/// side by side and share nothing that could disturb another: the offline model serves each under a key of its own.
public struct LoopbackPlayer: TestPlayer {
    public struct Configuration: Sendable {
        /// Limits and environment of the scripts, and the model of live calls. Addresses, folders and the flow are set
        /// call by call.
        public var host: HostConfiguration
        /// Whether tests that script no model talk to that of ``host``; otherwise it is the offline one, with the
        /// test's persona.
        public var isLive = false
        /// Somebody else's telephone that takes the calls in place of our callee, and does what it does: `host:port`,
        /// or a `sip:` URI.
        public var calleeAddress: String?
        /// The callee's voice, where a test names none.
        public var voice = "awb"

        public init(host: HostConfiguration) {
            self.host = host
        }
    }

    private let stage: LoopbackStage

    /// Starts what all calls share.
    ///
    /// - Throws: ``TestStageError``: the offline model or the media engine cannot be started.
    public static func start(
        _ configuration: Configuration, logger: Logger
    ) async throws(TestStageError) -> LoopbackPlayer {
        LoopbackPlayer(stage: try await LoopbackStage.start(configuration, logger: logger))
    }

    private init(stage: LoopbackStage) {
        self.stage = stage
    }

    public var isDeterministic: Bool { false }

    /// Plays one test call to its end, or to half a minute beyond the test's time limit.
    ///
    /// - Parameter folder: Gets `recording.wav`, `events.jsonl` and `transcript.txt` of the agent's side.
    public func play(_ item: TestSelection.Item, seed: UInt64, folder: String?) async -> TestResult {
        let plan = LoopbackPlan(item: item, seed: seed, folder: folder, stranger: stage.configuration.calleeAddress)
        if let objection = plan.objection(isLive: stage.configuration.isLive) {
            return .notRun(item.test, seed: seed, message: objection)
        }
        return await LoopbackThread(executor: stage.callees.makeExecutor()).play(plan, on: stage)
    }

    /// What the calls so far have left, while none is played; for tests.
    ///
    /// - Parameter patience: A socket takes a moment to close.
    func leftovers(patience: Duration) async throws -> LoopbackLeftovers {
        let end = ContinuousClock.now + patience
        while stage.left != LoopbackLeftovers(), ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(20))
        }
        return stage.left
    }

    /// Ends what all calls share. To be called when no call is played any more.
    public func shutDown() async {
        await stage.shutDown()
    }
}

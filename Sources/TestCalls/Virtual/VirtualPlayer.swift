import FoundationEssentials
public import LuaRuntime

/// Plays tests in virtual time.
public struct VirtualPlayer: TestPlayer {
    private let stage: VirtualStage
    private let threads: LuaExecutorPool

    /// - Parameter threads: A call computes for as long as it lasts, and waits for nothing: it is kept off the
    ///   cooperative pool, where real calls may run. As many calls as threads are played at the same time.
    public init(stage: VirtualStage, threads: LuaExecutorPool) {
        self.stage = stage
        self.threads = threads
    }

    public var isDeterministic: Bool { true }

    public func play(_ item: TestSelection.Item, seed: UInt64, folder: String?) async -> TestResult {
        let plan = VirtualCallPlan(
            test: item.test, flow: item.flow, persona: item.persona, seed: seed, folder: folder)
        return await VirtualThread(executor: threads.makeExecutor()).play(plan, on: stage)
    }
}

/// Plays one call on a thread of its own choice.
private actor VirtualThread {
    private nonisolated let executor: LuaExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(executor: LuaExecutor) {
        self.executor = executor
    }

    func play(_ plan: VirtualCallPlan, on stage: VirtualStage) async -> TestResult {
        do {
            if let folder = plan.folder { try TestFolders.make(folder) }
            var played = await (try VirtualCall(plan, stage: stage)).play()
            if let folder = plan.folder, let log = played.log {
                played.test.recording = folder + "/recording.wav"
                played.test.eventLog = folder + "/events.jsonl"
                try Data(log.bytes).write(to: URL(filePath: folder + "/events.jsonl"))
            }
            return played.test
        } catch {
            return .notRun(plan.test, seed: plan.seed, message: "The call cannot be played: \(error)")
        }
    }
}

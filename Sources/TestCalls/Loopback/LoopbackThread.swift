import LuaRuntime
import OfflineModel
import Speech

/// Plays one call on a thread for scripts: a test that computes to the end of its budget delays neither the agent's side
/// of its call nor that of another.
actor LoopbackThread {
    private nonisolated let executor: LuaExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(executor: LuaExecutor) {
        self.executor = executor
    }

    func play(_ plan: LoopbackPlan, on stage: LoopbackStage) async -> TestResult {
        do {
            return await (try LoopbackCall(plan, on: stage)).play()
        } catch {
            return .notRun(plan.test, seed: plan.seed, message: "The call cannot be played: \(error)")
        }
    }
}

/// A callee's recogniser: utterance after utterance, on a thread where it holds nobody up.
actor LoopbackHearing {
    private nonisolated let executor: LuaExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    private let ears: SharedEars

    init(_ ears: SharedEars, executor: LuaExecutor) {
        self.ears = ears
        self.executor = executor
    }

    /// What was said; empty when nothing was understood.
    func hear(_ audio: [UInt8]) throws(SpeechRecognizer.Failure) -> String {
        try ears.hear(audio, .pcmu, persona: .silent)
    }
}

import AgentHost
import CallStore
public import Conversation
public import Logging
import LuaRuntime
import Net
public import OfflineModel
public import ScriptAPI
import Speech
import Synchronization

/// What all calls in virtual time share: voices, ears, the services of scripts, limits. Safe to use from any thread.
public final class VirtualStage: Sendable {
    public struct Configuration: Sendable {
        public var scriptLimits = ScriptLimits()
        public var scriptEnvironment = ScriptEnvironment(timeZone: "UTC")
        public var limits = CallSession.Limits()
        public var modelOptions = CallSession.ModelOptions()
        /// Whether a persona listens with a recogniser. Otherwise it is told the words that were spoken, as far as the
        /// callee's voice reached it; so is a model that a test has written down, which knows no grammar.
        public var recognizes = false
        /// How the offline model fails.
        public var misbehaviour = Misbehaviour()
        /// The callee's voice, where a test names none.
        public var voice = "awb"

        public init() {}
    }

    /// The wall clock of calls whose test names no time: a Monday morning, 2026-03-02 10:00 UTC. Unix time. [s]
    public static let startTime = 1_772_445_600.0

    /// What a script may take between two waits. Its limit is the number of instructions, which is the same on every
    /// machine and under any load; this one is for what counts none.
    private static let processorTime = Duration.seconds(10)

    let configuration: Configuration
    let model: VirtualModel.Services
    let services: ScriptServices
    private let store: CallStore
    private let storeCount = Atomic<UInt64>(0)
    let fallbackVoice: FallbackVoice
    let logger: Logger

    /// - Throws: a sentence that says what to do.
    public init(_ configuration: Configuration, logger: Logger) throws(TestStageError) {
        var configuration = configuration
        configuration.scriptLimits.lua.processorTime = VirtualStage.processorTime
        self.configuration = configuration
        self.logger = logger
        model = VirtualModel.Services(ears: SharedEars())
        fallbackVoice = FallbackVoice(logger: logger)
        do {
            store = try CallStore.inMemory()
            services = try ScriptServices(
                store: store, http: RestrictedHTTPClient.Options(), logger: logger, now: { 0 })
        } catch {
            throw TestStageError(description: "Test calls cannot begin: \(error)")
        }
    }

    /// The name of a store that no other call has.
    func makeStore() -> String { "call \(storeCount.add(1, ordering: .relaxed).newValue)" }

    /// Removes what a call's script has kept.
    func removeStore(_ name: String) async {
        do {
            try await store.removeEntries(agent: name)
        } catch {
            logger.warning("what the script of a test call kept stays in memory: \(error)")
        }
    }

    /// What the callee's speech is made with.
    var sentences: SpokenSentences { model.sentences }
}

/// Why test calls cannot begin.
public struct TestStageError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One sentence that says what to do.
    public let description: String
}

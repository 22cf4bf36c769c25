import AgentHost
import CallStore
public import Conversation
public import Logging
import Net
import OfflineModel
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
        /// The callee's voice, where a test names none.
        public var voice = "awb"

        public init() {}
    }

    /// The wall clock of calls whose test names no time: a Monday morning, 2026-03-02 10:00 UTC. Unix time. [s]
    public static let startTime = 1_772_445_600.0

    let configuration: Configuration
    let model: VirtualModel.Services
    let services: ScriptServices
    let fallbackVoice: FallbackVoice
    let logger: Logger
    private let storeCount = Atomic(0)

    /// - Throws: a sentence that says what to do.
    public init(_ configuration: Configuration, logger: Logger) throws(TestStageError) {
        self.configuration = configuration
        self.logger = logger
        model = VirtualModel.Services(ears: SharedEars())
        fallbackVoice = FallbackVoice(logger: logger)
        do {
            services = try ScriptServices(
                store: CallStore.inMemory(), http: RestrictedHTTPClient.Options(), logger: logger, now: { 0 })
        } catch {
            throw TestStageError(description: "Test calls cannot begin: \(error)")
        }
    }

    /// The name of a store that no call has used: a call played twice finds nothing of its first time.
    func freshStore() -> String { "\(storeCount.add(1, ordering: .relaxed).newValue)" }

    /// What the callee's speech is made with.
    var sentences: SpokenSentences { model.sentences }
}

/// Why test calls cannot begin.
public struct TestStageError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One sentence that says what to do.
    public let description: String
}

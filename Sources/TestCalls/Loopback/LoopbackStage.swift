import AgentHost
import Conversation
import FoundationEssentials
import Glibc
import Logging
import LuaRuntime
import MediaEngine
import OfflineModel
import SansIO
import ScriptAPI
import Synchronization
import Telephony
import VoiceAgent

/// What all calls over the wire share: the offline model, the callees' media engine, threads, voices, ears.
final class LoopbackStage: Sendable {
    static let address = "127.0.0.1"
    /// The callees' streams; the agents' are below, bad lines above.
    private static let calleePorts: ClosedRange<UInt16> = 40_000...44_998
    private static let agentPorts: ClosedRange<UInt16> = 16_384...32_766
    /// Ports of one agent's media engine: calls at the same time have different ones, and a port rests for long.
    private static let portsPerAgent: UInt16 = 32
    /// Threads of callees: they interpret tests and listen for voices.
    private static let calleeThreads = 2
    /// Recognisers of callees at work at the same time.
    private static let recognizerThreads = 2

    let configuration: LoopbackPlayer.Configuration
    let logger: Logger
    let server: OfflineModelServer
    let media: MediaEngine
    let sentences = SpokenSentences()
    let ears = SharedEars()
    let callees = LuaExecutorPool(threads: calleeThreads)
    let recognizers = LuaExecutorPool(threads: recognizerThreads)
    /// Where the hosts' files are while their calls run.
    private let folder: String
    private let models: LoopbackModels
    private let callCount = Atomic(0)
    private let leftovers = Mutex(LoopbackLeftovers())

    static func start(
        _ configuration: LoopbackPlayer.Configuration, logger: Logger
    ) async throws(TestStageError) -> LoopbackStage {
        let models = LoopbackModels()
        var offline = OfflineModelServer.Configuration(personaPath: nil)
        offline.host = address
        // A flow names the models and voices of whatever servers it is written for.
        offline.names = .any
        offline.session = { models[$0]?.session ?? OfflineModelServer.SessionPlan() }
        do {
            var settings = MediaEngine.Configuration()
            settings.bindAddress = address
            settings.ports = calleePorts
            // A callee says nothing about the agent's silence: the test does.
            settings.mediaTimeout = .zero
            let media = try MediaEngine(settings)
            do {
                let server = try await OfflineModelServer.start(offline, logger: logger)
                do {
                    return LoopbackStage(
                        configuration, logger: logger, server: server, media: media, models: models,
                        folder: try makeTemporaryFolder())
                } catch {
                    await server.shutdown()
                    throw error
                }
            } catch {
                media.shutdown()
                throw error
            }
        } catch {
            throw TestStageError(description: "Test calls cannot begin: \(error)")
        }
    }

    private init(
        _ configuration: LoopbackPlayer.Configuration, logger: Logger, server: OfflineModelServer, media: MediaEngine,
        models: LoopbackModels, folder: String
    ) {
        self.configuration = configuration
        self.logger = logger
        self.server = server
        self.media = media
        self.models = models
        self.folder = folder
    }

    private static func makeTemporaryFolder() throws -> String {
        var template = Array((FileManager.default.temporaryDirectory.path() + "/moonline-tests-XXXXXX").utf8CString)
        guard let path = mkdtemp(&template) else {
            let reason = String(cString: strerror(errno))
            throw TestStageError(description: "no temporary folder can be made: \(reason)")
        }
        return String(cString: path)
    }

    func shutDown() async {
        await server.shutdown()
        media.shutdown()
        TestFolders.remove(folder)
    }

    // MARK: What calls leave

    /// What the calls so far have left, beside those that are played.
    var left: LoopbackLeftovers {
        var left = leftovers.withLock { $0 }
        left.sessions = server.openSessions
        return left
    }

    func agentShutsDown() {
        leftovers.withLock { $0.agents += 1 }
    }

    /// - Parameter openRequests: Of the agent's pipelines, which were under way without a call.
    func agentIsShut(openRequests: Int) {
        leftovers.withLock { left in
            left.agents -= 1
            left.requests += openRequests
        }
    }

    // MARK: What each call has of its own

    /// A number for the next call.
    func nextCall() -> Int { callCount.add(1, ordering: .relaxed).oldValue }

    /// The model of a call; it is the session's whose key is ``LoopbackModel/key``.
    func openModel(_ plan: LoopbackPlan, call: Int, note: @escaping @Sendable (String) -> Void) -> LoopbackModel {
        let model = LoopbackModel(plan, key: "test-\(call)", note: note)
        models.add(model)
        return model
    }

    func closeModel(_ model: LoopbackModel) { models.remove(model) }

    /// The host of a call's agent, before it is started.
    func hostConfiguration(_ plan: LoopbackPlan, call: Int, model: LoopbackModel) -> HostConfiguration {
        var host = configuration.host
        host.flows = [plan.item.flow]
        host.inboundAgent = plan.item.flow.definition.name
        host.dataFolder = "\(folder)/\(call)"
        host.telephony.bindAddress = LoopbackStage.address
        host.telephony.publicAddress = nil
        host.telephony.port = 0
        host.media.bindAddress = LoopbackStage.address
        host.media.ports = LoopbackStage.ports(ofCall: call)
        host.media.threads = 1
        host.defaultTrunkID = nil
        host.maximumCalls = 1
        host.scriptThreads = 1
        host.scriptSeed = plan.seed
        host.startTime = plan.test.options.startTime
        host.onFlowNews = { _ in }
        if !usesLiveModel(plan) {
            host.model = RealtimeConfiguration(
                baseURL: server.baseURL, apiKey: model.key, model: host.model.model)
            // Whatever server a flow's pipeline names: here it is the offline one.
            let endpoint = StageEndpoint(baseURL: server.baseURL, apiKey: Secret(model.key))
            host.pipeline = host.pipeline.serving(plan.item.flow.definition) { _ in endpoint }
        }
        return host
    }

    func usesLiveModel(_ plan: LoopbackPlan) -> Bool { configuration.isLive && plan.test.options.model == nil }

    private static func ports(ofCall call: Int) -> ClosedRange<UInt16> {
        let slots = (Int(agentPorts.upperBound - agentPorts.lowerBound) + 1) / Int(portsPerAgent)
        let first = agentPorts.lowerBound + UInt16(call % slots) * portsPerAgent
        return first...(first + portsPerAgent - 1)
    }
}

/// What is there when no call is played any more: nothing should be.
struct LoopbackLeftovers: Hashable {
    /// Agents whose tasks do not end.
    var agents = 0
    /// Requests of pipelines that went on behind their calls.
    var requests = 0
    /// Sockets to the model.
    var sessions = 0
}

/// The models of the calls that run, by their keys.
final class LoopbackModels: Sendable {
    private let models = Mutex<[String: LoopbackModel]>([:])

    subscript(key: String) -> LoopbackModel? { models.withLock { $0[key] } }

    func add(_ model: LoopbackModel) {
        models.withLock { $0[model.key] = model }
    }

    func remove(_ model: LoopbackModel) {
        models.withLock { $0[model.key] = nil }
    }
}

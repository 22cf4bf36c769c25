public import Conversation
public import MediaEngine
public import Net
public import ScriptAPI
public import Telephony
public import VoiceAgent

/// All that a host is told before it starts.
public struct HostConfiguration: Sendable {
    /// Folder with the flows, one `.lua` file an agent.
    public var flowsFolder: String
    /// Serves these and no others, and neither reads nor watches ``flowsFolder``; their agents' names differ.
    public var flows: [Flow]?
    /// Folder for the database and the calls' files.
    public var dataFolder: String
    public var model: RealtimeConfiguration
    public var modelOptions = CallSession.ModelOptions()
    /// The servers of pipeline mode.
    public var pipeline = PipelineEndpoints()
    /// Live mode, whose server is that of ``model``.
    public var liveOptions = LiveOptions()
    public var limits = CallSession.Limits()
    public var scriptLimits = ScriptLimits()
    /// What scripts may see of the environment.
    public var scriptEnvironment = ScriptEnvironment()
    /// Hosts that scripts may send HTTP requests to, and how much may come back.
    public var scriptHTTP = RestrictedHTTPClient.Options()
    /// The agent that takes incoming calls; `nil`: the one whose flow has `on_incoming`.
    public var inboundAgent: String?
    public var telephony = UserAgent.Configuration()
    public var media = MediaEngine.Configuration()
    /// The trunk of calls that name none; `nil` takes the only one.
    public var defaultTrunkID: String?
    /// Calls at a time; a dispatch beyond is refused.
    public var maximumCalls = 200
    /// Threads for scripts.
    public var scriptThreads = 2
    /// When every call begins, as its script and its record have it: Unix time; `nil`: when it does. [s]
    public var startTime: Double?
    /// Where the random numbers of every call's script begin; `nil`: elsewhere in each call.
    public var scriptSeed: UInt64?
    /// Share of the new calls that a new version of a flow gets until it is promoted, 0…1; 1 swaps it in whole.
    public var canaryShare = 1.0
    /// With the call's id it decides which calls go to the canary.
    public var canarySeed = UInt64.random(in: .min ... .max)
    /// Looks for what loading a flow cannot find, for example by test calls; what it returns keeps a version from
    /// serving.
    public var verifyFlow: @Sendable (Flow) async -> [FlowDiagnostic] = { _ in [] }
    /// Told of what happens to the flows, in order; `nil` has it logged.
    public var onFlowNews: (@Sendable (FlowNews) -> Void)?
    /// Told of each call when it has ended, after all that was observed of it.
    public var onCallEnded: @Sendable (CallReport) -> Void = { _ in }

    /// Of the client that all pipelines share: as many connections stay warm as the calls may need.
    var modelHTTPOptions: HTTPClient.Options {
        var options = HTTPClient.Options.pipelines(calls: maximumCalls)
        options.connectTimeout = model.connectTimeout
        options.trustedCertificatesFile = model.trustedCertificatesFile
        return options
    }

    public init(flowsFolder: String, dataFolder: String, model: RealtimeConfiguration) {
        self.flowsFolder = flowsFolder
        self.dataFolder = dataFolder
        self.model = model
    }
}

/// Why a host could not start.
public struct HostError: Error, Sendable, CustomStringConvertible {
    /// One sentence that says what to do.
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}

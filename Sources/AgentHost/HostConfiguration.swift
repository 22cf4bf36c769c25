public import Conversation
public import MediaEngine
public import ScriptAPI
public import Telephony
public import VoiceAgent

/// All that a host is told before it starts.
public struct HostConfiguration: Sendable {
    /// Folder with the flows, one `.lua` file an agent.
    public var flowsFolder: String
    /// Folder for the database and the calls' files.
    public var dataFolder: String
    public var model: RealtimeConfiguration
    public var modelOptions = CallSession.ModelOptions()
    public var limits = CallSession.Limits()
    public var scriptLimits = ScriptLimits()
    /// What scripts may see of the environment.
    public var scriptEnvironment = ScriptEnvironment()
    /// Hosts that scripts may send HTTP requests to.
    public var httpAllowed = HTTPAllowList()
    public var serviceLimits = ScriptServices.Limits()
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

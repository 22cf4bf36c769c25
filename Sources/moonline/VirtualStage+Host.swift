import AgentHost
import ScriptAPI
import TestCalls

extension VirtualStage.Configuration {
    /// What a host's scripts may do and use, in virtual time.
    init(_ host: HostConfiguration) {
        self.init()
        scriptLimits = host.scriptLimits
        scriptEnvironment = host.scriptEnvironment
        scriptEnvironment.timeZone = "UTC"
        limits = host.limits
    }
}

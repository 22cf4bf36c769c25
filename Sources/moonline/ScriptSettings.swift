import AgentHost
import Conversation
import LuaRuntime
import Net
import ScriptAPI

extension HostConfiguration {
    /// Takes over what the operator lets scripts do and use.
    ///
    /// - Throws: `Settings.Invalid` for settings that nobody can use.
    mutating func applyScriptSettings(_ settings: Settings) throws {
        scriptLimits.lua.memory = try settings.integer("MOONLINE_SCRIPT_MEMORY", in: 1...4_096, default: 16) << 20
        scriptLimits.lua.processorTime = .milliseconds(
            try settings.integer("MOONLINE_SCRIPT_CPU_MS", in: 1...60_000, default: 100))
        scriptLimits.lua.instructions = UInt64(
            try settings.integer("MOONLINE_SCRIPT_INSTRUCTIONS", in: 1_000...1_000_000_000_000, default: 10_000_000))
        scriptLimits.logLines = try settings.integer("MOONLINE_SCRIPT_LOG_LINES", in: 0...10_000_000, default: 10_000)
        limits.scriptTasks = try settings.integer("MOONLINE_SCRIPT_TASKS", in: 8...10_000, default: limits.scriptTasks)
        limits.scriptTimers = try settings.integer(
            "MOONLINE_SCRIPT_TIMERS", in: 0...10_000, default: limits.scriptTimers)
        limits.scriptRequests = try settings.integer(
            "MOONLINE_SCRIPT_REQUESTS", in: 0...1_000, default: limits.scriptRequests)
        limits.scriptRequestRate = try settings.integer(
            "MOONLINE_SCRIPT_REQUEST_RATE", in: 10...1_000_000, default: limits.scriptRequestRate)
        scriptHTTP.allowed = try HTTPAllowList(parsing: settings["MOONLINE_HTTP_ALLOW"] ?? "")
        inboundAgent = settings["MOONLINE_INBOUND_AGENT"]
        for name in (settings["MOONLINE_SCRIPT_ENV"] ?? "").split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
            let name = String(name)
            scriptEnvironment.allowed.insert(name)
            if let value = settings[name] { scriptEnvironment.variables[name] = value }
        }
    }
}

import ArgumentParser
import ScriptAPI

@main
struct Moonline: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "moonline",
        abstract: "A telephone voice-agent host: SIP and OpenAI's Realtime API in one binary, call flows in Lua.",
        version: HostVersion.current,
        subcommands: [
            DevCommand.self, StartCommand.self, CheckCommand.self, CallCommand.self, DispatchCommand.self, TrunkCommand.self,
            DemoCommand.self, OfflineModelCommand.self,
        ])
}

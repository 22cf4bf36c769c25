import ArgumentParser
import ScriptAPI

@main
struct Moonline: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "moonline",
        abstract:
            "A telephone voice-agent host: SIP and voice models, or your own stages, in one binary; call flows in Lua.",
        version: HostVersion.current,
        subcommands: [
            InitCommand.self, CheckCommand.self, TestCommand.self, DevCommand.self, StartCommand.self, CallCommand.self,
            DispatchCommand.self, TrunkCommand.self, VersionsCommand.self, ReloadCommand.self, RollbackCommand.self,
            ReplayCommand.self, DemoCommand.self, OfflineModelCommand.self, ReferenceCommand.self,
        ])
}

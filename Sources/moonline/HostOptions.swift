import AgentHost
public import ArgumentParser
import Conversation
public import Logging
import MediaEngine
import Telephony
import VoiceAgent

/// Where flows and personas are, and how much is logged.
struct CommonOptions: ParsableArguments {
    @Option(help: "Folder with flows/ and personas/ (MOONLINE_SCRIPTS); default: scripts, or the one where you are.")
    var scripts: String?

    @Option(help: "Log level: trace, debug, info, notice, warning, error (MOONLINE_LOG_LEVEL).")
    var logLevel: Logger.Level?

    /// The folder itself when it holds flows, as `moonline init` lays a project out; otherwise `scripts`.
    private static var defaultScriptsFolder: String {
        !FileSystem.isFolder("scripts/flows") && FileSystem.isFolder("flows") ? "." : "scripts"
    }

    func scriptsFolder(_ settings: Settings) -> String {
        scripts ?? settings["MOONLINE_SCRIPTS"] ?? CommonOptions.defaultScriptsFolder
    }

    func flowsFolder(_ settings: Settings) -> String {
        FileSystem.path("flows", in: scriptsFolder(settings))
    }

    /// The level that somebody chose; `nil` when nobody did.
    func chosenLogLevel(_ settings: Settings) throws(Settings.Invalid) -> Logger.Level? {
        if let logLevel { return logLevel }
        guard let name = settings["MOONLINE_LOG_LEVEL"] else { return nil }
        guard let level = Logger.Level(rawValue: name) else {
            throw Settings.Invalid(
                description: "MOONLINE_LOG_LEVEL=\(name) is no log level. Use trace, debug, info, notice, warning or "
                    + "error.")
        }
        return level
    }

    /// A logger on standard error.
    func logger(_ settings: Settings, default level: Logger.Level = .info) throws(Settings.Invalid) -> Logger {
        var logger = Logger(label: "moonline") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = try chosenLogLevel(settings) ?? level
        return logger
    }
}

/// What a command needs to run a host.
struct HostOptions: ParsableArguments {
    @OptionGroup var common: CommonOptions

    @Option(help: "Folder for the database, recordings and transcripts (MOONLINE_DATA).")
    var data: String?

    static let defaultModel = "gpt-realtime-2.1"

    func dataFolder(_ settings: Settings) -> String {
        data ?? settings["MOONLINE_DATA"] ?? ".moonline"
    }

    /// - Throws: `Settings.Invalid` for settings that nobody can use, and for a missing key.
    func configuration(_ settings: Settings) throws -> HostConfiguration {
        let baseURL = settings["OPENAI_BASE_URL"] ?? RealtimeConfiguration.openAI
        let isOpenAI = baseURL == RealtimeConfiguration.openAI
        // With servers of its own a host can do without: flows that need the key are refused when they are loaded.
        let isOptional = settings["MOONLINE_ENDPOINTS"] != nil
        guard let key = settings["OPENAI_API_KEY"] ?? (isOpenAI ? (isOptional ? "" : nil) : "none") else {
            throw Settings.Invalid(
                description: "OPENAI_API_KEY is not set. Put it into the environment or into .env; without a key, run "
                    + "`moonline offline-model` and set OPENAI_BASE_URL to the address that it prints.")
        }
        var model = RealtimeConfiguration(
            baseURL: baseURL, apiKey: key, model: settings["OPENAI_REALTIME_MODEL"] ?? HostOptions.defaultModel)
        model.trustedCertificatesFile = settings["MOONLINE_CA_FILE"]
        var configuration = HostConfiguration(
            flowsFolder: common.flowsFolder(settings), dataFolder: dataFolder(settings), model: model)
        if let transcription = settings["OPENAI_TRANSCRIPTION_MODEL"] {
            configuration.modelOptions.transcriptionModel = transcription
        }
        if let live = settings["OPENAI_LIVE_MODEL"] { configuration.liveOptions.model = live }
        if let backEnd = settings["OPENAI_LIVE_BACK_END_MODEL"] { configuration.liveOptions.backEndModel = backEnd }
        configuration.pipeline = try PipelineEndpoints(settings)
        configuration.telephony.bindAddress = settings["MOONLINE_BIND_ADDRESS"] ?? "0.0.0.0"
        configuration.telephony.port = UInt16(
            try settings.integer("MOONLINE_SIP_PORT", in: 0...65_535, default: 5060))
        configuration.telephony.publicAddress = settings["MOONLINE_PUBLIC_ADDRESS"]
        configuration.media.bindAddress = configuration.telephony.bindAddress
        configuration.media.ports = try settings.ports("MOONLINE_RTP_PORTS", default: 16_384...32_766)
        configuration.maximumCalls = try settings.integer("MOONLINE_MAX_CALLS", in: 1...10_000, default: 200)
        // Calls that have ended wait for the answer to their BYE, and the host has taken others by then.
        configuration.telephony.maximumCalls = max(
            configuration.telephony.maximumCalls, 2 * configuration.maximumCalls)
        configuration.defaultTrunkID = settings["SIP_OUTBOUND_TRUNK_ID"]
        try configuration.applyScriptSettings(settings)
        return configuration
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}

import ArgumentParser
import Logging
import OfflineModel

struct OfflineModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "offline-model", abstract: "Serve OpenAI's voice APIs on this machine, without key or network.",
        discussion: """
            Realtime sessions, of conversation and of transcription, Live sessions, chat completions, responses, \
            speech and transcriptions. It hears by PocketSphinx, speaks by flite, and answers as a persona says: a \
            Lua file that can be edited. Point OPENAI_BASE_URL at the address that it prints.
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: "Address to serve on.")
    var bind = "127.0.0.1"

    @Option(help: "Port; 0 for any.")
    var port: UInt16 = 8089

    @Option(help: "The persona's file; default: personas/dental_practice.lua of the scripts folder.")
    var persona: String?

    @Option(
        help: ArgumentHelp(
            "What goes wrong, for tests of clients; may be given several times.", discussion: Misbehaviour.syntax,
            valueName: "rule"),
        transform: { try Misbehaviour(parsing: $0) })
    var misbehave: [Misbehaviour] = []

    @Flag(help: "Log what is said. Off by default.")
    var logTranscripts = false

    func run() async throws {
        try await reportingFailures {
            OpenFiles.raiseLimit()
            let settings = try Settings()
            var configuration = OfflineModelServer.Configuration(
                personaPath: persona ?? common.scriptsFolder(settings) + "/personas/dental_practice.lua")
            configuration.host = bind
            configuration.port = port
            configuration.logsTranscripts = logTranscripts
            configuration.misbehaviour = misbehave.reduce(Misbehaviour(), +)
            let logger = try common.logger(settings)
            let signals = Signals()
            let server = try await OfflineModelServer.start(configuration, logger: logger)
            Console.print("Offline model ready. OPENAI_BASE_URL=\(server.baseURL)")
            var iterator = signals.received.makeAsyncIterator()
            _ = await iterator.next()
            withExtendedLifetime(signals) {}
            await server.shutdown()
        }
    }
}

import AgentHost
import ArgumentParser
import Glibc
import LiveKit
import Logging
import Net
import SansIO

struct DevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev", abstract: "Run a host for development: conversations are shown, keys have defaults.",
        discussion: """
            Serves the admin API on 127.0.0.1:7880 with the key devkey and the secret secret, unless LIVEKIT_API_KEY \
            and LIVEKIT_API_SECRET say otherwise. A flow that is edited serves the next call; one that is spoilt goes \
            on as it was, and the error is shown. SIGTERM or Ctrl-C waits \
            for running calls; a second one hangs them up.
            """)

    @OptionGroup var host: HostOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var flows: FlowOptions

    func run() async throws {
        try await HostRun(host: host, server: server, flows: flows, isDevelopment: true).run()
    }
}

struct StartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Run a host for production.",
        discussion: """
            LIVEKIT_API_KEY and LIVEKIT_API_SECRET must be set. Logs go to standard error and hold no transcripts. \
            SIGTERM drains: running calls go on, new ones are refused; a second one hangs up.
            """)

    @OptionGroup var host: HostOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var flows: FlowOptions

    func run() async throws {
        try await HostRun(host: host, server: server, flows: flows, isDevelopment: false).run()
    }
}

struct ServerOptions: ParsableArguments {
    @Option(help: "Address of the admin API.")
    var adminHost = "127.0.0.1"

    @Option(help: "Port of the admin API.")
    var adminPort: UInt16 = 7880
}

/// A host from its start to its last call.
private struct HostRun {
    let host: HostOptions
    let server: ServerOptions
    let flows: FlowOptions
    let isDevelopment: Bool

    func run() async throws {
        try await reportingFailures {
            OpenFiles.raiseLimit()
            let settings = try Settings()
            let (key, secret) = try credentials(settings)
            let view = ConversationView(isColored: Console.hasColor(STDOUT_FILENO)) { Console.printLater($0) }
            let logger = try makeLogger(settings, view)
            var configuration = try host.configuration(settings)
            try flows.apply(to: &configuration, scripts: host.common.scriptsFolder(settings), logger: logger)
            let isDevelopment = isDevelopment
            if isDevelopment {
                let news = ConversationView(isColored: Console.hasColor(STDERR_FILENO)) { Console.error($0) }
                configuration.onFlowNews = { news.show($0) }
            }
            let signals = Signals()
            let agent = try await AgentHost.start(configuration, logger: logger) { observation in
                if isDevelopment { view.show(observation) }
            }
            let admin: AdminServer
            do throws(NetError) {
                admin = try await AdminServer.start(
                    host: server.adminHost, port: server.adminPort, apiKey: key, apiSecret: Secret(secret),
                    agent: agent, logger: logger)
            } catch {
                await agent.shutDown()
                throw HostError(
                    "Cannot serve the admin API: \(error.message) Another port can be given by --admin-port.")
            }
            let names = await agent.agentNames.joined(separator: ", ")
            Console.error(
                """
                Moonline is ready: agents \(names); admin API http://\(server.adminHost):\(admin.port); SIP \
                \(agent.sipAddress)
                """)
            await waitForEnd(signals, agent)
            await admin.shutDown()
            await agent.shutDown()
            Console.flush()
        }
    }

    private func makeLogger(_ settings: Settings, _ view: ConversationView) throws -> Logger {
        guard isDevelopment, try host.common.chosenLogLevel(settings) == nil else {
            return try host.common.logger(settings)
        }
        return Logger(label: "moonline") { DevelopmentLog(StreamLogHandler.standardError(label: $0), view: view) }
    }

    private func credentials(_ settings: Settings) throws -> (String, String) {
        switch (settings["LIVEKIT_API_KEY"], settings["LIVEKIT_API_SECRET"]) {
        case (let key?, let secret?): return (key, secret)
        case (nil, nil) where isDevelopment && server.adminHost == "127.0.0.1":
            return (AdminOptions.developmentKey, AdminOptions.developmentSecret)
        default:
            throw Settings.Invalid(
                description: "LIVEKIT_API_KEY and LIVEKIT_API_SECRET must both be set: they guard the admin API.")
        }
    }

    /// The first signal drains, the second hurries, the third ends the process at once.
    private func waitForEnd(_ signals: Signals, _ agent: AgentHost) async {
        var iterator = signals.received.makeAsyncIterator()
        _ = await iterator.next()
        let hurry = Task {
            var count = 0
            for await _ in signals.received {
                count += 1
                if count > 1 {
                    Console.error("Ended without waiting.")
                    exit(130)
                }
                Console.error("Hanging up all calls.")
                await agent.hangUpAll(reason: "shutdown")
            }
        }
        let count = await agent.callCount
        if count > 0 {
            let calls = count == 1 ? "the call" : "\(count) calls"
            Console.error("Waiting for \(calls) to end. Ctrl-C or SIGTERM once more hangs up.")
        }
        await agent.drain()
        hurry.cancel()
    }
}

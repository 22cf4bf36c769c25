import AgentHost
import ArgumentParser
import Glibc
import LiveKit
import Logging
import MediaEngine
import Net
import OfflineModel
import SansIO
import Telephony
import TestCalls
import VoiceAgent

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Watch a telephone call between our agent and a callee, all on this machine.",
        discussion: """
            Starts the offline model, a callee and a host, and dispatches the call over the admin API. Exit status 0 \
            means that everything happened: the appointment was changed, an interruption, the goodbye.
            """)

    @OptionGroup var common: CommonOptions

    @Flag(name: .shortAndLong, help: "Print the summary as one JSON object and nothing else on standard output.")
    var json = false

    @Option(help: "Folder for the recording, the transcript and the event log.")
    var output: String?

    @Option(help: "Give up after so many seconds.")
    var timeout: Int = 120

    /// What the callee does: changes the appointment, interrupts once, says goodbye.
    static let callee = CalleeScript(
        answerDelay: .milliseconds(1_500),
        steps: [
            .hear(anyOf: ["dental practice"], patience: .seconds(20)),
            .say("Can I come tomorrow instead?"),
            // The agent reads out the free times; the callee knows already.
            .interrupt(after: .milliseconds(2_200), say: "Three is fine."),
            .hear(anyOf: ["confirmed", "booked", "all set", "see you", "anything else"], patience: .seconds(20)),
            .say("Thank you, goodbye."),
            .awaitHangUp(patience: .seconds(20)),
        ],
        expectedPhrases: [
            "hello alex this is the scheduling assistant of the dental practice",
            "i am calling about your appointment {day} at {time}",
            "does that still suit you",
            "on {day} the \(ordinals) of \(months) we have several appointments for you",
            "{time} {time} and {time}",
            "all of them are with the same dentist and each takes about half an hour",
            "please tell me which of these times would suit you best or name another day",
            "your appointment is confirmed for {day} the \(ordinals) of \(months) at {time}",
            "is there anything else i can do for you",
            "thank you for your time goodbye",
        ])

    private static let ordinals =
        "(first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth|"
        + "fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|twenty first|twenty second|twenty third|"
        + "twenty fourth|twenty fifth|twenty sixth|twenty seventh|twenty eighth|twenty ninth|thirtieth|thirty first)"
    private static let months =
        "(january|february|march|april|may|june|july|august|september|october|november|december)"

    func validate() throws {
        guard timeout >= 1 else { throw ValidationError("--timeout must be at least one second.") }
    }

    func run() async throws {
        try await reportingFailures {
            let folder = try output ?? FileSystem.makeTemporaryFolder(prefix: "moonline-demo")
            let summary = try await DemoRun(command: self, folder: folder).run()
            if json {
                Console.print(summary.json.text)
            } else {
                Console.print("")
                for line in summary.lines { Console.print(line) }
                for missing in summary.shortcomings { Console.error("missing: \(missing)") }
            }
            if !summary.shortcomings.isEmpty { throw ExitCode(1) }
        }
    }
}

/// The parties of a demo, from their start to their end.
private struct DemoRun {
    let command: DemoCommand
    let folder: String

    private static let metadata: JSON = [
        "phone_number": "+15105550100", "patient_name": "Alex", "transfer_to": "+15105550199",
    ]

    func run() async throws -> DemoSummary {
        OpenFiles.raiseLimit()
        let settings = try Settings()
        let logger = try command.common.logger(settings, default: .error)
        let isJSON = command.json
        let view = ConversationView(isColored: !isJSON && Console.hasColor(STDOUT_FILENO)) { line in
            if !isJSON { Console.printLater(line) }
        }
        view.note("starting the offline model (speech recognition and synthesis on this machine)")
        var modelConfiguration = OfflineModelServer.Configuration(
            personaPath: command.common.scriptsFolder(settings) + "/personas/dental_practice.lua")
        modelConfiguration.recognizerCount = 1
        let model = try await OfflineModelServer.start(modelConfiguration, logger: logger)
        let callee = try await ScriptedCallee.start(DemoCommand.callee, logger: logger) { view.show(callee: $0) }
        let agent = try await AgentHost.start(hostConfiguration(settings, model: model), logger: logger) {
            view.show($0.observation)
        }
        let secret = Secret(RoomName.random())
        let admin = try await AdminServer.start(
            host: "127.0.0.1", port: 0, apiKey: "demo", apiSecret: secret, agent: agent, logger: logger)
        view.note("callee at sip:\(callee.address), agent at sip:\(agent.sipAddress), admin API on port \(admin.port)")

        let client = TwirpClient(
            url: "http://127.0.0.1:\(admin.port)", apiKey: "demo", apiSecret: secret, client: try HTTPClient(),
            now: { WallClock.seconds })
        // The folder may be an earlier demo's.
        for old in try await client.listTrunks() { _ = try await client.deleteTrunk(id: old.id) }
        var trunk = OutboundTrunk()
        trunk.name = "demo"
        trunk.address = callee.address
        trunk.numbers = ["+15105550123"]
        _ = try await client.createTrunk(trunk)
        let dispatch = try await client.createDispatch(
            DispatchRequest(agentName: "outbound-caller", room: RoomName.random(), metadata: DemoRun.metadata.text))
        view.note("dispatched: \(dispatch.agentName) calls +15105550100")

        let summary = try await conversation(dispatch, agent, callee)
        await admin.shutDown()
        await agent.shutDown()
        await callee.shutDown()
        await model.shutdown()
        return summary
    }

    private func hostConfiguration(_ settings: Settings, model: OfflineModelServer) -> HostConfiguration {
        var configuration = HostConfiguration(
            flowsFolder: command.common.scriptsFolder(settings) + "/flows", dataFolder: folder,
            model: RealtimeConfiguration(baseURL: model.baseURL, apiKey: "offline", model: HostOptions.defaultModel))
        configuration.telephony.bindAddress = "127.0.0.1"
        configuration.telephony.port = 0
        configuration.media.bindAddress = "127.0.0.1"
        return configuration
    }

    /// Waits for the call's end; hangs up when it takes too long, or when somebody presses Ctrl-C.
    private func conversation(
        _ dispatch: Dispatch, _ agent: AgentHost, _ callee: ScriptedCallee
    ) async throws -> DemoSummary {
        let signals = Signals()
        let timeout = command.timeout
        let watchdog = Task {
            try await Task.sleep(for: .seconds(timeout))
            await agent.hangUpAll(reason: "the demo took longer than \(timeout) s")
        }
        let interrupted = Task {
            var count = 0
            for await _ in signals.received {
                count += 1
                if count > 1 { exit(130) }
                await agent.hangUpAll(reason: "interrupted")
            }
        }
        defer {
            watchdog.cancel()
            interrupted.cancel()
        }
        guard let report = await agent.report(dispatchID: dispatch.id) else {
            throw HostError("The call ended before it could be watched; see \(folder)/calls.")
        }
        // A call that ended so early may never have reached the callee, who would wait for it.
        if report.answeredAt == nil { await callee.shutDown() }
        return DemoSummary(report: report, calleeOutcome: await callee.outcome(), folder: folder)
    }
}

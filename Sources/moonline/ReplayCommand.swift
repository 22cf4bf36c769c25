import ArgumentParser
import Conversation
import Glibc
import Replay
import SansIO
import ScriptAPI

struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Run a recorded call again, against its flow or an edited one.",
        discussion: """
            Reads the event log of a call and runs the call's script again, in virtual time: the same events, times and \
            random numbers, and the answers of http and store from the log. No call is made. Prints the first point at \
            which the flow does something else than it did, side by side.

            Without --flow the version that the call had runs; its text is in the log. With --flow an edited one takes \
            its place. The model and the far end do what they did in the call, so that what follows a difference \
            cannot be known.

            Ends with 0 when the flow does the same, 1 when it does something else, and 2 when the log or the flow \
            cannot be used.
            """)

    @Argument(help: "The event log of a call (events.jsonl), or the call's folder.", completion: .file())
    var file: String

    @Option(help: "A flow to run in place of the one that the call had.", completion: .file(extensions: ["lua"]))
    var flow: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    @Option(
        help: ArgumentHelp("Write the call as a test to this file, and run nothing; - prints it.", valueName: "file"),
        completion: .file(extensions: ["lua"]))
    var toTest: String?

    func validate() throws {
        if toTest != nil, flow != nil || json {
            throw ValidationError("--to-test writes a test and runs nothing: leave out --flow and --json.")
        }
    }

    func run() async throws {
        do {
            let log = try ReplayCommand.log(at: file)
            if let toTest {
                try writeTest(of: log, to: toTest)
                return
            }
            let replay = try ReplayCommand.replay(of: log, flow: flow, settings: try Settings())
            let result = replay.run()
            if json {
                Console.print(result.json(of: replay).text)
            } else {
                Console.print(ReplayCommand.report(of: result, replay))
            }
            if !result.isIdentical { throw ExitCode(1) }
        } catch let exit as ExitCode {
            throw exit
        } catch {
            Console.failure("\(error)")
            throw ExitCode(2)
        }
    }

    /// Why a call cannot be run again.
    struct Unusable: Error, CustomStringConvertible {
        let description: String
    }

    /// No event log of a call that was made comes near it. [byte]
    static let maximumBytes = 1 << 30

    /// The log in a file, or in a call's folder.
    static func log(at path: String) throws -> CallLog {
        let file = FileSystem.isFolder(path) ? (path.hasSuffix("/") ? path : path + "/") + "events.jsonl" : path
        if file != path, !FileSystem.exists(file) {
            throw Unusable(
                description: "There is no events.jsonl in \(path). Give the folder of a call, or an event log.")
        }
        let bytes = try FileSystem.read(file, maximumBytes: maximumBytes)
        do throws(CallLogError) {
            return try CallLog(parsing: bytes)
        } catch {
            throw Unusable(description: "\(file): \(error).")
        }
    }

    static func replay(of log: CallLog, flow path: String?, settings: Settings) throws -> CallReplay {
        let surroundings: ScriptSurroundings
        do throws(CallLogFormError) {
            surroundings = try ScriptSurroundings(logged: log.beginning.script)
        } catch {
            throw Unusable(description: "\(CallReplayError.log(.badLine(line: 1, error))).")
        }
        var variables: [String: String] = [:]
        for name in surroundings.set { variables[name] = settings[name] }
        let flow = try path.map { try load($0, surroundings, variables) } ?? ownFlow(log, surroundings, variables)
        do throws(CallReplayError) {
            return try CallReplay(log, flow: flow, variables: variables)
        } catch {
            throw Unusable(description: "\(error).")
        }
    }

    private static func load(
        _ path: String, _ surroundings: ScriptSurroundings, _ variables: [String: String]
    ) throws -> Flow {
        do throws(FlowError) {
            return try Flow.load(
                path: path, limits: surroundings.limits, environment: surroundings.environment(variables: variables))
        } catch {
            let isColored = Console.hasColor(STDERR_FILENO)
            let texts = error.diagnostics.map {
                $0.rendered(source: FileSystem.bytes(of: $0.file), usesColour: isColored)
            }
            throw Unusable(description: "\(path) cannot be used.\n\n" + texts.joined(separator: "\n\n"))
        }
    }

    /// The flow's file, where the log has no text and the file is still what it was.
    private static func ownFlow(
        _ log: CallLog, _ surroundings: ScriptSurroundings, _ variables: [String: String]
    ) -> Flow? {
        let version = log.beginning.configuration.facts.version
        guard !log.flows.contains(where: { $0.version == version }) else { return nil }
        do throws(FlowError) {
            let flow = try Flow.load(
                path: log.beginning.flowPath, limits: surroundings.limits,
                environment: surroundings.environment(variables: variables), isAnalysed: false)
            return flow.version == version ? flow : nil
        } catch {
            // What is missing is told by who asked for it.
            return nil
        }
    }

    private func writeTest(of log: CallLog, to path: String) throws {
        let text = RecordedTest(log).text
        guard path != "-" else {
            Console.print(String(text.dropLast()))
            return
        }
        guard !FileSystem.exists(path) else {
            throw Unusable(description: "\(path) is there already. Name another file, or remove it first.")
        }
        try FileSystem.write(text, to: path)
        Console.print("Wrote \(path). It holds what was said in the call. Run it with: moonline test \(path)")
    }

    private static func report(of result: ReplayResult, _ replay: CallReplay) -> String {
        let isColored = Console.hasColor(STDOUT_FILENO)
        let report = ReplayReport(width: Console.width(of: STDOUT_FILENO) ?? 80) { text, emphasis in
            let style: Console.Style =
                switch emphasis {
                case .good: .green
                case .bad: .red
                case .faint: .dim
                case .strong: .bold
                }
            return Console.styled(text, style, isColored: isColored)
        }
        return String(report.text(of: result, replay).dropLast())
    }
}

import Foundation
import TestSupport

/// Where somebody types `moonline …`: a folder, an environment, and the built executable.
struct Shell: Sendable {
    /// What a command left behind.
    struct Outcome: Sendable, CustomStringConvertible {
        let status: Int32
        /// Standard output.
        let output: String
        /// Standard error.
        let errors: String

        var description: String { "exit status \(status)\noutput: \(output)\nerrors: \(errors)" }
    }

    /// The folder of the repository.
    static let repository = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    let folder: TemporaryFolder
    private(set) var environment: [String: String]

    /// A new folder. No setting of whoever runs the tests counts; flows and personas are the repository's, ports free.
    init() throws {
        folder = try TemporaryFolder("moonline-shell")
        let prefixes = ["OPENAI_", "LIVEKIT_", "TWILIO_", "MOONLINE_", "SIP_OUTBOUND_", "NO_COLOR", "TERM"]
        environment = ProcessInfo.processInfo.environment.keys
            .filter { name in prefixes.contains { name.hasPrefix($0) } }
            // An empty variable counts as not set.
            .reduce(into: [:]) { $0[$1] = "" }
        environment["MOONLINE_SCRIPTS"] = Shell.repository + "/scripts"
        environment["MOONLINE_DATA"] = folder.file("data")
        environment["MOONLINE_BIND_ADDRESS"] = Loopback.host
        environment["MOONLINE_SIP_PORT"] = "0"
        environment["MOONLINE_RTP_PORTS"] = "29000-29399"
    }

    /// The same place with more variables.
    func setting(_ variables: [String: String]) -> Shell {
        var shell = self
        shell.environment.merge(variables) { $1 }
        return shell
    }

    /// `MOONLINE_BINARY`, or the executable beside the one that runs the tests.
    ///
    /// - Throws: `NotSeen` when nothing is built there.
    static func executable() throws -> String {
        let given = ProcessInfo.processInfo.environment["MOONLINE_BINARY"] ?? ""
        let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let path = given.isEmpty ? tests.appendingPathComponent("moonline").path : given
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw NotSeen(description: "there is no executable \(path); run scripts/test")
        }
        return path
    }

    /// Starts a command that goes on; its output holds standard error too.
    func start(_ arguments: [String]) throws -> ExternalProgram {
        try ExternalProgram(Shell.executable(), arguments, environment: environment, folder: folder.path)
    }

    /// Runs a command to its end.
    func run(_ arguments: String..., limit: Duration = .seconds(30)) async throws -> Outcome {
        try await run(arguments, limit: limit)
    }

    func run(_ arguments: [String], limit: Duration = .seconds(30)) async throws -> Outcome {
        let errors = "errors-\(UUID().uuidString)"
        let line = ["-c", "exec \"$@\" 2>\(errors)", "sh", try Shell.executable()] + arguments
        let result = try await ExternalProgram("sh", line, environment: environment, folder: folder.path)
            .waitUntilExit(limit: limit)
        return Outcome(status: result.status, output: result.output, errors: folder.text(of: errors) ?? "")
    }

    /// Runs a command to its end in a terminal of 80 columns; `output` is all that the person sees, without carriage
    /// returns.
    func runInTerminal(_ arguments: [String], limit: Duration) async throws -> Outcome {
        let words = ([try Shell.executable()] + arguments).map { "'\($0)'" }.joined(separator: " ")
        let program = try ExternalProgram(
            "script", ["-q", "-e", "-c", "stty cols 80 rows 50 && exec \(words)", "/dev/null"],
            environment: ["TERM": "xterm-256color"].merging(environment) { $1.isEmpty ? $0 : $1 }, folder: folder.path)
        let result = try await program.waitUntilExit(limit: limit)
        return Outcome(
            status: result.status, output: result.output.replacingOccurrences(of: "\r\n", with: "\n"), errors: "")
    }
}

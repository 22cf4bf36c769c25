import Foundation
import TestSupport
import Testing

/// sipp (`sip-tester`), playing one of the scenarios in `Fixtures/sipp`.
final class SIPp: Sendable {
    /// How a run of sipp ended, with all that helps to see why.
    struct Report: CustomStringConvertible {
        /// 0: all calls went as the scenario says.
        let status: Int32
        let errors: String
        let messages: String
        /// What the scenario's `log` actions wrote.
        let log: String
        /// Messages that sipp threw away on purpose.
        let lostCount: Int

        var description: String {
            "sipp ended with status \(status)\n\(errors)\n\(messages.suffix(6_000))"
        }
    }

    let port: UInt16
    private let program: ExternalProgram
    private let folder: TemporaryFolder

    private init(port: UInt16, program: ExternalProgram, folder: TemporaryFolder) {
        self.port = port
        self.program = program
        self.folder = folder
    }

    /// Starts sipp as the called side, and waits until it listens.
    ///
    /// - Parameters:
    ///   - scenario: A file of `Fixtures/sipp`, without extension.
    ///   - calls: After so many calls it ends.
    ///   - values: What stands in the scenario for `{names}`. (sipp's own keywords cannot be a status.)
    ///   - lossPercent: Share of messages that it drops, of those that it sends and of those that it receives.
    static func callee(
        _ scenario: String, calls: Int = 1, values: [String: String] = [:], lossPercent: Int = 0
    ) async throws -> SIPp {
        try await start(scenario, calls: calls, values: values, lossPercent: lossPercent, arguments: [])
    }

    /// Starts sipp as the calling side.
    ///
    /// - Parameter callee: The UDP port that it calls.
    static func caller(
        _ scenario: String, callee: UInt16, calls: Int = 1, lossPercent: Int = 0
    ) async throws -> SIPp {
        try await start(
            scenario, calls: calls, values: [:], lossPercent: lossPercent,
            arguments: ["-s", "15105550100", "-r", "10", "\(Loopback.host):\(callee)"])
    }

    private static func start(
        _ scenario: String, calls: Int, values: [String: String], lossPercent: Int, arguments: [String]
    ) async throws -> SIPp {
        let folder = try TemporaryFolder("sipp")
        let port = Loopback.freeUDPPort()
        var text = try String(contentsOfFile: Fixture.path("sipp/\(scenario).xml"), encoding: .utf8)
        for (name, value) in values { text = text.replacingOccurrences(of: "{\(name)}", with: value) }
        try folder.write(text, to: "scenario.xml")
        var all = [
            "-sf", folder.file("scenario.xml"), "-i", Loopback.host, "-p", "\(port)",
            "-mi", Loopback.host, "-mp", "\(Loopback.freeUDPPort())", "-rtp_echo", "-m", "\(calls)", "-nostdin",
            "-timeout", "40s", "-timeout_error", "-trace_err", "-error_file", folder.file("errors"),
            "-trace_logs", "-log_file", folder.file("log"), "-trace_msg", "-message_file", folder.file("messages"),
            "-trace_counts", "-fd", "1",
        ]
        if lossPercent > 0 { all += ["-lost", "\(lossPercent)"] }
        let program = try ExternalProgram("sipp", all + arguments, folder: folder.path)
        let sipp = SIPp(port: port, program: program, folder: folder)
        if arguments.isEmpty { try await Loopback.waitUntilBound(port, by: program) }
        return sipp
    }

    /// Ends sipp at once and without a word, as a power failure would.
    func vanish() {
        program.signal(SIGKILL)
    }

    /// Waits until all calls are over.
    func finish(limit: Duration = .seconds(45)) async throws -> Report {
        let result = try await program.waitUntilExit(limit: limit)
        return Report(
            status: result.status, errors: folder.text(of: "errors") ?? "", messages: folder.text(of: "messages") ?? "",
            log: folder.text(of: "log") ?? "",
            lostCount: try lostCount)
    }

    /// The sum of all columns `…_Lost` in the last line of sipp's table of counts.
    private var lostCount: Int {
        get throws {
            guard let name = try folder.names.first(where: { $0.hasSuffix("_counts.csv") }),
                let lines = folder.text(of: name)?.split(separator: "\n"), let titles = lines.first,
                let counts = lines.last
            else { return 0 }
            return zip(titles.split(separator: ";"), counts.split(separator: ";"))
                .filter { $0.0.hasSuffix("_Lost") }.reduce(0) { $0 + (Int($1.1) ?? 0) }
        }
    }

    /// Runs the other side of the scenario, waits until all of sipp's calls are over, and records an issue unless they
    /// went as the scenario says; also what sipp saw when `body` throws.
    @discardableResult
    func run(
        sourceLocation: SourceLocation = #_sourceLocation, _ body: (SIPp) async throws -> Void
    ) async throws -> Report {
        do {
            try await body(self)
        } catch {
            vanish()
            let report = try await finish(limit: .seconds(5))
            Issue.record("\(error)\n\(report)", sourceLocation: sourceLocation)
            return report
        }
        let report = try await finish()
        #expect(report.status == 0, "\(report)", sourceLocation: sourceLocation)
        return report
    }
}

import Foundation
import TestSupport
import Testing

/// sipp (`sip-tester`), playing the telephone that is called.
final class Callee: Sendable {
    let port: UInt16
    private let program: ExternalProgram
    private let folder: TemporaryFolder

    private init(port: UInt16, program: ExternalProgram, folder: TemporaryFolder) {
        self.port = port
        self.program = program
        self.folder = folder
    }

    /// Rings, answers, and waits for the BYE.
    static func answering() async throws -> Callee {
        try await start(scenario("callee"), calls: 1)
    }

    /// Refuses each of `calls` with a status line, for example `486 Busy Here`.
    static func refusing(_ refusal: String, calls: Int) async throws -> Callee {
        try await start(
            scenario("callee_refuses").replacingOccurrences(of: "{refusal}", with: refusal), calls: calls)
    }

    private static func scenario(_ name: String) throws -> String {
        try String(
            contentsOfFile: "\(Shell.repository)/Tests/InteropTests/Fixtures/sipp/\(name).xml", encoding: .utf8)
    }

    private static func start(_ scenario: String, calls: Int) async throws -> Callee {
        let folder = try TemporaryFolder("callee")
        let port = Loopback.freeUDPPort()
        try folder.write(scenario, to: "scenario.xml")
        let program = try ExternalProgram(
            "sipp",
            [
                "-sf", folder.file("scenario.xml"), "-i", Loopback.host, "-p", "\(port)", "-mi", Loopback.host,
                "-mp", "\(Loopback.freeUDPPort())", "-m", "\(calls)", "-nostdin", "-timeout", "50s", "-timeout_error",
                "-trace_err", "-error_file", folder.file("errors"), "-trace_msg", "-message_file",
                folder.file("messages"),
            ], folder: folder.path)
        try await Loopback.waitUntilBound(port, by: program)
        return Callee(port: port, program: program, folder: folder)
    }

    /// The SIP messages until now, as sipp wrote them down.
    var messages: String { folder.text(of: "messages") ?? "" }

    /// Waits until all calls are over, and records an issue unless they went as the scenario says.
    func expectSuccess(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let result = try await program.waitUntilExit(limit: .seconds(55))
        #expect(
            result.status == 0, "sipp: \(folder.text(of: "errors") ?? "")\n\(messages.suffix(4_000))",
            sourceLocation: sourceLocation)
    }
}

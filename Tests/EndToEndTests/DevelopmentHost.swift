import Foundation
import TestSupport
import Testing

/// `moonline offline-model`: a model to talk to.
struct LocalModel {
    let program: ExternalProgram
    /// The address that it prints.
    let baseURL: String

    static func start(_ shell: Shell) async throws -> LocalModel {
        let program = try shell.start(["offline-model", "--port", "0"])
        try await program.waitForOutput(containing: "/v1\n", limit: .seconds(30))
        let address = try #require(program.output.firstMatch(of: #/OPENAI_BASE_URL=(http://127\.0\.0\.1:\d+/v1)\n/#))
        return LocalModel(program: program, baseURL: String(address.1))
    }
}

/// `moonline dev`, and a shell in which the other commands find it.
struct DevelopmentHost {
    let program: ExternalProgram
    /// Of the admin API.
    let port: UInt16
    let shell: Shell

    /// Starts a host and waits until it says that it is ready.
    ///
    /// - Parameter skipsTests: Whether it takes its flows as they are: their tests cost seconds of computing.
    static func start(_ shell: Shell, model: LocalModel, skipsTests: Bool = false) async throws -> DevelopmentHost {
        let shell = shell.setting(["OPENAI_BASE_URL": model.baseURL])
        // The log says when a call is answered.
        let program = try shell.start(
            ["dev", "--admin-port", "0", "--log-level", "info"] + (skipsTests ? ["--skip-tests"] : []))
        try await program.waitForOutput(containing: "Moonline is ready", limit: .seconds(skipsTests ? 30 : 60))
        try await program.waitForOutput(containing: "; SIP 127.0.0.1:")
        let ready = try #require(program.output.firstMatch(of: #/admin API http://127\.0\.0\.1:(\d+);/#))
        let port = try #require(UInt16(ready.1))
        return DevelopmentHost(
            program: program, port: port, shell: shell.setting(["LIVEKIT_URL": "http://127.0.0.1:\(port)"]))
    }

    /// The TWILIO_… variables of somebody whose trunk is on this machine.
    static func trunk(port: UInt16) -> [String: String] {
        [
            "TWILIO_SIP_TERMINATION_ENDPOINT": "127.0.0.1:\(port)", "TWILIO_OUTBOUND_CALLER_NUMBER": "+15105550123",
            "TWILIO_SIP_AUTH_USERNAME": "receptionist", "TWILIO_SIP_AUTH_PASSWORD": trunkPassword,
        ]
    }

    /// Never to be seen in any output.
    static let trunkPassword = "correct-horse-battery"

    /// Creates a trunk to a port of this machine, and returns its ID.
    func createTrunk(port: UInt16) async throws -> String {
        let created = try await shell.setting(Self.trunk(port: port)).run("trunk", "create")
        try #require(created.status == 0, "\(created)")
        return String(try #require(created.output.firstMatch(of: #/ST_\w+/#)).0)
    }

    /// Has the agent call +15105550100, as the README says it.
    ///
    /// - Returns: The dispatch's ID and its room.
    func dispatch() async throws -> (id: String, room: String) {
        let created = try await shell.run(
            "dispatch", "create", "--new-room", "--agent-name", "outbound-caller", "--metadata", "+15105550100")
        try #require(created.status == 0, "\(created)")
        let id = try #require(created.output.firstMatch(of: #/AD_\w+/#))
        let room = try #require(created.output.firstMatch(of: #/room-\w+/#))
        return (String(id.0), String(room.0))
    }

    /// Ends the host when no call runs, and records an issue unless it ends well.
    func stop(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        program.signal(SIGTERM)
        let result = try await program.waitUntilExit(limit: .seconds(20))
        #expect(result.status == 0, "\(result)", sourceLocation: sourceLocation)
    }
}

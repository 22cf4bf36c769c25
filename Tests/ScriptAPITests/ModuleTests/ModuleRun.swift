import Conversation
import LuaRuntime
import SansIO
import Testing

@testable import ScriptAPI

/// Runs lines of a handler that may use all modules.
struct ModuleRun {
    let harness: ScriptHarness

    init(_ body: String, limits: ScriptLimits = ScriptLimits(), timeZone: String = "Europe/Berlin") throws {
        let source = text(
            fields: "on_answered = function(call)\n\(body)\nend",
            before: """
                local http, json, log = require "http", require "json", require "log"
                local store, time = require "store", require "time"
                """)
        let directory = try FlowDirectory(["flow.lua": source])
        let environment = ScriptEnvironment(timeZone: timeZone)
        let flow = try Flow.load(path: "\(directory.path)/flow.lua", environment: environment, isAnalysed: false)
        harness = try ScriptHarness(flow, limits: limits, environment: environment)
    }

    /// What the lines return.
    static func values(_ body: String, limits: ScriptLimits = ScriptLimits()) throws -> [JSON] {
        switch try ModuleRun(body, limits: limits).start() {
        case .returned(let values): return values
        case .yielded(let request): throw Unexpected(description: "waits for \(request)")
        case .failed(let fault): throw Unexpected(description: fault.message)
        }
    }

    static func value(_ body: String) throws -> JSON { try #require(values(body).first) }

    /// The message of the error that the lines raise.
    static func error(_ body: String) throws -> String {
        guard case .failed(let fault) = try ModuleRun(body).start() else { throw Unexpected(description: "no error") }
        return fault.message
    }

    /// What the lines wait for first.
    static func request(_ body: String) throws -> ServiceRequest {
        guard case .yielded(.service(let request)) = try ModuleRun(body).start() else {
            throw Unexpected(description: "no request")
        }
        return request
    }

    func start() throws -> ScriptOutcome { try harness.handle(.onAnswered) }

    struct Unexpected: Error, CustomStringConvertible {
        let description: String
    }
}

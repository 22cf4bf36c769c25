import Conversation
import Glibc
import SansIO
import Testing

@testable import ScriptAPI

/// A folder of flow files that is removed at the end.
final class FlowDirectory {
    let path: String
    /// Files and folders, in the order in which they were made.
    private var created: [String] = []

    init(_ files: [String: String]) throws {
        var template = Array("/tmp/moonline-flow-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw FlowError([FlowDiagnostic(file: "/tmp", message: "no folder")]) }
        path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress.unsafelyUnwrapped) }
        for (name, text) in files { try write(name, text) }
    }

    func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        let parts = name.split(separator: "/")
        var folder = path
        for part in parts.dropLast() {
            folder += "/\(part)"
            if mkdir(folder, 0o755) == 0 { created.append(folder) }
        }
        created.append("\(path)/\(name)")
        let file = try #require(fopen("\(path)/\(name)", "wb"))
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }

    func link(_ name: String, to target: String) throws {
        try #require(symlink("\(path)/\(target)", "\(path)/\(name)") == 0)
        created.append("\(path)/\(name)")
    }

    deinit {
        for path in created.reversed() { remove(path) }
        remove(path)
    }
}

func diagnostics(_ text: String, files: [String: String] = [:]) throws -> [FlowDiagnostic] {
    let directory = try FlowDirectory(files.merging(["flow.lua": text]) { first, _ in first })
    do throws(FlowError) {
        _ = try Flow.load(path: "\(directory.path)/flow.lua")
        return []
    } catch {
        return error.diagnostics.filter { $0.severity == .error }.map { diagnostic in
            var short = diagnostic
            if short.file.hasPrefix(directory.path + "/") { short.file.removeFirst(directory.path.utf8.count + 1) }
            return short
        }
    }
}

/// A flow that was not analysed, so that its mistakes can be made at run time.
func flow(_ text: String, files: [String: String] = [:]) throws -> Flow {
    let directory = try FlowDirectory(files.merging(["flow.lua": text]) { first, _ in first })
    return try Flow.load(path: "\(directory.path)/flow.lua", isAnalysed: false)
}

/// A flow with the given actions and handlers around what every flow must have.
func flow(actions: String = "", fields: String = "", before: String = "") throws -> Flow {
    try flow(text(actions: actions, fields: fields, before: before))
}

func text(actions: String = "", fields: String = "", before: String = "") -> String {
    """
    local moonline = require "moonline"
    \(before)
    ---@class CallActions : moonline.Actions
    local CallActions = {}
    \(actions)
    return moonline.agent {
      name = "test", instructions = "Be brief.", actions = CallActions,
      \(fields)
    }
    """
}

func facts(status: CallFacts.Status = .active, metadata: JSON = ["phone_number": "+15105550100"]) -> CallFacts {
    CallFacts(
        id: "call-1", to: "+15105550100", from: "+15105550111", direction: .outbound, metadata: metadata,
        status: status, headers: ["x-route": "7"], startedAt: 1000, answeredAt: 1005, duration: 2.5, room: "room-1",
        version: "abc")
}

/// A call's script, and what it logged.
final class ScriptHarness {
    let script: CallScript
    private(set) var log: [String] = []
    private var number: UInt64 = 0
    private let sink: Sink

    private final class Sink {
        var lines: [String] = []
    }

    init(
        _ flow: Flow, facts given: CallFacts = facts(), limits: ScriptLimits = ScriptLimits(),
        environment: ScriptEnvironment = ScriptEnvironment(), seed: UInt64 = 1
    ) throws {
        let sink = Sink()
        self.sink = sink
        script = try CallScript(
            flow: flow, facts: given, limits: limits, environment: environment, seed: seed
        ) { level, message, fields in
            sink.lines.append("\(level.rawValue): \(message)" + (fields.map { " \($0.text)" } ?? ""))
        }
    }

    var lines: [String] { sink.lines }

    /// Starts an entry as task 1, 2, … and returns its outcome.
    func start(_ entry: ScriptEntry, facts given: CallFacts = facts()) throws -> ScriptOutcome {
        number += 1
        let result = try #require(script.run(.start(ScriptTaskID(number: number), entry, facts: given)))
        #expect(result.0 == ScriptTaskID(number: number))
        return result.1
    }

    func handle(_ handler: ScriptHandler, _ arguments: JSON...) throws -> ScriptOutcome {
        try start(.handler(handler, arguments: arguments))
    }

    func act(_ name: String, _ arguments: JSONObject = [:]) throws -> ScriptOutcome {
        try start(.action(name: name, arguments: arguments))
    }

    func resume(_ task: UInt64? = nil, _ reply: ScriptReply = .value(.bool(true)), facts given: CallFacts = facts())
        throws -> ScriptOutcome
    {
        try #require(script.run(.resume(ScriptTaskID(number: task ?? number), reply, facts: given))).1
    }

    func cancel(_ task: UInt64? = nil) -> Bool {
        script.run(.cancel(ScriptTaskID(number: task ?? number))) == nil
    }
}

/// The repository's folder.
var repository: String {
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    return parts.dropLast(3).joined(separator: "/")
}

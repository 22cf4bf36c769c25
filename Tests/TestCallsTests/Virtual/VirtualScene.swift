import Audio
import Conversation
import Logging
import OfflineModel
import SansIO
import ScriptAPI
import TestSupport
import Testing

@testable import TestCalls

/// A flow and tests from text, in a folder of their own, played in virtual time.
struct VirtualScene {
    /// One for all: what has been synthesised once is not synthesised again.
    static let stage = Result { try stage(misbehaving: "") }

    /// One whose servers misbehave.
    ///
    /// - Parameter misbehaviour: As the offline model's command takes it; empty for servers that behave.
    static func stage(misbehaving misbehaviour: String) throws -> VirtualStage {
        var configuration = VirtualStage.Configuration()
        // Twenty times as fast as the others; nobody listens to words here.
        configuration.voice = "kal16"
        configuration.misbehaviour = try Misbehaviour(parsing: misbehaviour)
        return try VirtualStage(configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    let folder: TemporaryFolder
    var flow: Flow

    /// - Parameters:
    ///   - fields: The inside of the agent's table.
    ///   - actions: Functions of `CallActions`, with their annotations.
    init(_ fields: String, actions: String = "", modules: [String] = []) throws {
        let required = modules.map { "local \($0) = require \"\($0)\"\n" }.joined()
        try self.init(
            source: """
                local moonline = require "moonline"
                \(required)
                ---@class CallActions : moonline.Actions
                local CallActions = {}
                \(actions)
                return moonline.agent {
                  name = "scene", instructions = "Be brief.", actions = CallActions,
                  \(fields)
                }
                """)
    }

    /// - Parameter mode: Instead of the flow's own.
    init(source: String, mode: AgentMode? = nil) throws {
        folder = try TemporaryFolder("moonline-scene")
        try folder.write(source, to: "scene.lua")
        let flow = try Flow.load(path: folder.file("scene.lua"))
        self.flow = mode.map { flow.inMode($0) } ?? flow
    }

    /// Puts a beep of half a second beside the flow and its tests.
    func writeBeep(to name: String = "beep.wav") throws {
        var tone = ToneGenerator(frequency: 1_000)
        let file = WAVFile(sampleRate: G711.sampleRate, samples: tone.samples(G711.sampleRate / 2))
        try folder.write(file.bytes, to: name)
    }

    /// Plays one test.
    ///
    /// - Parameters:
    ///   - options: What stands between the test's name and its function, without the model.
    ///   - model: The entries of `t.model`, each with a comma behind it; a model that answers nothing.
    ///   - body: The inside of the test's function.
    func play(
        options: String = "{}", model: String = "", seed: UInt64 = 1, keepsAudio: Bool = false,
        stage: VirtualStage? = nil, _ body: String
    ) async throws -> VirtualCallResult {
        let results = try await play(
            file: """
                local t = require "moonline.test"
                t.test("a test", { model = { \(model) { hears = "xyzzy", says = "Plugh." } } }, \(options), function(callee, agent)
                \(body)
                end)
                """, seed: seed, keepsAudio: keepsAudio, stage: stage)
        return try #require(results.first)
    }

    /// Plays all tests of a file, one after the other.
    ///
    /// - Parameter stage: With faults of the model, for example; `nil` for the one that all share.
    func play(
        file: String, seed: UInt64 = 1, keepsAudio: Bool = false, stage: VirtualStage? = nil
    ) async throws -> [VirtualCallResult] {
        let tests = try TestFile.load(path: folder.file("tests.lua"), source: Array(file.utf8)).tests
        var results: [VirtualCallResult] = []
        for test in tests {
            var plan = VirtualCallPlan(test: test, flow: flow, seed: seed, keepsLog: true)
            plan.keepsAudio = keepsAudio
            results.append(try await VirtualCall(plan, stage: stage ?? VirtualScene.stage.get()).play())
        }
        return results
    }
}

extension VirtualCallResult {
    /// Passed, and left nothing.
    func expectSuccess(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(test.failure == nil, "\(story)", sourceLocation: sourceLocation)
        #expect(leftovers.isEmpty, sourceLocation: sourceLocation)
    }

    /// What the agent said, whole utterances, in order.
    var agentSaid: [String] {
        test.timeline.compactMap { if case .agentSaid(let text) = $0.event { text } else { nil } }
    }

    /// What happened, line by line, and why it failed.
    var story: String {
        (test.timeline.map { "\($0.at.inSeconds)  \($0.event.actor) \($0.event.text)" }
            + [test.failure.map { "failed: \($0.message)" } ?? "passed"]).joined(separator: "\n")
    }
}

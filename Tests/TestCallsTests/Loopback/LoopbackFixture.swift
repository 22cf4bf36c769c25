import AgentHost
import Logging
import SansIO
import ScriptAPI
import TestSupport
import Testing
import VoiceAgent

@testable import TestCalls

/// Test files, a flow and a player over the wire.
enum LoopbackFixture {
    /// An agent with something of everything.
    static let flow = """
        local moonline = require "moonline"
        local time = require "time"

        ---@class DeskActions : moonline.Actions
        local DeskActions = {}

        ---Books a table.
        ---@param guests integer
        function DeskActions:book(guests)
          self.call.state.guests = guests
          return { booked = guests }
        end

        ---Puts the caller through.
        function DeskActions:put_through()
          local ok, why = self.call:transfer("+15105550199")
          if not ok then return { error = why } end
        end

        return moonline.agent {
          name = "desk", instructions = "Be brief.", actions = DeskActions,
          on_answered = function(call) call:say("Hello, this is the desk.") end,
          on_incoming = function(call) return "answer" end,
          on_dtmf = function(call, digit)
            if digit == "9" then
              call:say("Goodbye.")
              call:hangup { reason = "key nine" }
            elseif digit == "8" then
              call:say("The dice show " .. math.random(1000) .. ".")
            elseif digit == "7" then
              local now = time.date(time.now(), "UTC")
              call:say("It is " .. now.hour .. " hours on day " .. now.day .. ".")
            end
          end,
        }
        """

    /// Plays a file's tests, all at the same time, with a player of their own.
    static func play(
        _ tests: String, flow: String = flow, stranger: String? = nil, keepsAll: Bool = false, jobs: Int = 32,
        seed: UInt64 = 1
    ) async throws -> Played {
        let folder = try TemporaryFolder("loopback")
        try folder.write(flow, to: "desk.lua")
        try folder.write("local t = require \"moonline.test\"\n" + tests, to: "tests.lua")
        let selection = TestSelection(
            testFiles: [folder.file("tests.lua")], flows: [LoadedFlowFile(path: folder.file("desk.lua"))],
            personas: [], filter: nil, seed: 1)
        return try await play(
            selection, in: folder, stranger: stranger, keepsAll: keepsAll, jobs: jobs, seed: seed)
    }

    /// Plays tests, all at the same time, with a player of their own.
    ///
    /// - Parameter folder: For what the calls leave.
    static func play(
        _ selection: TestSelection, in folder: TemporaryFolder, stranger: String? = nil, keepsAll: Bool = false,
        jobs: Int = 32, seed: UInt64 = 1
    ) async throws -> Played {
        var configuration = LoopbackPlayer.Configuration(
            host: HostConfiguration(
                flowsFolder: "", dataFolder: "",
                model: RealtimeConfiguration(baseURL: "", apiKey: "", model: "gpt-realtime-2.1")))
        configuration.calleeAddress = stranger
        let player = try await LoopbackPlayer.start(
            configuration, logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() })
        var options = TestRunner.Options()
        options.jobs = jobs
        options.firstSeed = seed
        options.keepsAll = keepsAll
        options.resultsFolder = folder.file("results")
        let began = ContinuousClock.now
        let results = await TestRunner(player, options: options).run(selection) { _ in }
        let duration = ContinuousClock.now - began
        let leftovers = try await player.leftovers(patience: .seconds(5))
        await player.shutDown()
        return Played(folder: folder, results: results, duration: duration, leftovers: leftovers)
    }

    struct Played {
        let folder: TemporaryFolder
        let results: [TestResult]
        let duration: Duration
        /// Tasks, requests and sockets.
        let leftovers: LoopbackLeftovers

        subscript(name: String) -> TestResult {
            get throws { try #require(results.first { $0.test.name == name }, "no test “\(name)”") }
        }

        /// Checks that all have passed, and left nothing.
        func expectPassed(sourceLocation: SourceLocation = #_sourceLocation) {
            #expect(!results.isEmpty, sourceLocation: sourceLocation)
            #expect(leftovers == LoopbackLeftovers(), sourceLocation: sourceLocation)
            for result in results where result.hasFailed {
                let story = result.timeline.map { "\($0.at.seconds) \($0.event)" }.joined(separator: "\n")
                Issue.record(
                    "\(result.test.name): \(result.failure?.message ?? "") \(result.failure?.nearest ?? "")\n\(story)",
                    sourceLocation: sourceLocation)
            }
        }
    }
}

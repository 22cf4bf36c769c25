import AgentHost
import CallStore
import Conversation
import Foundation
import LiveKit
import Logging
import LuaRuntime
import MediaEngine
import SansIO
import ScriptAPI
import TestSupport
import Testing

extension HostTests {
    /// Each promise as the scripting contract words it.
    @Suite("Promises of the host")
    struct PromiseTests {
        // MARK: 1

        @Test("The audio path never waits for a script: more loops than threads, and no packet of another call is late")
        func audioNeverWaits() async throws {
            var setup = Setup()
            setup.flows["patient.lua"] = TestHost.patientFlow
            setup.flows["looping.lua"] = TestHost.flow(
                "looping", "on_answered = function(call) call:log(\"info\", \"it loops\") while true do end end,")
            setup.configure = {
                $0.scriptLimits.lua = LuaLimits(instructions: 1 << 40, processorTime: .milliseconds(700))
            }
            try await TestHost.with(setup) { test in
                let bystander = try await Bystander(test)
                let loops = test.configuration.scriptThreads + 1
                for _ in 0..<loops { _ = try await test.dispatch("+15105550102", agent: "looping") }
                let began = try await test.log.line(containing: "it loops").at
                try await test.observations.wait(for: "every loop's end") { seen in
                    seen.count { if case .fault = $0.observation { true } else { false } } == loops ? true : nil
                }
                let ended = UnixTime.now
                #expect(ended - began > 1_300_000_000)
                try await bystander.expectUnharmed(test, from: began, to: ended)
            }
        }

        // MARK: 2

        /// What a handler takes too much of: its body, the limits, and the sentence that it is told in.
        static let excesses: [(body: String, limits: LuaLimits, message: String)] = [
            (
                "local hoard = {} while true do hoard[#hoard + 1] = (\"x\"):rep(1000) .. #hoard end",
                LuaLimits(memory: 1 << 20, instructions: 100_000_000, processorTime: .seconds(20)),
                "flows/guest.lua:6: not enough memory: the script may hold 1024 KiB"
            ),
            (
                "while true do end", LuaLimits(instructions: 123_456, processorTime: .seconds(20)),
                "flows/guest.lua:6: the script used more than 123456 instructions without waiting"
            ),
            (
                "while true do end", LuaLimits(instructions: 1 << 40, processorTime: .milliseconds(50)),
                "flows/guest.lua:6: the script used more than 50 ms of processor time without waiting"
            ),
        ]

        @Test(
            "A script is a guest: beyond its budget it fails, on_error hears of it, and the callee hears the fallback",
            arguments: excesses, [true, false])
        func guestOverBudget(_ excess: (body: String, limits: LuaLimits, message: String), _ isModelThere: Bool)
            async throws
        {
            var setup = Setup()
            setup.flows["guest.lua"] = TestHost.flow(
                "guest",
                """
                on_dtmf = function(call)
                \(excess.body) end,
                on_answered = function(call) call:say("Hello.") end,
                on_incoming = function() return "answer" end,
                on_error = function(call, err)
                  call:log("info", "told", { kind = err.kind, message = err.message })
                  moonline.sleep(0.5)
                end,
                fallback = "I am sorry, something is wrong here.",
                """)
            setup.configure = {
                $0.scriptLimits.lua = excess.limits
                $0.limits.modelReconnects = 0
            }
            try await TestHost.with(setup) { test in
                try await test.withCaller { caller in
                    try await test.observe("the greeting") { if case .transcript = $0 { true } else { nil } }
                    let session = try await test.model.session(0)
                    caller.media.press("1")
                    let fault = try await test.observe("the fault") {
                        if case .fault(let fault) = $0 { fault } else { nil }
                    }
                    #expect(fault.message == excess.message)
                    #expect(fault.kind == .script && fault.function == "on_dtmf")
                    #expect(fault.traceback.contains("flows/guest.lua:"))
                    let told = try await test.log.line(containing: "told call=").text
                    // The model dies as well, while on_error runs: before it could say the line.
                    if !isModelThere { session.abort() }
                    #expect(try await caller.over() == .ended)
                    let (report, record) = try await test.ended(try await test.callID())
                    #expect(record.outcome == "script_failed")
                    #expect(report.transcript.count == 2)
                    #expect(told.contains("kind=script") && told.contains("message=\(excess.message)"))
                    // What was heard: the greeting's tenth of a second, and then the line, by the model or by the host.
                    let packets = caller.media.packets.value
                    let greetingEnd = try #require(packets.firstIndex { Loudness.isTone(440, $0) }) + 6
                    let heard = Loudness.seconds(of: packets[greetingEnd...])
                    if isModelThere {
                        #expect(heard >= 0.08)
                        let asked = session.received.value.compactMap { $0["response"]?["instructions"]?.string }
                        #expect(asked.last?.contains("I am sorry, something is wrong here.") == true)
                    } else {
                        #expect(report.transcript.last?.text == "I am sorry, something is wrong here.")
                        #expect(heard > 0.8)
                    }
                }
            }
        }

        @Test("A script is a guest: timers, tasks, requests and log lines have their caps, and what is beyond is told")
        func guestCaps() async throws {
            var setup = Setup()
            setup.hasTrunk = false
            setup.flows = [
                "guest.lua": TestHost.flow(
                    "guest",
                    """
                    on_incoming = function() return "answer" end,
                    on_answered = function(call)
                      local codes = {}
                      for i = 1, 4 do
                        local timer, why, code = call:after(60, function() end)
                        codes[#codes + 1] = timer and "ok" or code
                      end
                      call:log("info", "timers", { codes = table.concat(codes, " ") })
                      codes = {}
                      for i = 1, 5 do
                        local ok, why, code = call:spawn(function() moonline.sleep(60) end)
                        codes[#codes + 1] = ok and "ok" or code
                      end
                      call:log("info", "tasks", { codes = table.concat(codes, " ") })
                      for i = 1, 100 do call:log("info", "line " .. i) end
                    end,
                    """)
            ]
            setup.configure = {
                $0.limits.scriptTimers = 2
                $0.limits.scriptTasks = 4
                $0.scriptLimits.logLines = 10
            }
            try await TestHost.with(setup) { test in
                try await test.withCaller { caller in
                    try await test.log.line(containing: "the script has logged 10 lines; further ones are dropped")
                    let lines = test.log.lines.value.map(\.text)
                    #expect(lines.contains { $0.contains("codes=ok ok limit_reached limit_reached ") })
                    // The handler itself is one of the four.
                    #expect(lines.contains { $0.contains("codes=ok ok ok limit_reached limit_reached ") })
                    #expect(lines.count { $0.hasPrefix("line ") } == 8)
                    #expect(caller.state.value == .answered)
                    #expect(test.faults.isEmpty)
                }
            }
        }

        // MARK: 4

        @Test(
            "Reload is a transaction: a file and what it requires change together or not at all, and the error says why"
        )
        func reloadIsATransaction() async throws {
            func main(_ number: Int) -> String {
                TestHost.flow(
                    "good",
                    """
                    on_answered = function(call)
                      call:log("info", "whole", { main = \(number), words = words.number })
                      call:say("Hello.")
                      call:hangup { after_playout = true }
                    end,
                    """, before: "local words = require \"lib.words\"")
            }
            var setup = Setup()
            setup.flows = ["good.lua": main(1)]
            let problem = FlowDiagnostic(file: "tests/good.lua", line: 3, message: "the callee is not told the time")
            setup.configure = {
                $0.verifyFlow = { flow in flow.definition.instructions == "Unverified." ? [problem] : [] }
            }
            let folder = try TemporaryFolder("transaction")
            try FileManager.default.createDirectory(
                atPath: folder.file("flows/lib"), withIntermediateDirectories: true)
            try folder.write("return { number = 1 }", to: "flows/lib/words.lua")
            setup.configure = { [configure = setup.configure, folder] configuration in
                configure(&configuration)
                configuration.flowsFolder = folder.file("flows")
            }
            try TestHost.write(setup.flows, in: folder)
            try await TestHost.with(setup) { test in
                func expectCall(_ number: Int) async throws {
                    try await test.expectGoodCall()
                    let lines = test.log.lines.value.filter { $0.text.hasPrefix("whole ") }
                    #expect(lines.last?.text.contains("main=\(number)") == true)
                    #expect(lines.last?.text.contains("words=\(number)") == true)
                }
                func reload() async throws -> FlowChange {
                    let changes = try await test.host.reloadFlows(agent: nil, isPromoted: false)
                    return try #require(changes.first)
                }
                try await expectCall(1)
                let first = try #require(test.host.flowVersions.first?.version)

                // The main file is as it should be, and what it requires is not.
                try folder.write("return {\n  number = 2\n  letter = 3\n}", to: "flows/lib/words.lua")
                try folder.write(main(2), to: "flows/good.lua")
                let refused = try await reload()
                #expect(refused.kind == .refused && refused.previous == first)
                let diagnostic = try #require(refused.diagnostics.first)
                #expect(diagnostic.file.hasSuffix("lib/words.lua"))
                #expect(diagnostic.line == 3 || diagnostic.line == 2)
                #expect(!diagnostic.message.isEmpty)
                let error = try await test.log.line(containing: "version \(first) goes on").text
                #expect(error.contains("lib/words.lua:\(diagnostic.line ?? 0)"))
                try await expectCall(1)

                // Both are right now.
                try folder.write("return { number = 2 }", to: "flows/lib/words.lua")
                let second = try await reload()
                #expect(second.kind != .refused)
                try await expectCall(2)
                let serving = try #require(test.host.flowVersions.first { $0.state == .serving }?.version)
                #expect(serving != first)

                // It loads, and its own tests fail.
                try folder.write(main(3).replacing("Be brief.", with: "Unverified."), to: "flows/good.lua")
                let unverified = try await reload()
                #expect(unverified.kind == .refused && unverified.previous == serving)
                #expect(unverified.diagnostics == [problem])
                try await expectCall(2)
            }
        }

        // MARK: 5

        @Test("Every error says where: call, time into the call, turn, script version, file, line, function")
        func everyErrorSaysWhere() async throws {
            var setup = Setup()
            setup.hasTrunk = false
            setup.flows = [
                "desk.lua": TestHost.flow(
                    "desk",
                    """
                    actions = CallActions,
                    on_incoming = function() return "answer" end,
                    on_answered = function(call) call:say("Hello.") end,
                    on_dtmf = function(call)
                      call:spawn(function() error("in the background") end)
                      call:after(0, function() error("later") end)
                      error("on a key")
                    end,
                    on_hangup = function() error("at the end") end,
                    """,
                    before: """
                        local CallActions = {}
                        local function price(of) return of.price * 2 end
                        ---Books.
                        function CallActions:book()
                          return price(nil)
                        end
                        """)
            ]
            try await TestHost.with(setup) { test in
                try await test.withCaller { caller in
                    try await test.observe("the greeting") { if case .transcript = $0 { true } else { nil } }
                    let began = UnixTime.now
                    let id = try await test.callID()
                    let version = try #require(test.host.flowVersions.first?.version)
                    let session = try await test.model.session(0)
                    session.send([
                        "type": "input_audio_buffer.speech_started", "item_id": "item_u", "audio_start_ms": 0,
                    ])
                    session.send([
                        "type": "input_audio_buffer.speech_stopped", "item_id": "item_u", "audio_end_ms": 900,
                    ])
                    _ = try await session.call("book", arguments: "{}")
                    caller.media.press("5")
                    try await test.log.line(containing: "later")
                    await caller.hangUp()
                    _ = try await test.ended(id)
                    let took = Double(UnixTime.now - began) / 1e6
                    for (message, function, turn) in [
                        ("flows/desk.lua:3: attempt to index a nil value (local 'of')", "book", 1),
                        ("flows/desk.lua:16: on a key", "on_dtmf", 1),
                        ("flows/desk.lua:14: in the background", "a function of call:spawn or call:after", 1),
                        ("flows/desk.lua:15: later", "a function of call:spawn or call:after", 1),
                        ("flows/desk.lua:18: at the end", "on_hangup", 1),
                    ] {
                        let line = try #require(
                            test.log.lines(from: .error).first { $0.text.hasPrefix(message) },
                            "\(test.log.lines(from: .error))")
                        for field in [
                            " call=\(id)", " script=\(version)", " turn=\(turn)", " function=\(function)",
                            " traceback=",
                        ] {
                            #expect(line.text.contains(field), "\(line)")
                        }
                        let time = try #require(line.text.firstMatch(of: /\ at_ms=([0-9]+)/)?.1)
                        #expect((0...(took + 5_000)).contains(try #require(Double(time))), "\(line)")
                    }
                }
            }
        }
    }
}

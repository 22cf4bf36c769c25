import Conversation
import SansIO
import ScriptAPI
import TestSupport
import Testing

@testable import Replay

/// A practice that greets, books, asks the host for things and says goodbye.
enum Practice {
    static let text = """
        local moonline = require "moonline"
        local http = require "http"
        local store = require "store"
        local time = require "time"

        ---@class CallActions : moonline.Actions
        local CallActions = {}

        ---Looks up free times.
        ---@param date string
        ---@return table
        function CallActions:look_up(date)
          moonline.sleep(1.5)
          local response = http.get("https://example.com/times?on=" .. date)
          store.set("asked", { date = date, lucky = math.random(1000000) })
          return { date = date, times = { "1pm", "2pm" }, status = response and response.status, at = moonline.now() }
        end

        ---Ends the call.
        function CallActions:end_call()
          self.call:hangup { after_playout = true }
        end

        return moonline.agent {
          name = "practice", instructions = "Be brief.", actions = CallActions, idle_timeout = 6,

          on_dial = function(call) return { ring_timeout = 30 } end,
          on_answered = function(call)
            call.state.number = math.random(1000)
            call:after(4, function() store.set("still here", time.format(moonline.now(), "%H:%M")) end)
            call:spawn(function() moonline.sleep(2); call.state.spawned = true end)
            call:say("Hello, your number is " .. call.state.number .. ". How can I help you?")
          end,
          on_dtmf = function(call, digit)
            if digit == "0" then call:transfer("+15105550199") end
          end,
          on_transcript = function(call, role, text, final) call.state.last = role .. ": " .. text end,
          on_interrupted = function(call, heard, unheard) call:log("info", "cut: " .. heard) end,
          on_idle = function(call, count)
            if count > 1 then call:hangup { reason = "silence" } else call:say("Are you still there?") end
          end,
          on_hangup = function(call, reason) store.set("ended", { reason = reason, stats = call.stats.turns }) end,
        }
        """

    /// A call in which all of it happens.
    static func call(_ text: String = Practice.text, seed: UInt64 = 1) throws -> RecordedCall {
        let call = try RecordedCall(
            try flow(text, name: "practice.lua"), seed: seed, environment: ScriptEnvironment(timeZone: "Europe/Berlin"))
        call.answers = [
            .calls("look_up", #"{"date":"Friday"}"#), .says("We have one or two."),
            .calls("look_up", #"{"date":"Monday"}"#), .says("The same on Monday. Goodbye."), .calls("end_call", "{}"),
        ]
        call.serve = { request in
            if case .http = request { return .reply(.value(["status": 200, "headers": [:], "body": "x"])) }
            return .reply(.value(true))
        }
        // Into the greeting.
        call.says("Can I come on Friday?", after: .seconds(4))
        call.says("And on Monday?", after: .seconds(13))
        call.presses("10", after: .seconds(20))
        call.says("Goodbye.", after: .seconds(25))
        return call.run()
    }

    static func edited(_ replace: String, _ by: String) throws -> Flow {
        try #require(Practice.text.contains(replace))
        return try flow(Practice.text.replacing(replace, with: by), name: "edited.lua")
    }
}

@Suite("A recorded call, run again")
struct CallReplayTests {
    private func replay(_ call: RecordedCall, _ flow: Flow? = nil) throws -> ReplayResult {
        try CallReplay(try call.log(), flow: flow).run()
    }

    @Test("the same version does the same, action by action, to the end of the call", arguments: 0..<20)
    func identical(seed: UInt64) throws {
        let call = try Practice.call(seed: seed)
        let log = try call.log()
        let result = try CallReplay(log).run()
        #expect(result.divergence == nil, "\(String(describing: result.divergence))")
        #expect(result.isIdentical && result.end == .callEnded && result.differences.isEmpty)
        #expect(result.actions == log.entries.count { $0.direction == .action })
        #expect(result.events == log.entries.count { $0.direction == .event })
        #expect(result.events > 60)
        #expect(call.outcome?.reason == "agent_hangup")
    }

    @Test("an edit that changes nothing that is done is no difference, though lines move")
    func comments() throws {
        let result = try replay(try Practice.call(), try Practice.edited("local http", "-- a remark\n\nlocal http"))
        #expect(result.isIdentical && result.divergence == nil)
    }

    struct Edit: Sendable, CustomTestStringConvertible {
        let from: String
        let to: String
        let place: String
        let recorded: String
        let replayed: String
        /// Seconds into the call, about.
        let at: Double

        var testDescription: String { "\(from) → \(to)" }
    }

    static let edits = [
        Edit(
            from: "How can I help you?\"", to: "What can I do?\"", place: "on_answered",
            recorded: "How can I help you?\")", replayed: "What can I do?\")", at: 2.1),
        Edit(
            from: "ring_timeout = 30", to: "ring_timeout = 20", place: "on_dial",
            recorded: "return { ring_timeout = 30 }", replayed: "return { ring_timeout = 20 }", at: 0),
        Edit(
            from: "moonline.sleep(1.5)", to: "moonline.sleep(2.5)", place: "the action look_up",
            recorded: "moonline.sleep(1.5)", replayed: "moonline.sleep(2.5)", at: 5),
        Edit(
            from: "https://example.com/times", to: "https://example.com/slots", place: "the action look_up",
            recorded: #"http.request { method = "GET", url = "https://example.com/times?on=Friday" }"#,
            replayed: #"http.request { method = "GET", url = "https://example.com/slots?on=Friday" }"#, at: 6.6),
        Edit(
            from: "{ \"1pm\", \"2pm\" }", to: "{ \"3pm\" }", place: "the action look_up",
            recorded: #"times = { "1pm", "2pm" }"#, replayed: #"times = { "3pm" }"#, at: 7.5),
        Edit(
            from: "digit == \"0\"", to: "digit == \"9\"", place: "on_dtmf", recorded: #"call:transfer("+15105550199")"#,
            replayed: "return", at: 20.3),
        Edit(
            from: "local role", to: "local role", place: "", recorded: "", replayed: "", at: 0),
        Edit(
            from: "call.state.last = role .. \": \" .. text", to: "error(\"no\")", place: "on_transcript",
            recorded: "return", replayed: "fails: replay", at: 4),
        Edit(
            from: "{ after_playout = true }", to: "{ reason = \"done\" }", place: "the action end_call",
            recorded: "call:hangup { after_playout = true }", replayed: #"call:hangup { reason = "done" }"#, at: 26),
        Edit(
            from: "function CallActions:end_call()", to: "function CallActions:finish_call()",
            place: "the action end_call", recorded: "call:hangup { after_playout = true }",
            replayed: "fails: there is no action 'end_call'", at: 26),
        Edit(
            from: "store.set(\"ended\"", to: "store.set(\"over\"", place: "on_hangup", recorded: #"store.set("ended""#,
            replayed: #"store.set("over""#, at: 27),
    ].filter { $0.from != $0.to }

    @Test("the first difference of an edited version is found, named and timed", arguments: edits)
    func edited(_ edit: Edit) throws {
        let divergence = try #require(
            try replay(try Practice.call(), try Practice.edited(edit.from, edit.to)).divergence)
        #expect(divergence.place == edit.place)
        #expect(divergence.recorded.contains(edit.recorded), "\(divergence.recorded)")
        #expect(divergence.replayed.contains(edit.replayed), "\(divergence.replayed)")
        #expect(abs(divergence.at.seconds - edit.at) < 1.5, "\(divergence.at)")
    }

    @Test("what the model is told otherwise is listed, and is no difference of the script")
    func told() throws {
        let result = try replay(
            try Practice.call(),
            try Practice.edited("---Looks up free times.", "---Looks up the times that are free."))
        #expect(result.divergence == nil && !result.isIdentical)
        #expect(
            result.differences == [FlowDifference(text: "what is said of the action look_up", isToldModel: true)])
        let other = try replay(try Practice.call(), try Practice.edited("Be brief.", "Be very brief."))
        #expect(other.divergence == nil && other.differences.map(\.text) == ["the instructions"])
    }

    @Test("a new handler that does nothing for others is none either, and waits as long as it likes")
    func addedHandler() throws {
        let quiet = try Practice.edited(
            "on_dial =",
            """
            on_speech_started = function(call)
              moonline.sleep(1.2)
              call:spawn(function() moonline.sleep(0.3) end)
              call.state.spoke = true
            end,
            on_function_call = function(call, name, args) call:log("info", name) end,
            on_dial =
            """)
        let result = try replay(try Practice.call(), quiet)
        #expect(result.divergence == nil, "\(String(describing: result.divergence))")
        #expect(result.isIdentical)
        #expect(result.differences.map(\.text) == ["on_speech_started is new", "on_function_call is new"])

        let loud = try Practice.edited(
            "on_dial =", "on_speech_stopped = function(call) call:say(\"I see.\") end,\n  on_dial =")
        let divergence = try #require(try replay(try Practice.call(), loud).divergence)
        #expect(divergence.place == "on_speech_stopped")
        #expect(divergence.replayed == #"call:say("I see.")"# && divergence.recorded == "does nothing here")
    }

    @Test("a handler that is gone is missed only for what it did for others")
    func removedHandler() throws {
        let call = try Practice.call()
        let quiet = try replay(
            call,
            try Practice.edited(
                "on_transcript = function(call, role, text, final) call.state.last = role .. \": \" .. text end,", ""))
        #expect(quiet.divergence == nil, "\(String(describing: quiet.divergence))")
        #expect(quiet.differences.map(\.text) == ["on_transcript is gone"])
        let loud = try replay(
            call,
            try Practice.edited(
                """
                  on_dtmf = function(call, digit)
                    if digit == "0" then call:transfer("+15105550199") end
                  end,

                """, ""))
        #expect(loud.divergence?.recorded == #"call:transfer("+15105550199")"#)
        #expect(loud.divergence?.replayed == "does nothing here")
    }

    @Test("a shorter patience runs on_idle where nothing ran, a longer one not where it did")
    func idle() throws {
        let call = try RecordedCall(try flow(Practice.text, name: "practice.lua"))
        call.run()
        #expect(call.outcome?.reason == "silence")
        #expect(try replay(call).isIdentical)
        let sooner = try #require(
            try replay(call, try Practice.edited("idle_timeout = 6", "idle_timeout = 3")).divergence)
        #expect(sooner.replayed == "runs on_idle(call, 1)" && sooner.recorded == "does nothing here")
        let later = try #require(
            try replay(call, try Practice.edited("idle_timeout = 6", "idle_timeout = 9")).divergence)
        #expect(later.recorded == "runs on_idle(call, 1)" && later.replayed == "does nothing here")
        #expect((2.9...3.1).contains((later.at - sooner.at).seconds))
    }

    @Test("an error is the same error when only its line has moved; another one is not")
    func faults() throws {
        let broken = Practice.text.replacing(
            "call.state.last = role", with: "if role == \"user\" then error(\"boom\") end"
        )
        .replacing(" .. \": \" .. text", with: "")
        let call = try Practice.call(broken)
        #expect(try replay(call).isIdentical)
        let moved = try flow("\n\n" + broken, name: "edited.lua")
        #expect(try replay(call, moved).isIdentical)
        let other = try #require(
            try replay(call, try flow(broken.replacing("boom", with: "bang"), name: "edited.lua")).divergence)
        #expect(other.recorded.hasSuffix(": boom") && other.replayed.hasSuffix(": bang"))
    }

    @Test("a handler without end is stopped in the replay as it was in the call")
    func budget() throws {
        let endless = Practice.text.replacing("moonline.sleep(1.5)", with: "while true do end")
        let call = try Practice.call(endless)
        #expect(try replay(call).isIdentical)
        let mended = try #require(try replay(call, try flow(Practice.text, name: "edited.lua")).divergence)
        #expect(mended.recorded.hasPrefix("fails (budget)") && mended.replayed == "moonline.sleep(1.5)")
    }

    @Test("a call that went over to another version is run with both; without its text the replay ends there")
    func handover() throws {
        let second = try flow(
            Practice.text.replacing("Are you still there?", with: "Hello?").replacing(
                "on_dial =", with: "on_handover = function(state) state.moved = true; return state end,\n  on_dial ="),
            name: "practice.lua")
        func call(isKept: Bool) throws -> RecordedCall {
            let call = try RecordedCall(try flow(Practice.text, name: "practice.lua"))
            call.offer(second, after: .seconds(5), isKept: isKept)
            return call.run()
        }
        let whole = try call(isKept: true)
        #expect(String(decoding: whole.bytes, as: UTF8.self).contains(#""observation":"flow_changed""#))
        let result = try replay(whole)
        #expect(result.divergence == nil, "\(String(describing: result.divergence))")
        #expect(result.isIdentical && result.end == .callEnded)
        let part = try replay(try call(isKept: false))
        #expect(part.divergence == nil && part.end == .versionMissing(second.version))
        #expect(part.endedAt < result.endedAt)
    }

    @Test("variables have their values of today, and their names where there are none")
    func variables() throws {
        let text = TestFlows.variable
        let environment = ScriptEnvironment(allowed: ["DESK", "OTHER"], variables: ["DESK": "five"])
        let call = try RecordedCall(try flow(text), environment: environment)
        call.run()
        let log = try call.log()
        #expect(!String(decoding: call.bytes, as: UTF8.self).contains(#""DESK":"five""#))
        #expect(try CallReplay(log, variables: ["DESK": "five"]).run().isIdentical)
        let result = try CallReplay(log).run()
        #expect(result.divergence?.replayed.contains("DESK") == true)
        #expect(result.unsetVariables == ["DESK"])
    }

    @Test("a log that was cut off is run as far as it goes, at whatever line")
    func truncated() throws {
        let call = try Practice.call()
        let bytes = call.bytes
        var random = SeededRandom(seed: 5)
        for _ in 0..<12 {
            let end = Int.random(in: (bytes.count / 8)..<(bytes.count - 2), using: &random)
            let log = try CallLog(parsing: bytes[..<end])
            let result = try CallReplay(log).run()
            // The actions of the last event may be missing.
            if let divergence = result.divergence {
                #expect(divergence.recorded == "does nothing here" && log.entries.last.map(\.line) ?? 0 < 2_000)
                #expect(divergence.at == log.entries.last?.elapsed)
            }
            #expect(result.end == .logEnded)
        }
    }

    @Test("a log whose flow is not in it says so, and how to go on")
    func noFlow() throws {
        let call = try Practice.call()
        var log = try call.log()
        log.flows = []
        #expect {
            try CallReplay(log)
        } throws: { error in
            "\(error)".contains("does not have the text of version \(call.flow.version)")
                && "\(error)".contains("--flow")
        }
        #expect(try CallReplay(log, flow: call.flow).run().isIdentical)
    }

    @Test("a damaged log gives an error, a difference or a replay, and never a crash or no end", arguments: 0..<8)
    func damaged(seed: UInt64) throws {
        let whole = try Practice.call().bytes
        var random = SeededRandom(seed: seed)
        var runs = 0
        for _ in 0..<40 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                // A digit for a digit leaves a log whose numbers are wrong.
                let isDigit = (0x30...0x39).contains(bytes[index])
                bytes[index] =
                    isDigit
                    ? UInt8.random(in: 0x30...0x39, using: &random) : UInt8.random(in: 0x20...0x7E, using: &random)
            }
            do {
                let log = try CallLog(parsing: bytes)
                #expect(!RecordedTest(log).text.isEmpty)
                let replay = try CallReplay(log)
                #expect(!ReplayReport().text(of: replay.run(), replay).isEmpty)
                runs += 1
            } catch {
                #expect("\(error)".count > 10)
            }
        }
        #expect(runs > 0)
    }

    @Test("a log that was changed is refused with its line, or differs where it was changed")
    func changed() throws {
        let call = try Practice.call()
        let text = String(decoding: call.bytes, as: UTF8.self)
        let heard = text.replacing("Can I come on Friday?", with: "Can I come on Sunday?")
        #expect(try CallReplay(CallLog(parsing: heard.utf8)).run().isIdentical)
        let dialled = text.replacing(#""ring_timeout":30.0"#, with: #""ring_timeout":31.0"#)
        let divergence = try #require(try CallReplay(CallLog(parsing: dialled.utf8)).run().divergence)
        #expect(divergence.place == "the call" && divergence.recorded.hasPrefix("dial { "))
        let strange = text.replacing(#""event":"drained""#, with: #""event":"x""#)
            .replacing(#""event":"model_connected""#, with: #""event":"nothing""#)
        #expect {
            try CallReplay(CallLog(parsing: strange.utf8))
        } throws: { "\($0)".contains("names nothing that happens to a call: nothing") && "\($0)".hasPrefix("line ") }
    }
}

enum TestFlows {
    static let variable = """
        local moonline = require "moonline"
        return moonline.agent {
          name = "v", instructions = "x",
          on_answered = function(call)
            call:say("Desk " .. tostring(moonline.env("DESK")) .. " " .. tostring(moonline.env("OTHER")))
            call:hangup { after_playout = true }
          end,
        }
        """
}

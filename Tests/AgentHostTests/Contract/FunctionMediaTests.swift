import AgentHost
import Audio
import CallStore
import Conversation
import Foundation
import SansIO
import TestSupport
import Testing

extension HostTests {
    @Suite("What a script does, in the media of a call")
    struct FunctionMediaTests {
        /// A host whose agent `desk` answers, greets, and then does what a test is about.
        ///
        /// - Parameter fields: Handlers; `on_answered` is theirs too.
        private static func setup(
            _ fields: String, configure: @escaping @Sendable (inout HostConfiguration) -> Void = { _ in }
        ) -> Setup {
            var setup = Setup()
            setup.hasTrunk = false
            setup.flows = [
                "desk.lua": TestHost.flow("desk", "on_incoming = function() return \"answer\" end,\n\(fields)")
            ]
            setup.configure = configure
            return setup
        }

        /// Runs `body` in an answered call of a host.
        private func inCall(
            _ setup: Setup, _ body: (TestHost, Caller, ModelSession) async throws -> Void
        ) async throws {
            try await TestHost.with(setup) { test in
                try await test.withCaller { caller in
                    try await caller.reached(.answered)
                    try await body(test, caller, try await test.model.session(0))
                }
            }
        }

        // MARK: Keys

        private static let gathering = setup(
            """
            on_answered = function(call)
              call:log("info", "ready")
              local keys, why, code = call:gather_dtmf { max = 8, timeout = 3 }
              call:log("info", "gathered", { keys = keys or code })
              keys, why, code = call:gather_dtmf { max = 2, timeout = 3, terminator = "" }
              call:log("info", "then", { keys = keys or code })
              keys, why, code = call:gather_dtmf { timeout = 0.3 }
              call:log("info", "at last", { keys = keys or code })
            end,
            """)

        @Test("gather_dtmf takes keys of RFC 4733 until the terminator, and then what was pressed beyond it")
        func gathersEvents() async throws {
            try await inCall(Self.gathering) { test, caller, _ in
                try await test.log.line(containing: "ready")
                caller.media.press("471A*#9")
                try await test.log.line(containing: "gathered call=")
                caller.media.press("#")
                #expect(try await test.log.line(containing: "gathered call=").text.contains("keys=471A* "))
                #expect(try await test.log.line(containing: "then call=").text.contains("keys=9# "))
                #expect(try await test.log.line(containing: "at last call=").text.contains("keys=timed_out "))
                #expect(test.faults.isEmpty)
                // Keys are no audio: the recording and the model hear none, and no log line names one by itself.
                let digits = test.observations.value.compactMap { observation -> String? in
                    if case .digit(let digit, _) = observation.observation { String(digit) } else { nil }
                }
                #expect(digits.joined() == "471A*#9#")
            }
        }

        @Test("gather_dtmf takes keys of SIP INFO as well")
        func gathersInfo() async throws {
            try await inCall(Self.gathering) { test, caller, _ in
                try await test.log.line(containing: "ready")
                for key in "47#" {
                    await caller.tell(key: key)
                    try await test.observe("the key \(key)") {
                        if case .digit(key, _) = $0 { true } else { nil }
                    }
                }
                #expect(try await test.log.line(containing: "gathered call=").text.contains("keys=47 "))
                caller.media.press("5")
                await caller.tell(key: "6")
                let then = try await test.log.line(containing: "then call=").text
                #expect(then.contains("keys=56 ") || then.contains("keys=65 "))
            }
        }

        @Test("on_dtmf gets keys of both kinds, with how long they were held")
        func handlesKeys() async throws {
            let setup = Self.setup(
                """
                on_answered = function(call) call:log("info", "ready") end,
                on_dtmf = function(call, key, ms) call:log("info", "key", { key = key, ms = ms }) end,
                """)
            try await inCall(setup) { test, caller, _ in
                try await test.log.line(containing: "ready")
                caller.media.press("7")
                let event = try await test.log.line(containing: "key=7 ").text
                #expect(event.contains("ms=100"))
                await caller.tell(key: "D")
                let info = try await test.log.line(containing: "key=D ").text
                #expect(info.contains("ms=160"))
            }
        }

        // MARK: Mute

        @Test("mute: the model hears silence at the same pace; unmute: it hears the caller again; keys go on")
        func mutes() async throws {
            let setup = Self.setup(
                """
                on_answered = function(call) call:log("info", "ready") end,
                on_dtmf = function(call, key)
                  if key == "1" then call:mute() else call:unmute() end
                  call:log("info", "done", { key = key })
                end,
                """)
            try await inCall(setup) { test, caller, session in
                try await test.log.line(containing: "ready")
                session.heard.update { $0 = [] }
                try await hear(session, "the caller") { Self.hertz($0.suffix(1_600), 1_000) }
                caller.media.press("1")
                try await test.log.line(containing: "key=1 ")
                session.heard.update { $0 = [] }
                // Twenty milliseconds may have been under way.
                try await hear(session, "silence") { heard in
                    heard.count >= 3_200 && heard.dropFirst(320).allSatisfy { $0 == 0xFF }
                }
                caller.media.press("2")
                try await test.log.line(containing: "key=2 ")
                try await hear(session, "the caller again") { Self.hertz($0.suffix(1_600), 1_000) }
                await caller.hangUp()
                // The recording has all of it: keys are left out, muted or not.
                let (_, record) = try await test.ended(try await test.callID())
                let recording = try WAVFile(contentsOf: try #require(record.recordingPath))
                let caller = recording.channel(0)
                let tone = ToneDetector(frequency: 1_000)
                let loud = stride(from: 0, to: caller.count - 160, by: 160).count {
                    tone.isPresent(in: caller[$0..<($0 + 160)])
                }
                #expect(Double(loud) * 160 > Double(caller.count) * 0.5)
            }
        }

        private func hear(_ session: ModelSession, _ what: String, _ match: @Sendable ([UInt8]) -> Bool) async throws {
            try await session.heard.wait(for: "the model hears \(what)") { heard in
                if let heard, match(heard) { true } else { nil }
            }
        }

        /// Whether audio is that tone, and a tenth of a second of it at least.
        private static func hertz(_ audio: some Collection<UInt8>, _ hertz: Double) -> Bool {
            audio.count >= 800 && ToneDetector(frequency: hertz).isPresent(in: G711.decode(audio, .mu), share: 0.8)
        }

        // MARK: Recordings

        @Test("record writes a file of its own and ends the host's; stop_recording ends that; names are plain")
        func records() async throws {
            let setup = Self.setup(
                """
                on_answered = function(call)
                  call:say("Hello.")
                  moonline.sleep(0.3)
                  local path, why = call:record { path = "consent.wav" }
                  call:log("info", "recording", { path = path or why })
                  moonline.sleep(0.6)
                  call:say("Hello again.")
                  call:stop_recording()
                  call:log("info", "stopped")
                  for _, name in ipairs { "consent.wav", "../x.wav", "/tmp/x.wav", "x.txt", ".wav" } do
                    local path, why, code = call:record { path = name }
                    call:log("info", "refused", { name = name, code = code })
                  end
                  local own = call:record()
                  call:log("info", "own name", { path = own })
                  moonline.sleep(0.2)
                  call:hangup()
                end,
                """)
            try await inCall(setup) { test, caller, _ in
                #expect(try await caller.over() == .ended)
                let id = try await test.callID()
                let (report, record) = try await test.ended(id)
                let folder = test.folder.file("data/calls/\(id)")
                #expect(record.recordingPath == folder + "/recording.wav")
                #expect(report.recordingPath == folder + "/recording.wav")
                #expect(
                    try await test.log.line(containing: "recording call=").text
                        .contains("path=\(folder)/consent.wav"))
                let refused = test.log.lines.value.filter { $0.text.hasPrefix("refused ") }
                #expect(refused.count == 5)
                #expect(refused.allSatisfy { $0.text.contains("code=invalid_argument") })
                let own = try await test.log.line(containing: "own name").text
                #expect(own.contains("path=\(folder)/recording-3.wav"))

                let first = try WAVFile(contentsOf: folder + "/recording.wav")
                let consent = try WAVFile(contentsOf: folder + "/consent.wav")
                let third = try WAVFile(contentsOf: folder + "/recording-3.wav")
                #expect(first.channelCount == 2 && consent.channelCount == 2)
                #expect((0.6...1.6).contains(consent.duration.seconds), "\(consent.duration)")
                #expect((0.1...0.8).contains(third.duration.seconds), "\(third.duration)")
                for file in [first, consent] {
                    // Left the caller, right the agent's greeting.
                    let caller = file.channel(0).suffix(1_600)
                    #expect(ToneDetector(frequency: 1_000).isPresent(in: caller))
                    let agent = file.channel(1)
                    let beep = stride(from: 0, to: agent.count - 160, by: 160).count {
                        ToneDetector(frequency: 440).isPresent(in: agent[$0..<($0 + 160)])
                    }
                    #expect((4...6).contains(beep), "\(beep)")
                }
            }
        }

        // MARK: Figures

        @Test("call.stats holds packets, loss, jitter and round trip after some seconds, and each turn's latency")
        func figures() async throws {
            let setup = Self.setup(
                """
                on_answered = function(call)
                  call:say("Hello.")
                  repeat moonline.sleep(0.1) until call.stats.round_trip_ms and #call.stats.turns > 0 or call.duration > 12
                  local stats = call.stats
                  call:log("info", "figures", {
                    sent = stats.packets_sent, received = stats.packets_received, loss = stats.loss,
                    jitter = stats.jitter_ms, trip = stats.round_trip_ms, turns = #stats.turns,
                    first = stats.turns[1] and stats.turns[1].first_packet_ms,
                  })
                end,
                """
            ) { $0.limits.measurement = .milliseconds(100) }
            try await inCall(setup) { test, caller, session in
                try await test.observe("the greeting") { if case .transcript = $0 { true } else { nil } }
                session.send([
                    "type": "input_audio_buffer.speech_started", "item_id": "item_u", "audio_start_ms": 0,
                ])
                session.send([
                    "type": "input_audio_buffer.speech_stopped", "item_id": "item_u", "audio_end_ms": 900,
                ])
                session.say(seconds: 0.2)
                let line = try await test.log.line(containing: "figures call=", limit: .seconds(20)).text
                func number(_ name: String) throws -> Double {
                    let field = try #require(line.split(separator: " ").first { $0.hasPrefix(name + "=") }, "\(line)")
                    return try #require(Double(field.dropFirst(name.count + 1)), "\(line)")
                }
                #expect(try number("sent") > 50)
                #expect(try number("received") > 50)
                #expect(try number("loss") == 0)
                #expect((0...50).contains(try number("jitter")))
                #expect((0...200).contains(try number("trip")))
                #expect(try number("turns") == 1)
                #expect((0...3_000).contains(try number("first")))
            }
        }

        // MARK: Functions beside the handlers

        @Test("after and spawn run beside the handlers, at their time; a timer that was cancelled does not")
        func runsBeside() async throws {
            let setup = Self.setup(
                """
                on_answered = function(call)
                  call:log("info", "began")
                  local cancelled = call:after(0.4, function() call:log("error", "cancelled ran") end)
                  call:after(0.6, function() call:log("info", "after 0.6") end)
                  call:after(0.2, function() call:log("info", "after 0.2") end)
                  call:spawn(function()
                    call:log("info", "spawned")
                    moonline.sleep(0.8)
                    call:log("info", "spawned, 0.8 on")
                    call:say("I am still here.")
                    call:log("info", "spawned, said")
                  end)
                  call:log("info", "cancelled", { was = call:cancel_timer(cancelled) })
                  moonline.sleep(60)
                end,
                """)
            try await inCall(setup) { test, caller, _ in
                try await test.log.line(containing: "spawned, said")
                try await caller.media.heard(hertz: 440)
                let lines = test.log.lines.value.filter { $0.text.contains("call=") }
                func time(_ text: String) throws -> Double {
                    Double(try #require(lines.first { $0.text.hasPrefix(text + " call=") }, "\(text)").at) / 1e9
                }
                let began = try time("began")
                for (text, seconds) in [("after 0.2", 0.2), ("after 0.6", 0.6), ("spawned, 0.8 on", 0.8)] {
                    #expect((seconds...(seconds + 0.3)).contains(try time(text) - began + 0.005), "\(text)")
                }
                #expect(try time("spawned") - began < 0.2)
                #expect(lines.contains { $0.text.hasPrefix("cancelled call=") && $0.text.contains("was=true") })
                #expect(!lines.contains { $0.text.hasPrefix("cancelled ran") })
            }
        }

        @Test("on_idle runs after idle_timeout since the end of what is heard, counts, and begins anew with a key")
        func idles() async throws {
            let setup = Self.setup(
                """
                idle_timeout = 1,
                on_answered = function(call) call:say("Hello.") call:log("info", "said") end,
                on_dtmf = function(call) call:log("info", "key") end,
                on_idle = function(call, count)
                  call:log("info", "idle", { count = count })
                  if count == 2 then call:say("Are you there?") call:log("info", "asked") end
                end,
                """)
            try await inCall(setup) { test, caller, _ in
                try await test.log.line(containing: "count=3")
                caller.media.press("1")
                try await test.log.line(containing: "key call=")
                try await test.log.lines.wait(for: "the second first") { lines in
                    lines.count { $0.text.contains("count=1 ") } == 2 ? true : nil
                }
                let lines = test.log.lines.value
                func times(_ part: String) -> [Double] {
                    lines.filter { $0.text.contains(part) }.map { Double($0.at) / 1e9 }
                }
                let first = times("count=1 ")
                let said = try #require(times("said call=").first)
                let second = try #require(times("count=2 ").first)
                let asked = try #require(times("asked call=").first)
                let third = try #require(times("count=3 ").first)
                let key = try #require(times("key call=").first)
                for (from, to) in [(said, first[0]), (first[0], second), (asked, third), (key, first[1])] {
                    #expect((0.9...1.5).contains(to - from), "\(to - from) s")
                }
                // The question is a tenth of a second long.
                #expect(asked - second > 0.08)
            }
        }

        // MARK: The model dies

        @Test("the model dies for good in mid-call: the caller hears the fallback line, then the call ends")
        func modelDies() async throws {
            let setup = Self.setup(
                """
                on_answered = function(call) call:say("Hello.") end,
                on_error = function(call, err) call:log("info", "told", { kind = err.kind }) end,
                on_hangup = function(call, reason) call:log("info", "over", { reason = reason }) end,
                fallback = "I am sorry, I cannot hear you any more. Please call again later.",
                """, configure: { $0.limits.modelReconnects = 0 })
            try await inCall(setup) { test, caller, session in
                try await test.observe("the greeting") { if case .transcript = $0 { true } else { nil } }
                let before = caller.media.packets.value.count
                session.abort()
                #expect(try await caller.over() == .ended)
                let (report, record) = try await test.ended(try await test.callID())
                let packets = caller.media.packets.value.dropFirst(before)
                let seconds = Loudness.seconds(of: packets)
                #expect(seconds > 1.5, "\(seconds) s")
                // At once: nobody waits in silence.
                let start = try #require(packets.firstIndex { Loudness.isLoud($0) })
                #expect(start - before < 25)
                #expect(record.outcome == "model_failed")
                #expect(report.transcript.last?.text.hasPrefix("I am sorry, I cannot hear you any more.") == true)
                #expect(try await test.log.line(containing: "told call=").text.contains("kind=model"))
                #expect(try await test.log.line(containing: "over call=").text.contains("reason=model_failed"))
                for (packet, next) in zip(packets, packets.dropFirst()) {
                    #expect(next.sequenceNumber == packet.sequenceNumber &+ 1)
                }
            }
        }
    }
}

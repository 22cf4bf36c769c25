import AgentHost
import Audio
import CallStore
import Conversation
import Foundation
import Logging
import Net
import SansIO
import TestSupport
import Testing

extension HostTests {
    @Suite("What others do for a script, in a call")
    struct ServiceCallTests {
        /// A host whose agent `desk` answers and greets; keys have it do what a test is about.
        ///
        /// - Parameter onKey: Body of `on_dtmf`, which has `key`.
        private static func setup(
            _ onKey: String, fields: String = "",
            configure: @escaping @Sendable (inout HostConfiguration) -> Void = { _ in }
        ) -> Setup {
            var setup = Setup()
            setup.hasTrunk = false
            setup.flows = [
                "desk.lua": TestHost.flow(
                    "desk",
                    """
                    on_incoming = function() return "answer" end,
                    on_answered = function(call) call:say("Hello.") call:log("info", "ready") end,
                    on_dtmf = function(call, key)
                    \(onKey)
                    end,
                    \(fields)
                    """, before: "local http, store = require \"http\", require \"store\"")
            ]
            setup.configure = configure
            return setup
        }

        private func inCall(
            _ setup: Setup, _ body: (TestHost, Caller, ModelSession) async throws -> Void
        ) async throws {
            try await TestHost.with(setup) { test in
                try await test.withCaller { caller in
                    try await test.log.line(containing: "ready call=")
                    try await body(test, caller, try await test.model.session(0))
                }
            }
        }

        // MARK: Sounds

        private static let playing = setup(
            """
            local heard, why, code = call:play(
              key == "9" and "sounds/none.wav" or "sounds/welcome.wav", { interruptible = key ~= "2" })
            call:log("info", "played", { key = key, heard = tostring(heard), code = code })
            """)

        /// One second of 620 Hz, in stereo at 16 kHz: what it is on the line has to be made of it.
        private func writeSound(_ test: TestHost) throws {
            var tone = ToneGenerator(frequency: 620, sampleRate: 16_000)
            let samples = tone.samples(16_000)
            try FileManager.default.createDirectory(
                atPath: test.folder.file("flows/sounds"), withIntermediateDirectories: true)
            try test.folder.write(
                WAVFile(sampleRate: 16_000, left: samples, right: samples).bytes, to: "flows/sounds/welcome.wav")
        }

        @Test("play: the whole file is what the caller hears, and what is recorded; then the script goes on")
        func plays() async throws {
            try await inCall(Self.playing) { test, caller, _ in
                try writeSound(test)
                let before = caller.media.packets.value.count
                caller.media.press("1")
                let line = try await test.log.line(containing: "played call=")
                #expect(line.text.contains("heard=true"))
                let packets = caller.media.packets.value.dropFirst(before)
                let tones = packets.indices.filter { Loudness.isTone(620, packets[$0]) }
                #expect((48...51).contains(tones.count), "\(tones.count)")
                let first = try #require(tones.first)
                let last = try #require(tones.last)
                // Without a hole.
                #expect(last - first + 1 == tones.count)
                // Not before it was heard, and not long after.
                #expect((-0.05...0.3).contains(Double(line.at - packets[last].arrival) / 1e9))
                await caller.hangUp()
                let (_, record) = try await test.ended(try await test.callID())
                let agent = try WAVFile(contentsOf: try #require(record.recordingPath)).channel(1)
                let recorded = stride(from: 0, to: agent.count - 160, by: 160).count {
                    ToneDetector(frequency: 620).isPresent(in: agent[$0..<($0 + 160)])
                }
                #expect((48...51).contains(recorded), "\(recorded)")
                // A sound has no words.
                #expect(record.transcript == [["role": "agent", "text": "Beep."]])
            }
        }

        @Test("play: the caller cuts it short, unless it must be heard", arguments: [("1", true), ("2", false)])
        func interrupted(_ key: String, _ isInterruptible: Bool) async throws {
            try await inCall(Self.playing) { test, caller, session in
                try writeSound(test)
                let before = caller.media.packets.value.count
                caller.media.press(key)
                try await caller.media.heard(hertz: 620, from: before)
                session.send([
                    "type": "input_audio_buffer.speech_started", "item_id": "item_u", "audio_start_ms": 0,
                ])
                let line = try await test.log.line(containing: "played call=").text
                let heard = caller.media.packets.value.dropFirst(before).count { Loudness.isTone(620, $0) }
                if isInterruptible {
                    #expect(line.contains("heard=nil") && line.contains("code=interrupted"))
                    #expect((5...35).contains(heard), "\(heard)")
                } else {
                    #expect(line.contains("heard=true"))
                    #expect((48...51).contains(heard), "\(heard)")
                }
            }
        }

        @Test("play: a sound that is not there is not_found, and the call goes on")
        func missingSound() async throws {
            try await inCall(Self.playing) { test, caller, _ in
                caller.media.press("9")
                let line = try await test.log.line(containing: "played call=").text
                #expect(line.contains("heard=nil") && line.contains("code=not_found"))
                #expect(caller.state.value == .answered)
                #expect(test.faults.isEmpty)
            }
        }

        // MARK: Web services

        /// A web service that answers `/late` when it is shut down.
        private struct Service {
            let server: HTTPServer
            let asked: Watched<[String]>
            private let gate: (stream: AsyncStream<Void>, continuation: AsyncStream<Void>.Continuation)

            static func start() async throws -> Service {
                let asked = Watched<[String]>([])
                let gate = AsyncStream<Void>.makeStream()
                let server = try await HTTPServer.start(
                    host: Loopback.host, port: 0, logger: Logger(label: "web") { _ in SwiftLogNoOpLogHandler() }
                ) { request in
                    asked.update { $0.append(request.path) }
                    if request.path == "/late" { for await _ in gate.stream {} }
                    return .json(Array(#"{"times":["1pm","2pm"]}"#.utf8), status: 200)
                }
                return Service(server: server, asked: asked, gate: gate)
            }

            private init(
                server: HTTPServer, asked: Watched<[String]>,
                gate: (stream: AsyncStream<Void>, continuation: AsyncStream<Void>.Continuation)
            ) {
                self.server = server
                self.asked = asked
                self.gate = gate
            }

            func stop() async {
                gate.continuation.finish()
                await server.shutdown(grace: .zero)
            }
        }

        @Test("http: an answer comes while the call's packets go on; requests have their cap; hosts must be allowed")
        func web() async throws {
            let service = try await Service.start()
            let base = "http://\(Loopback.host):\(service.server.port)"
            let allowed = try HTTPAllowList(parsing: "\(Loopback.host):\(service.server.port)")
            let setup = Self.setup(
                """
                if key == "1" then
                  local answer, why, code = http.get("\(base)/times")
                  call:log("info", "answer", { times = answer and table.concat(answer.json.times, "+"), code = code })
                elseif key == "2" then
                  for i = 1, 3 do
                    call:spawn(function()
                      local answer, why, code = http.get("\(base)/late", { timeout = 60 })
                      call:log("info", "late", { number = i, code = code })
                    end)
                  end
                else
                  local answer, why, code = http.get("http://\(Loopback.host):1/")
                  call:log("info", "forbidden", { code = code })
                end
                """
            ) {
                $0.scriptHTTP.allowed = allowed
                $0.limits.scriptRequests = 2
            }
            try await inCall(setup) { test, caller, _ in
                caller.media.press("1")
                #expect(try await test.log.line(containing: "answer call=").text.contains("times=1pm+2pm"))
                caller.media.press("3")
                #expect(try await test.log.line(containing: "forbidden call=").text.contains("code=not_allowed"))
                caller.media.press("2")
                let refused = try await test.log.line(containing: "late call=").text
                #expect(refused.contains("number=3 ") && refused.contains("code=limit_reached"))
                try await service.asked.wait(for: "both requests") { asked in
                    asked.count { $0 == "/late" } == 2 ? true : nil
                }
                let before = caller.media.packets.value.count
                try await caller.media.heard(before + 25)
                // A call that ends does not wait for them.
                await caller.hangUp()
                let (report, _) = try await test.ended(try await test.callID())
                #expect(report.outcome.kind == .completed)
                let packets = caller.media.packets.value
                for (packet, next) in zip(packets, packets.dropFirst()) {
                    #expect(next.sequenceNumber == packet.sequenceNumber &+ 1)
                }
                #expect(test.faults.isEmpty)
            }
            await service.stop()
        }

        @Test("store: what one call keeps another one of the agent finds, also what on_hangup kept")
        func keeps() async throws {
            let setup = Self.setup(
                """
                local count = store.increment("calls")
                call:log("info", "kept", { count = count, last = store.get("last") })
                """,
                fields: """
                    on_hangup = function(call)
                      local ok, why = store.set("last", call.from)
                      call:log("info", "set", { ok = ok, why = why })
                    end,
                    """)
            try await TestHost.with(setup) { test in
                for number in 1...2 {
                    try await test.withCaller(from: "+1510555000\(number)") { caller in
                        try await test.log.lines.wait(for: "greeting \(number)") { lines in
                            lines.count { $0.text.hasPrefix("ready call=") } == number ? true : nil
                        }
                        caller.media.press("5")
                        let line = try await test.log.line(containing: "count=\(number) ").text
                        #expect(line.contains("last=+15105550001") == (number == 2), "\(line)")
                        let id = try await test.callID(number - 1)
                        await caller.hangUp()
                        _ = try await test.ended(id)
                    }
                }
                #expect(
                    test.log.lines.value.count { $0.text.hasPrefix("set call=") && $0.text.contains("ok=true") } == 2)
            }
        }
    }
}

import Audio
import Foundation
import SansIO
import Speech
import TestSupport
import Testing

extension EndToEnd {
    @Suite("moonline demo")
    struct DemoTests {
        /// Longer than the demo's own patience.
        private static let limit = Duration.seconds(140)

        @Test(
            "--json prints one object that says what happened, and the recording, transcript and event log bear it out",
            .timeLimit(.minutes(4)))
        func summary() async throws {
            // A machine whose zone has another date than UTC has now.
            let before = Date()
            let hours = before.timeIntervalSince1970.truncatingRemainder(dividingBy: 86_400) < 43_200 ? -12.0 : 14
            let shell = try Shell().setting(["TZ": "LOCAL\(hours < 0 ? "+" : "-")\(Int(abs(hours)))"])
            let outcome = try await shell.run(
                "demo", "--json", "--scripts", Shell.repository + "/scripts", "--output", shell.folder.file("demo"),
                limit: Self.limit)
            try #require(outcome.status == 0, "\(outcome)")
            #expect(outcome.errors.isEmpty, "\(outcome)")
            let summary = try DemoSummary(outcome.output)
            #expect(summary.json["ok"] == .bool(true))
            #expect(summary.json["shortcomings"]?.array?.isEmpty == true)
            #expect(summary.json["outcome"]?.string == "completed" && summary.json["ended_by"]?.string == "agent")
            #expect(summary.integer("turns") >= 3)
            #expect(summary.json["latency_ms"]?.array?.count == Int(summary.integer("turns")))
            #expect(summary.json["latency_ms"]?.array?.allSatisfy { ($0.integer ?? 0) > 0 } == true)
            let seconds = try #require(summary.json["duration_seconds"]?.number)
            // A packet every 20 ms in both directions; the last ones may cross the BYE.
            for name in ["packets_sent", "packets_received"] {
                #expect(abs(Double(summary.integer(name)) - seconds * 50) < 25, "\(name): \(outcome.output)")
            }
            #expect(summary.integer("packets_lost") == 0)
            try checkActions(of: summary, between: before + hours * 3_600, and: Date() + hours * 3_600)
            try checkInterruption(of: summary)
            try checkTranscript(of: summary)
            try checkEventLog(of: summary)
            try checkRecording(of: summary, seconds: seconds)
        }

        /// - Parameters:
        ///   - first: The callee's local time before the call, as if it were UTC.
        ///   - last: The same, after the call.
        private func checkActions(of summary: DemoSummary, between first: Date, and last: Date) throws {
            let actions = try summary.actions
            try #require(actions.map(\.name) == ["look_up_availability", "confirm_appointment", "end_call"])
            let date = try #require(actions[0].arguments["date"]?.string)
            // The callee asks for tomorrow.
            let tomorrows = [first, last].map { ($0 + 86_400).formatted(.iso8601.year().month().day()) }
            #expect(tomorrows.contains(date), "\(date)")
            #expect(actions[0].result?["available_times"] == ["1pm", "2pm", "3pm"])
            #expect(actions[0].result?["date"]?.string == date)
            #expect(actions[1].arguments == ["date": .string(date), "time": "3pm"])
            #expect(actions[1].result?.string == "reservation confirmed")
            #expect(actions[2].arguments == [:])
            #expect(summary.json["actions"]?.array?.allSatisfy { $0["error"] == .null } == true)
        }

        /// What was heard is the beginning of what the model meant to say, and the rest is the rest.
        private func checkInterruption(of summary: DemoSummary) throws {
            let interruption = try #require(summary.interruptions.first)
            #expect(!interruption.heard.isEmpty && !interruption.unheard.isEmpty)
            let meant = "\(interruption.heard) \(interruption.unheard)"
            let words = try summary.events().filter {
                $0["kind"]?.string == "in"
                    && $0["what"]?["message"]?["type"]?.string == "response.output_audio_transcript.done"
                    && $0.mentions(meant)
            }
            #expect(!words.isEmpty, "the model never meant to say “\(meant)”")
            #expect(summary.transcript.contains { $0.role == "agent" && $0.text == interruption.heard })
            #expect(!summary.transcript.contains { $0.text.contains(interruption.unheard) })
        }

        private func checkTranscript(of summary: DemoSummary) throws {
            let texts = { (role: String) in summary.transcript.filter { $0.role == role }.map(\.text) }
            #expect(texts("agent").first?.hasPrefix("Hello, Alex, this is") == true, "\(texts("agent"))")
            #expect(texts("agent").first?.contains("dental practice") == true)
            #expect(texts("agent").last?.contains("Goodbye") == true)
            #expect(texts("user").count >= 3 && texts("user").first?.contains("tomorrow") == true, "\(texts("user"))")
            let lines = String(decoding: try summary.file("transcript_file"), as: UTF8.self).split(separator: "\n")
                .map { $0.split(separator: "\t").map(String.init) }
            #expect(lines.allSatisfy { $0.count == 3 && $0[0].hasSuffix(" s") })
            #expect(lines.map { $0[2] } == summary.transcript.map(\.text))
            #expect(lines.map { $0[1] } == summary.transcript.map { $0.role == "agent" ? "agent" : "caller" })
        }

        private func checkEventLog(of summary: DemoSummary) throws {
            let events = try summary.events()
            #expect(events.count > 100)
            let times = events.compactMap { $0["ns"]?.integer }
            #expect(times.count == events.count && times == times.sorted())
            #expect(Set(events.compactMap { $0["kind"]?.string }) == ["begin", "flow", "in", "out"])
            #expect(events.first?["kind"] == "begin" && events.first?["what"]?["seed"]?.string != nil)
            #expect(events.dropFirst(2).first?["what"]?["event"]?.string == "start")
            let actions = events.compactMap { $0["what"]?["action"]?.string }
            #expect(actions.last == "finish")
            let dropped = events.filter { $0["what"]?["event"] == "flushed" }.compactMap {
                $0["what"]?["dropped"]?.integer
            }
            #expect(dropped.contains { $0 > G711.sampleRate }, "the interruption has silenced nothing: \(dropped)")
            for action in ["connect_model", "dial", "flush", "hang_up"] { #expect(actions.contains(action)) }
            let happenings = events.compactMap { $0["what"]?["event"]?.string }
            for event in ["model_connected", "ringing", "answered", "flushed"] { #expect(happenings.contains(event)) }
        }

        /// Both voices, each on its side and both on one timeline.
        private func checkRecording(of summary: DemoSummary, seconds: Double) throws {
            let file = try WAVFile(contentsOf: try #require(summary.json["recording"]?.string))
            #expect(file.channelCount == 2 && file.sampleRate == G711.sampleRate)
            // It begins with the dialling.
            let whole = seconds + (summary.json["setup_seconds"]?.number ?? 0)
            #expect(abs(file.duration.seconds - whole) < 1, "\(file.duration) for a call of \(whole) s")
            let callee = Utterances(in: file.channel(0))
            let agent = Utterances(in: file.channel(1))
            let said = ["can i come tomorrow instead", "three is fine", "thank you goodbye"]
            #expect(try callee.texts(expecting: said) == said)
            // The sentence about the appointment is what only the agent's side has.
            let greeting = "hello alex this is the scheduling assistant of the dental practice"
            let heard = try agent.texts(expecting: [
                greeting, "i am calling about your appointment next tuesday at three p m", "does that still suit you",
                "thank you for your time", "goodbye",
            ])
            #expect(heard.first?.contains("dental practice") == true, "\(heard)")
            #expect(heard.last?.contains("goodbye") == true, "\(heard)")
            // The callee interrupts: its second utterance begins while the agent still speaks, and silences it.
            let interrupting = try #require(callee.list.dropFirst().first).range
            // Where in its sentence that is depends on the date that it names: it may be the pause behind a comma. That
            // there was more to be said, the event log tells.
            let pause = G711.sampleRate / 2
            let cut = try #require(
                agent.list.first {
                    ($0.range.lowerBound..<$0.range.upperBound + pause).contains(interrupting.lowerBound)
                }
            ).range
            #expect(cut.upperBound - interrupting.lowerBound < 2 * G711.sampleRate)
            // Nobody else speaks while the callee asks.
            let question = try #require(callee.list.first).range
            #expect(!agent.list.contains { $0.range.overlaps(question) })
        }

        @Test(
            "in a terminal the conversation is read in order, and Wireshark finds no fault with its SIP, RTP and RTCP",
            .timeLimit(.minutes(4)),
            .enabled(
                if: ProcessInfo.processInfo.environment["MOONLINE_WITHOUT_CAPTURE"] == nil,
                "MOONLINE_WITHOUT_CAPTURE is set: nobody looks at the packets"))
        func packets() async throws {
            let shell = try Shell()
            // Its ports are known only when it runs.
            let capture = try await PacketCapture.start(filter: "udp")
            let result = try await shell.runInTerminal(
                ["demo", "--scripts", Shell.repository + "/scripts", "--output", shell.folder.file("demo")],
                limit: Self.limit)
            try await capture.stop()
            try #require(result.status == 0, "\(result)")
            #expect(result.output.contains("\u{1B}[3"), "no colours")
            let screen = Screen(result.output)
            screen.expectInOrder([
                "starting the offline model", "(picks up)", "dental practice", "Can I come tomorrow instead?",
                "look_up_availability {", "look_up_availability →", "Three is fine.", "interrupt", "not heard:",
                "confirm_appointment {", "reservation confirmed", "Thank you, goodbye.", "end_call", "Goodbye!",
                "outcome", "completed, hung up by the agent", "latency a turn", "packets", "recording", "event log",
            ])
            #expect(screen.conversation.allSatisfy { $0.count <= 80 }, "\(result)")
            try await DemoPackets(capture, screen).check()
        }

        /// How the output is looked at: no terminal, a terminal and `NO_COLOR`, a terminal without abilities.
        static let plainOutputs: [(isTerminal: Bool, variables: [String: String])] = [
            (false, [:]), (true, ["NO_COLOR": "1"]), (true, ["TERM": "dumb"]),
        ]

        @Test(
            "without terminal, with NO_COLOR and on a dumb terminal nothing is coloured; a call that is cut short fails",
            .timeLimit(.minutes(1)), arguments: plainOutputs)
        func plain(isTerminal: Bool, variables: [String: String]) async throws {
            let shell = try Shell().setting(variables)
            let arguments = ["demo", "--timeout", "1", "--output", shell.folder.file("demo")]
            // Twice into the same folder: the second demo is not confused by what the first left there.
            for _ in 1...2 {
                let outcome =
                    isTerminal
                    ? try await shell.runInTerminal(arguments, limit: .seconds(25))
                    : try await shell.run(arguments, limit: .seconds(25))
                let text = outcome.output + outcome.errors
                #expect(outcome.status == 1, "\(outcome)")
                #expect(!text.contains("\u{1B}"), "\(text)")
                for words in ["ringing", "hung up by the host", "missing: look_up_availability was not called"] {
                    #expect(text.contains(words), "\(text)")
                }
            }
        }
    }
}

import Conversation
import Foundation
import MediaEngine
import SansIO
import TestCalls
import Testing

@testable import AgentHost
@testable import moonline

@Suite("The summary of a demo")
struct DemoSummaryTests {
    /// A call in which all happened that the demo promises, but for the recording.
    static func report() -> CallReport {
        var report = CallReport(
            id: "SCL_1", dispatchID: "AD_1", agent: "outbound-caller", room: "r", to: "+15105550100",
            from: "+15105550123", trunkID: "ST_1", scriptVersion: "0123456789ab", startedAt: 1_700_000_000,
            endedAt: 1_700_000_020,
            outcome: CallOutcome(
                kind: .completed, reason: "agent_hangup", message: "The agent hung up.", endedBy: .agent))
        report.setupTime = .milliseconds(1_604)
        report.outcome.duration = .milliseconds(18_250)
        report.outcome.wasAnswered = true
        report.latencies = [
            TurnLatency(turn: 1, toFirstPacket: .milliseconds(480), toFirstAudio: .milliseconds(470)),
            TurnLatency(turn: 2, toFirstPacket: .milliseconds(510), toFirstAudio: .milliseconds(500)),
        ]
        report.interruptions = [Interruption(heard: "We have", unheard: "one", playedMilliseconds: 900)]
        report.actions = ["look_up_availability", "confirm_appointment", "end_call"].map {
            CallReport.Action(callID: $0, name: $0, arguments: "{}", output: "ok")
        }
        report.transcript = [
            TranscriptEntry(
                role: .agent, text: "Hello.", isFinal: true, itemID: "a", startedAt: .zero, endedAt: .zero),
            TranscriptEntry(
                role: .user, text: "Hi.", isFinal: true, itemID: "b", startedAt: .zero, endedAt: .zero),
        ]
        var statistics = MediaStatistics()
        statistics.packetsSent = 900
        statistics.packetsReceived = 898
        statistics.packetsLost = 1
        statistics.jitterMicroseconds = 1_250
        report.statistics = statistics
        report.transcriptPath = "/tmp/demo/transcript.txt"
        report.eventLogPath = "/tmp/demo/events.jsonl"
        return report
    }

    func summary(
        outcome: CalleeSession.Outcome = .completed, _ change: (inout CallReport) -> Void = { _ in }
    ) -> DemoSummary {
        var report = Self.report()
        change(&report)
        return DemoSummary(report: report, calleeOutcome: outcome, folder: "/tmp/demo")
    }

    @Test("the JSON object has its members in order, each of its type")
    func json() throws {
        let json = summary().json
        #expect(
            json.object?.keys == [
                "ok", "shortcomings", "call_id", "agent", "script_version", "outcome", "ended_by", "message",
                "setup_seconds", "duration_seconds", "turns", "latency_ms", "interruptions", "actions", "transcript",
                "packets_sent", "packets_received", "packets_lost", "jitter_ms", "folder", "recording",
                "transcript_file", "event_log",
            ])
        #expect(json["ok"] == false)
        #expect(json["shortcomings"] == ["the call was not recorded"])
        #expect(json["outcome"] == "completed")
        #expect(json["ended_by"] == "agent")
        #expect(json["setup_seconds"] == 1.604)
        #expect(json["duration_seconds"] == 18.25)
        #expect(json["turns"] == 2)
        #expect(json["latency_ms"] == [480, 510])
        #expect(json["interruptions"] == [["heard": "We have", "unheard": "one", "played_ms": 900]])
        #expect(
            json["actions"]?[0]
                == ["name": "look_up_availability", "arguments": "{}", "result": "ok", "error": nil])
        #expect(json["transcript"] == [["role": "agent", "text": "Hello."], ["role": "user", "text": "Hi."]])
        #expect(json["packets_sent"] == 900)
        #expect(json["packets_received"] == 898)
        #expect(json["packets_lost"] == 1)
        #expect(json["jitter_ms"] == 1.25)
        #expect(json["folder"] == "/tmp/demo")
        #expect(json["recording"] == nil as JSON)
        // One line, and readable again.
        #expect(!json.text.contains("\n"))
        #expect(try JSON(parsing: json.text)["call_id"] == "SCL_1")
    }

    /// What may not have happened in a demo, and how it is told.
    static let shortcomings: [([String], @Sendable (inout CallReport) -> Void)] = [
        (
            ["the call: Nobody answered in time."],
            {
                $0.outcome.kind = .noAnswer; $0.outcome.message = "Nobody answered in time."
            }
        ),
        (["the agent did not hang up, callee did"], { $0.outcome.endedBy = .callee }),
        (
            ["look_up_availability was not called", "look_up_availability did not return"],
            { $0.actions.removeFirst() }
        ),
        (["confirm_appointment failed: no"], { $0.actions[1].error = "no" }),
        (["confirm_appointment did not return"], { $0.actions[1].output = nil }),
        (["end_call was not called"], { $0.actions.removeLast() }),
        (["no transcript was written"], { $0.transcriptPath = nil }),
        (["no event log was written"], { $0.eventLogPath = nil }),
        (["nobody was interrupted"], { $0.interruptions = [] }),
        (["the model heard nothing"], { $0.transcript.removeLast() }),
        (["no RTP went to the callee"], { $0.statistics?.packetsSent = 0 }),
        (["no RTP came from the callee"], { $0.statistics?.packetsReceived = 0 }),
        (["no RTP went to the callee", "no RTP came from the callee"], { $0.statistics = nil }),
    ]

    @Test("everything that did not happen is told, and that alone", arguments: shortcomings)
    func shortcoming(_ expected: [String], _ change: @Sendable (inout CallReport) -> Void) {
        let summary = summary(change)
        #expect(Set(summary.shortcomings) == Set(expected + ["the call was not recorded"]))
        #expect(summary.json["ok"] == false)
    }

    @Test("a recording must be there, be readable, be stereo, and hold both voices")
    func recording() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("summary-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { removeFolder(folder) }
        func shortcomings(_ bytes: [UInt8]) throws -> [String] {
            let path = folder + "/recording.wav"
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            return summary { $0.recordingPath = path }.shortcomings
        }
        func wav(_ channels: [[Int16]]) -> [UInt8] {
            let frames = channels[0].indices.flatMap { index in channels.map { $0[index] } }
            func little(_ value: Int, _ count: Int) -> [UInt8] {
                (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
            }
            let data = frames.flatMap { little(Int($0), 2) }
            var bytes = Array("RIFF".utf8) + little(36 + data.count, 4) + Array("WAVEfmt ".utf8) + little(16, 4)
            bytes += little(1, 2) + little(channels.count, 2) + little(8_000, 4)
            bytes += little(16_000 * channels.count, 4) + little(2 * channels.count, 2) + little(16, 2)
            return bytes + Array("data".utf8) + little(data.count, 4) + data
        }
        let voice = [Int16](repeating: 8_000, count: 800)
        let silence = [Int16](repeating: 3, count: 800)
        #expect(try shortcomings(wav([voice, voice])).isEmpty)
        #expect(try shortcomings(wav([voice, silence])) == ["the agent's side of the recording is silent"])
        #expect(try shortcomings(wav([silence, voice])) == ["the callee's side of the recording is silent"])
        #expect(try shortcomings(wav([voice])) == ["the recording is not stereo"])
        #expect(try shortcomings([1, 2, 3]).first?.hasPrefix("the recording cannot be read: ") == true)
        #expect(
            summary { $0.recordingPath = folder + "/none.wav" }.shortcomings.first?
                .hasPrefix("the recording cannot be read: ") == true)
    }

    private func removeFolder(_ path: String) {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            Issue.record(error)
        }
    }

    @Test("a callee that did not come to its end is told with the reason")
    func callee() {
        #expect(
            summary(outcome: .failed("it was never called")).shortcomings.first
                == "the callee's script did not come to its end: it was never called")
    }

    @Test("the table has a line for each figure")
    func table() {
        let lines = summary().lines
        #expect(lines.contains("  outcome         completed, hung up by the agent"))
        #expect(lines.contains("  set-up          1.60 s from the dispatch to the answer, ringing included"))
        #expect(lines.contains("  duration        18.25 s"))
        #expect(
            lines.contains(
                "  latency a turn  480, 510 ms from the end of speech to the first packet, the offline recogniser included"
            ))
        #expect(lines.contains("  packets         900 sent, 898 received, 1 lost, jitter 1.25 ms"))
        #expect(lines.contains("  actions         look_up_availability, confirm_appointment, end_call"))
        #expect(lines.contains("  recording       -"))
    }
}

import AgentHost
import Audio
import Conversation
import MediaEngine
import SansIO
import TestCalls

/// What a demo call came to, and whether everything that it promises really happened.
struct DemoSummary {
    let report: CallReport
    let calleeOutcome: CalleeSession.Outcome
    let folder: String

    private static let actions = ["look_up_availability", "confirm_appointment", "end_call"]

    /// What did not happen; empty when all did.
    var shortcomings: [String] {
        var missing: [String] = []
        if case .failed(let why) = calleeOutcome {
            missing.append("the callee's script did not come to its end: \(why)")
        }
        if report.outcome.kind != .completed { missing.append("the call: \(report.outcome.message)") }
        if report.outcome.endedBy != .agent {
            missing.append("the agent did not hang up, \(report.outcome.endedBy.rawValue) did")
        }
        for name in DemoSummary.actions {
            let calls = report.actions.filter { $0.name == name }
            if calls.isEmpty {
                missing.append("\(name) was not called")
            } else if calls.contains(where: { $0.error != nil }) {
                missing.append("\(name) failed: \(calls.compactMap(\.error).joined(separator: "; "))")
            }
        }
        for name in ["look_up_availability", "confirm_appointment"]
        where !report.actions.contains(where: { $0.name == name && $0.output != nil }) {
            missing.append("\(name) did not return")
        }
        if report.transcriptPath == nil { missing.append("no transcript was written") }
        if report.eventLogPath == nil { missing.append("no event log was written") }
        if (report.statistics?.packetsSent ?? 0) == 0 { missing.append("no RTP went to the callee") }
        if report.interruptions.isEmpty { missing.append("nobody was interrupted") }
        if !report.transcript.contains(where: { $0.role == .user }) { missing.append("the model heard nothing") }
        if (report.statistics?.packetsReceived ?? 0) == 0 { missing.append("no RTP came from the callee") }
        missing += recordingShortcomings
        return missing
    }

    /// Whether the recording holds both voices.
    private var recordingShortcomings: [String] {
        guard let path = report.recordingPath else { return ["the call was not recorded"] }
        do {
            let file = try WAVFile(contentsOf: path)
            guard file.channelCount == 2 else { return ["the recording is not stereo"] }
            return zip([0, 1], ["callee", "agent"]).compactMap { channel, name in
                LevelMeter.peak(of: file.channel(channel)) < 1_000
                    ? "the \(name)'s side of the recording is silent" : nil
            }
        } catch {
            return ["the recording cannot be read: \(error)"]
        }
    }

    var json: JSON {
        let statistics = report.statistics
        return [
            "ok": .bool(shortcomings.isEmpty),
            "shortcomings": .array(shortcomings.map { .string($0) }),
            "call_id": .string(report.id),
            "agent": .string(report.agent),
            "script_version": .string(report.scriptVersion),
            "outcome": .string(report.outcome.kind.rawValue),
            "ended_by": .string(report.outcome.endedBy.rawValue),
            "message": .string(report.outcome.message),
            "setup_seconds": .number(report.setupTime?.seconds ?? 0),
            "duration_seconds": .number(report.outcome.duration.seconds),
            "turns": .integer(Int64(report.latencies.count)),
            "latency_ms": .array(report.latencies.map { .integer($0.toFirstPacket.milliseconds) }),
            "interruptions": .array(
                report.interruptions.map {
                    [
                        "heard": .string($0.heard), "unheard": .string($0.unheard),
                        "played_ms": .integer(Int64($0.playedMilliseconds)),
                    ]
                }),
            "actions": .array(
                report.actions.map {
                    [
                        "name": .string($0.name), "arguments": .string($0.arguments),
                        "result": $0.output.map { .string($0) } ?? .null,
                        "error": $0.error.map { .string($0) } ?? .null,
                    ]
                }),
            "transcript": .array(
                report.transcript.map { ["role": .string($0.role.rawValue), "text": .string($0.text)] }),
            "packets_sent": .integer(Int64(statistics?.packetsSent ?? 0)),
            "packets_received": .integer(Int64(statistics?.packetsReceived ?? 0)),
            "packets_lost": .integer(Int64(statistics?.packetsLost ?? 0)),
            "jitter_ms": .number(Double(statistics?.jitterMicroseconds ?? 0) / 1_000),
            "folder": .string(folder),
            "recording": report.recordingPath.map { .string($0) } ?? .null,
            "transcript_file": report.transcriptPath.map { .string($0) } ?? .null,
            "event_log": report.eventLogPath.map { .string($0) } ?? .null,
        ]
    }

    /// The table at the end, two columns.
    var lines: [String] {
        let statistics = report.statistics
        func seconds(_ duration: Duration?) -> String {
            guard let duration else { return "-" }
            let hundredths = duration.milliseconds / 10
            let fraction = hundredths % 100
            return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction) s"
        }
        let sent = statistics?.packetsSent ?? 0
        let received = statistics?.packetsReceived ?? 0
        let lost = statistics?.packetsLost ?? 0
        let jitter = Double((statistics?.jitterMicroseconds ?? 0) / 10) / 100
        var table = Table(header: ["", ""])
        table.rows = [
            ["outcome", "\(report.outcome.kind.rawValue), hung up by the \(report.outcome.endedBy.rawValue)"],
            ["set-up", "\(seconds(report.setupTime)) from the dispatch to the answer, ringing included"],
            ["duration", seconds(report.outcome.duration)],
            ["turns", "\(report.latencies.count)"],
            [
                "latency a turn",
                report.latencies.isEmpty
                    ? "-"
                    : report.latencies.map { "\($0.toFirstPacket.milliseconds)" }.joined(separator: ", ")
                        + " ms from the end of speech to the first packet, the offline recogniser included",
            ],
            ["interruptions", "\(report.interruptions.count)"],
            ["actions", report.actions.map(\.name).joined(separator: ", ")],
            ["packets", "\(sent) sent, \(received) received, \(lost) lost, jitter \(jitter) ms"],
            ["script", report.scriptVersion],
            ["recording", report.recordingPath ?? "-"],
            ["transcript", report.transcriptPath ?? "-"],
            ["event log", report.eventLogPath ?? "-"],
        ]
        return table.lines.dropFirst().map { "  " + $0 }
    }
}

import Conversation
public import SansIO

/// Results of tests as one JSON object, for programs. Times are seconds.
public enum JSONReport {
    public static func text(_ results: [TestResult], wallTime: Duration) -> String {
        json(results, wallTime: wallTime).text
    }

    public static func json(_ results: [TestResult], wallTime: Duration) -> JSON {
        [
            "tests": .array(results.map { json($0) }),
            "passed": .integer(Int64(results.count { $0.passed })),
            "failed": .integer(Int64(results.count { $0.hasFailed })),
            "skipped": .integer(Int64(results.count { $0.isSkipped })),
            "wall_time": seconds(wallTime),
        ]
    }

    /// One result; for output line by line, too.
    public static func json(_ result: TestResult) -> JSON {
        var object: JSON = [
            "name": .string(result.test.name), "file": .string(result.test.file),
            "line": .integer(Int64(result.test.line)), "passed": .bool(result.passed),
            // A number of 64 bits is more than programs in other languages read exactly.
            "seed": .string("\(result.seed)"),
            "call_time": seconds(result.callTime), "wall_time": seconds(result.wallTime),
        ]
        if let failure = result.failure { object["failure"] = json(failure) }
        if let reason = result.skipReason { object["skipped"] = .string(reason) }
        if let outcome = result.outcome {
            object["outcome"] = [
                "kind": .string(outcome.kind.rawValue), "reason": .string(outcome.reason),
                "message": .string(outcome.message), "ended_by": .string(outcome.endedBy.rawValue),
            ]
        }
        object["statistics"] = json(result.statistics)
        object["timeline"] = .array(
            result.timeline.map { entry in
                [
                    "at": seconds(entry.at), "actor": .string(entry.event.actor), "kind": .string(entry.event.kind),
                    "text": .string(entry.event.text),
                ]
            })
        if let recording = result.recording { object["recording"] = .string(recording) }
        if let eventLog = result.eventLog { object["event_log"] = .string(eventLog) }
        return object
    }

    private static func json(_ failure: TestFailure) -> JSON {
        var object: JSON = [
            "kind": .string(failure.kind.rawValue), "message": .string(failure.message), "file": .string(failure.file),
            "at": seconds(failure.at),
        ]
        if let line = failure.line { object["line"] = .integer(Int64(line)) }
        for (name, text) in [
            ("source", failure.source.last?.text.trimmed ?? ""), ("expected", failure.expected),
            ("nearest", failure.nearest),
            ("traceback", failure.traceback),
        ] where !text.isEmpty {
            object[name] = .string(text)
        }
        return object
    }

    private static func json(_ statistics: TestStatistics) -> JSON {
        var object: JSON = [
            "responses": .array(statistics.responses.map { seconds($0) }),
            "actions": .integer(Int64(statistics.actions)),
            "interruptions": .integer(Int64(statistics.interruptions)),
        ]
        for (name, value) in [
            ("response_p50", statistics.response(percentile: 0.5)),
            ("response_p95", statistics.response(percentile: 0.95)), ("first_word", statistics.firstWord),
        ] {
            if let value { object[name] = seconds(value) }
        }
        return object
    }

    /// Seconds to the millisecond.
    private static func seconds(_ duration: Duration) -> JSON {
        .number((Double(duration.nanoseconds) / 1e6).rounded() / 1_000)
    }
}

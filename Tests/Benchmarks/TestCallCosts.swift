import Glibc
import SansIO

/// What test calls cost: how long `moonline test` takes for a hundred conversations of half a minute, beside the time
/// that they last.
struct TestCallCosts {
    /// One way of playing them.
    struct Figure {
        let name: String
        let key: String
        /// Of `moonline test`, its start and the loading of all files included. [s]
        var wallSeconds = 0.0
        /// What the calls lasted on their own clocks, together. [s]
        var callSeconds = 0.0
        var calls = 0
        var failed = 0
        /// [s]
        var processorSeconds = 0.0
        /// What the wall time must stay below. [s]
        var aim: Double?

        var ratio: Double { callSeconds / max(wallSeconds, 1e-9) }
    }

    private(set) var figures: [Figure] = []

    /// Plays them all.
    ///
    /// - Parameters:
    ///   - moonline: The executable.
    ///   - tests: The test file.
    ///   - flow: The flow that they are for; personas are in the folder beside its own.
    ///   - folder: Where results may be written.
    ///   - isQuick: A tenth of the calls, and none in real time.
    static func measure(
        moonline: String, tests: String, flow: String, folder: String, isQuick: Bool
    ) throws(BenchmarkError) -> TestCallCosts {
        setenv("MOONLINE_SCRIPTS", flow.split(separator: "/").dropLast(2).reduce("") { $0 + "/" + $1 }, 1)
        // Those whose number begins with it: eleven of them, or all.
        let which = isQuick ? "9" : ""
        func play(
            _ name: String, _ key: String, _ filter: String, _ options: [String], aim: Double? = nil
        ) throws(BenchmarkError) -> Figure {
            var figure = Figure(name: name, key: key, aim: isQuick ? nil : aim)
            let before = ChildProcess.processorTimeOfEnded()
            let began = ContinuousClock.now
            let program = try ChildProcess(
                [moonline, "test", tests, "--filter", filter, "--json", "--results", folder + "/results"] + options)
            let report = try program.report()
            program.wait()
            figure.wallSeconds = (ContinuousClock.now - began).seconds
            figure.processorSeconds = ChildProcess.processorTimeOfEnded() - before
            for test in report["tests"]?.array ?? [] {
                figure.calls += 1
                figure.callSeconds += test["call_time"]?.number ?? 0
            }
            figure.failed = Int(report["failed"]?.integer ?? 0)
            return figure
        }
        var costs = TestCallCosts()
        costs.figures.append(
            try play("virtual time, scripted model", "virtual", "told [\(which)", ["--virtual"], aim: 10))
        costs.figures.append(
            try play("virtual time, persona, told the words", "virtual_persona", "heard [\(which)", ["--virtual"]))
        costs.figures.append(
            try play(
                "virtual time, persona, recognised", "virtual_recognized", "heard [\(which)",
                ["--virtual", "--recognize"]))
        if !isQuick {
            costs.figures.append(
                try play("over the wire, 25 at a time", "wire", "told [", ["--jobs", "25"]))
        }
        return costs
    }

    var text: String {
        """
        Test calls of about half a minute (`moonline test`; "!" marks a missed aim)
        \(Text.table([["", "calls", "failed", "calls' time s", "wall s", "cpu s", "times real time", "aim s"]] + figures.map(row)))
        """
    }

    private func row(_ figure: Figure) -> [String] {
        let isMissed = figure.failed > 0 || figure.aim.map { figure.wallSeconds >= $0 } ?? false
        return [
            figure.name, "\(figure.calls)", "\(figure.failed)", Text.decimal(figure.callSeconds, 0),
            Text.decimal(figure.wallSeconds, 2) + (isMissed ? " !" : "  "), Text.decimal(figure.processorSeconds, 2),
            Text.decimal(figure.ratio, 1), figure.aim.map { "< " + Text.decimal($0, 0) } ?? "",
        ]
    }

    var json: JSON {
        .object(
            JSONObject(
                members: figures.map { figure in
                    (
                        figure.key,
                        [
                            "calls": .integer(Int64(figure.calls)), "failed": .integer(Int64(figure.failed)),
                            "call_seconds": .number(figure.callSeconds), "wall_seconds": .number(figure.wallSeconds),
                            "cpu_seconds": .number(figure.processorSeconds), "ratio": .number(figure.ratio),
                        ] as JSON
                    )
                }))
    }
}

import SansIO

/// All figures of one invocation.
struct Report {
    var machine: String
    var cores: Int
    var seconds: Int
    var isPinned: Bool
    var runs: [Run]
    var mediaPath: MediaPath
    var scripts: ScriptCosts
    var testCalls: TestCallCosts
    var pipeline: PipelineCosts

    /// Of the same load, by our engine and by the baseline.
    private struct Pair {
        let ours: Run
        let baseline: Run
        var calls: String { "\(ours.calls)" }
        var socket: String { ours.transport.rawValue }
        var ratio: Double { ours.processorSeconds / max(baseline.processorSeconds, 1e-9) }
    }

    private var pairs: [Pair] {
        runs.filter { $0.subject == .moonline }.compactMap { ours in
            runs.first { $0.subject == .baseline && $0.transport == ours.transport && $0.calls == ours.calls }
                .map { Pair(ours: ours, baseline: $0) }
        }
    }

    /// Memory that each further call takes, from the smallest number of calls to the largest. [byte]
    private func memoryPerCall(_ transport: Run.Transport) -> Double? {
        let runs = runs.filter { $0.subject == .moonline && $0.transport == transport }
        guard let few = runs.min(by: { $0.calls < $1.calls }), let many = runs.max(by: { $0.calls < $1.calls }),
            let least = few.own["resident_bytes"]?.integer, let most = many.own["resident_bytes"]?.integer
        else { return nil }
        let further = many.calls - few.calls
        return further > 0 ? Double(most - least) / Double(further) : Double(most) / Double(many.calls)
    }

    var json: JSON {
        var memory: JSONObject = [:]
        for transport in Run.Transport.allCases {
            if let bytes = memoryPerCall(transport) { memory[transport.rawValue] = .number(bytes) }
        }
        return [
            "machine": .string(machine), "cores": .integer(Int64(cores)), "seconds": .integer(Int64(seconds)),
            "pinned": .bool(isPinned), "media_path": mediaPath.json, "scripts": scripts.json,
            "test_calls": testCalls.json, "pipeline": pipeline.json,
            "bytes_per_call": .object(memory),
            "ratios": .array(
                pairs.map { pair in
                    [
                        "calls": .integer(Int64(pair.ours.calls)), "socket": .string(pair.socket),
                        "cpu": .number(pair.ratio),
                        "up_p99": .number(pair.ours.up.p99 / max(pair.baseline.up.p99, 1)),
                        "down_p99": .number(pair.ours.down.p99 / max(pair.baseline.down.p99, 1)),
                        "tick_lateness_p99": .number(pair.ours.ticks.p99 / max(pair.baseline.ticks.p99, 1)),
                    ]
                }),
            "runs": .array(runs.map(\.json)),
        ]
    }

    static func text(of scripts: ScriptCosts) -> String {
        """
        Scripts (plain Lua: the same work by lua5.4, without sandbox, budgets and checks; "!" marks a missed aim)
        \(Text.table(scripts.rows))
        """
    }

    var text: String {
        let place =
            isPinned
            ? "what is measured on core 0, its load (callers and model) on core 1"
            : "what is measured and its load share the core(s)"
        return """
            \(machine), \(cores) core(s); \(place); \(seconds) s a run, G.711, 20 ms.
            "baseline" is a plain C program with the same system calls under the same load; "!" marks a missed aim.

            Processor time per call, of one core (aim: at most 1.5 times the baseline)
            \(Text.table([["calls", "socket", "moonline %", "baseline %", "ratio", "all calls %", "packets/s up", "down"]]
                + pairs.map(processorRow)))
            (full: one core cannot carry so many; what it did not get to do is missing from its cost)
            \(threadsText)

            Latency from outside [ms]: up from sendto to the WebSocket message (aim: p99 under 1), down from the
            frame with a reply's first audio to its packet (aim: at most a tick, 20), baseline in brackets
            \(Text.table([["calls", "socket", "up p50", "p99", "p99.9", "down p50", "p99"]] + pairs.map(latencyRow)))

            Tick lateness [ms] (aim at 200 calls: p99 under 2), baseline in brackets
            \(Text.table([["calls", "socket", "p50", "p99", "p99.9"]] + pairs.map(tickRow)))

            Barge-in [ms]: to the last packet with the agent's audio, from the decision (inside; aim: at most a tick) and
            from the model's speech_started frame (outside, baseline in brackets)
            \(Text.table([["calls", "socket", "number", "inside p50", "p99", "outside p50", "p99"]] + pairs.map(bargeInRow)))

            Memory and allocations
            \(memoryText)
            \(Self.text(of: scripts))

            \(testCalls.text)
            \(doubtsText)

            \(pipeline.text)
            """
    }

    /// Which threads of ours the processor time went to, at the largest number of calls that one core carries.
    private var threadsText: String {
        Run.Transport.allCases.compactMap { transport in
            let runs = runs.filter { $0.subject == .moonline && $0.transport == transport && !$0.isSaturated }
            guard let run = runs.max(by: { $0.calls < $1.calls }), let times = run.own["thread_seconds"]?.object else {
                return nil
            }
            let shares = times.members.map { member in
                member.key + " " + Text.decimal(100 * (member.value.number ?? 0) / max(run.processorSeconds, 1e-9), 0)
                    + " %"
            }
            return "Its threads at \(run.calls) calls, \(transport.rawValue): " + shares.joined(separator: ", ")
        }.joined(separator: "\n")
    }

    private func mark(_ text: String, _ isMissed: Bool) -> String { isMissed ? text + " !" : text + "  " }

    private func processorRow(_ pair: Pair) -> [String] {
        [
            pair.calls, pair.socket, Text.decimal(pair.ours.percentPerCall, 3),
            Text.decimal(pair.baseline.percentPerCall, 3),
            pair.ours.isSaturated ? "full !" : mark(Text.decimal(pair.ratio, 2), pair.ratio > 1.5),
            Text.decimal(pair.ours.percent, 1), Text.decimal(pair.ours.packetsPerSecondUp, 0),
            Text.decimal(pair.ours.packetsPerSecondDown, 0),
        ]
    }

    private func beside(_ ours: Double, _ baseline: Double) -> String {
        "\(Text.milliseconds(ours)) (\(Text.milliseconds(baseline)))"
    }

    private func latencyRow(_ pair: Pair) -> [String] {
        let (ours, base) = (pair.ours, pair.baseline)
        return [
            pair.calls, pair.socket, beside(ours.up.p50, base.up.p50),
            mark(beside(ours.up.p99, base.up.p99), ours.up.p99 >= 1_000), beside(ours.up.p999, base.up.p999),
            beside(ours.down.p50, base.down.p50), mark(beside(ours.down.p99, base.down.p99), ours.down.p99 > 21_000),
        ]
    }

    private func tickRow(_ pair: Pair) -> [String] {
        let (ours, base) = (pair.ours.ticks, pair.baseline.ticks)
        return [
            pair.calls, pair.socket, beside(ours.p50, base.p50), mark(beside(ours.p99, base.p99), ours.p99 >= 2_000),
            beside(ours.p999, base.p999),
        ]
    }

    private func bargeInRow(_ pair: Pair) -> [String] {
        let inside = Quantiles(json: pair.ours.own["flush_to_last_packet_us"])
        let (ours, base) = (pair.ours.bargeIn, pair.baseline.bargeIn)
        return [
            pair.calls, pair.socket, "\(ours.count)", Text.milliseconds(inside.p50),
            mark(Text.milliseconds(inside.p99), inside.p99 > 24_576), beside(ours.p50, base.p50),
            beside(ours.p99, base.p99),
        ]
    }

    private var memoryText: String {
        var lines = [
            "  allocations per packet on the media path: "
                + Text.decimal(Double(mediaPath.allocations) / Double(max(1, 2 * mediaPath.packets)), 4)
                + " (\(mediaPath.allocations) in \(mediaPath.packets) packets each way, with loss, reordering, flushes)",
            "  computation of one packet in and one out, without system calls: "
                + Text.decimal(mediaPath.nanosecondsPerTick, 0) + " ns",
        ]
        for transport in Run.Transport.allCases {
            guard let bytes = memoryPerCall(transport) else { continue }
            lines.append(
                "  resident memory of a further call, \(transport.rawValue): \(Text.decimal(bytes / 1_024, 0)) KB")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private var doubtsText: String {
        let lines = runs.flatMap { run in
            run.doubts.map { "  \(run.subject.rawValue), \(run.calls) calls, \(run.transport.rawValue): \($0)" }
        }
        guard !lines.isEmpty else { return "\nNothing was saturated or lost in any run." }
        return "\nWhat makes figures doubtful\n" + lines.joined(separator: "\n")
    }
}

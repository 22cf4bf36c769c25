import Glibc
import SansIO

/// One measured run: a number of calls of one process, under the load that all have.
struct Run {
    enum Subject: String { case moonline, baseline }
    enum Transport: String, CaseIterable { case plain, tls }

    let subject: Subject
    let transport: Transport
    let calls: Int
    /// Whether it had one core, and nothing else did there.
    let isPinned: Bool
    /// Time between begin and end, as measured here. [s]
    let seconds: Double
    /// Of the subject between begin and end. [s]
    let processorSeconds: Double
    /// Share of all cores that the hypervisor gave to others meanwhile, 0…1.
    let stolen: Double
    /// What the load saw.
    let load: JSON
    /// What the subject says of itself.
    let own: JSON

    /// Share of one core that a call takes. [%]
    var percentPerCall: Double { 100 * processorSeconds / seconds / Double(calls) }
    /// Share of one core that all calls take. [%]
    var percent: Double { 100 * processorSeconds / seconds }
    var up: Quantiles { Quantiles(json: load["up_us"]) }
    var down: Quantiles { Quantiles(json: load["down_us"]) }
    var bargeIn: Quantiles { Quantiles(json: load["barge_in_us"]) }
    var ticks: Quantiles { Quantiles(json: own["tick_lateness_us"]) }
    var sendLateness: Quantiles { Quantiles(json: load["send_lateness_us"]) }
    var packetsPerSecondUp: Double { Double(count("up_blocks")) / seconds }
    var packetsPerSecondDown: Double { Double(count("packets_received")) / seconds }

    private func count(_ name: String) -> Int64 { load[name]?.integer ?? 0 }

    /// Whether one core was not enough: work was left, and what was done came in large lots.
    var isSaturated: Bool { isPinned && percent > 90 }

    /// What makes the figures doubtful, in words; empty when nothing does.
    var doubts: [String] {
        var doubts: [String] = []
        let expected = Double(calls) * seconds * 50
        let up = 1 - Double(count("up_blocks")) / max(1, Double(count("packets_sent")))
        let down = 1 - Double(count("packets_received")) / expected
        if up > 0.002 { doubts.append("\(Text.decimal(100 * up, 1)) % of packets did not come up") }
        if down > 0.01 { doubts.append("\(Text.decimal(100 * down, 1)) % of packets were not sent") }
        if isSaturated { doubts.append("its core was saturated") }
        if stolen > 0.01 { doubts.append("the hypervisor took \(Text.decimal(100 * stolen, 1)) % of the cores' time") }
        if let share = load["cpu_share"]?.number, share > 0.9 { doubts.append("the load's core was saturated") }
        if sendLateness.p99 > 2_000 {
            doubts.append("the load itself was \(Text.decimal(sendLateness.p99 / 1_000, 1)) ms late at p99")
        }
        for (name, words) in [
            ("misplaced_blocks", "packets of audio out of place"), ("broken_connections", "connections broken"),
            ("unheard_interruptions", "interruptions of silence"),
        ] where count(name) > 0 {
            doubts.append("\(count(name)) \(words)")
        }
        for (name, words) in [
            ("ended_calls", "calls ended by themselves"), ("faults", "faults"), ("ticks_skipped", "ticks skipped"),
            ("refused_sends", "sends refused"), ("bytes_overflowed", "bytes overflowed on the way up"),
        ] {
            if let number = own[name]?.integer, number > 0 { doubts.append("\(number) \(words)") }
        }
        return doubts
    }

    var json: JSON {
        [
            "subject": .string(subject.rawValue), "socket": .string(transport.rawValue),
            "calls": .integer(Int64(calls)),
            "seconds": .number(seconds), "cpu_seconds": .number(processorSeconds),
            "cpu_percent_per_call": .number(percentPerCall), "stolen": .number(stolen), "saturated": .bool(isSaturated),
            "doubts": .array(doubts.map { .string($0) }), "load": load,
            "own": own,
        ]
    }
}

/// Starts load and subject, and takes the subject's processor time between the marks of the load.
struct Bench {
    /// Folder of `load`, `baseline`, `cert.pem` and `key.pem`.
    let tools: String
    /// This program.
    let program: String
    let seconds: Int
    /// Whether there are two cores to tell subject and load apart.
    let isPinned: Bool

    func run(_ subject: Run.Subject, _ transport: Run.Transport, calls: Int) throws(BenchmarkError) -> Run {
        let key = ["--certificate", tools + "/cert.pem", "--key", tools + "/key.pem"]
        let load = try ChildProcess(
            on(core: 1)
                + [
                    tools + "/load", "--calls", "\(calls)", "--seconds", "\(seconds)",
                ] + (transport == .tls ? key : []) + (isPinned ? ["--realtime"] : []))
        let ports = load.line()?.split(separator: " ").dropFirst().compactMap { Int($0) } ?? []
        guard ports.count == 2 else { throw BenchmarkError("the load did not start") }
        let measured = try ChildProcess(
            on(core: 0) + command(subject, transport, calls: calls, modelPort: ports[0], peerPort: ports[1]))
        var begin: (time: Double, processor: Double, stolen: Double)?
        var end: (time: Double, processor: Double, stolen: Double)?
        while end == nil {
            guard let line = load.line() else {
                throw BenchmarkError("the load ended early (\(subject), \(calls) calls)")
            }
            if line == "begin" { begin = (Bench.now(), try measured.processorTime(), Bench.stolenSeconds()) }
            if line == "end" { end = (Bench.now(), try measured.processorTime(), Bench.stolenSeconds()) }
            measured.write(line)
        }
        let seen = try load.report()
        let own = try measured.report()
        load.wait()
        guard let begin, let end else { throw BenchmarkError("the load gave no marks") }
        return Run(
            subject: subject, transport: transport, calls: calls, isPinned: isPinned, seconds: end.time - begin.time,
            processorSeconds: end.processor - begin.processor,
            stolen: (end.stolen - begin.stolen) / (end.time - begin.time)
                / Double(sysconf(Int32(_SC_NPROCESSORS_ONLN))), load: seen, own: own)
    }

    func on(core: Int) -> [String] { isPinned ? ["taskset", "-c", "\(core)"] : [] }

    private func command(
        _ subject: Run.Subject, _ transport: Run.Transport, calls: Int, modelPort: Int, peerPort: Int
    ) -> [String] {
        switch subject {
        case .baseline:
            [tools + "/baseline", "--calls", "\(calls)", "--model-port", "\(modelPort)", "--rtp-port", "16384"]
                + (transport == .tls ? ["--tls"] : [])
        case .moonline:
            [
                program, "host", "--calls", "\(calls)", "--peer-base", "\(peerPort)", "--model",
                (transport == .tls ? "https" : "http") + "://127.0.0.1:\(modelPort)/v1",
            ] + (transport == .tls ? ["--certificate", tools + "/cert.pem"] : [])
        }
    }

    /// What the hypervisor gave to others since the start, of all cores (`proc(5)`, /proc/stat). [s]
    static func stolenSeconds() -> Double {
        let fields = ThreadTimes.firstLine(of: "/proc/stat")?.split(separator: " ") ?? []
        return fields.count > 8 ? (Double(fields[8]) ?? 0) / Double(sysconf(Int32(_SC_CLK_TCK))) : 0
    }

    /// What a core has worked since the start (`proc(5)`, /proc/stat). [s]
    static func busySeconds(ofCore core: Int) -> Double {
        let fields = ThreadTimes.line(core + 1, of: "/proc/stat")?.split(separator: " ") ?? []
        guard fields.count > 7 else { return 0 }
        // User, nice, system; irq, softirq.
        let ticks = [1, 2, 3, 6, 7].reduce(0) { $0 + (Double(fields[$1]) ?? 0) }
        return ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

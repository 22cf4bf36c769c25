import Glibc
import MediaEngine
import SansIO
import Synchronization

/// The process that is measured: our media engine, our connection to the model, and N calls between them.
///
/// Reads `begin` and `end` on standard input, as the C baseline does, and prints one JSON object for the time between.
struct Host {
    let calls: Int
    let modelURL: String
    let certificate: String?
    /// The load's first RTP port; call number n is at this + 2·n.
    let firstPeerPort: UInt16

    private struct Snapshot {
        var lateness: LatencyHistogram
        var upward: LatencyHistogram
        var flushes: LatencyHistogram
        var threads = ThreadTimes.now()

        init(_ engine: MediaEngine, _ figures: HostFigures) {
            lateness = engine.tickLateness
            upward = engine.upwardLatency
            flushes = figures.flushes.withLock { $0 }
        }
    }

    func run() throws {
        Host.raiseDescriptorLimit()
        let before = Host.residentBytes()
        var configuration = MediaEngine.Configuration()
        configuration.bindAddress = "127.0.0.1"
        configuration.ports = 16_384...20_479
        let engine = try MediaEngine(configuration)
        let figures = HostFigures()
        var streams: [MediaStream] = []
        for number in 0..<calls {
            var call = try HostCall(
                number: number, engine: engine,
                remote: TransportAddress(host: "127.0.0.1", port: firstPeerPort + UInt16(2 * number)),
                modelURL: modelURL, certificate: certificate, figures: figures)
            streams.append(call.media)
            Task { await call.run() }
        }
        var begin = Snapshot(engine, figures)
        while let line = readLine() {
            if line == "begin" { begin = Snapshot(engine, figures) }
            if line == "end" { break }
        }
        let end = Snapshot(engine, figures)
        let memory = Host.residentBytes() - before
        let statistics = streams.map { $0.statistics() }
        let threads = end.threads.since(begin.threads).map { ($0.kind, JSON.number($0.seconds)) }
        let report: JSON = [
            "thread_seconds": .object(JSONObject(members: threads)),
            "bytes_per_call": .integer(Int64(memory / calls)),
            "resident_bytes": .integer(Int64(memory)),
            "tick_lateness_us": Quantiles(end.lateness, since: begin.lateness).json,
            "read_to_pump_us": Quantiles(end.upward, since: begin.upward).json,
            "flush_to_last_packet_us": Quantiles(end.flushes, since: begin.flushes).json,
            "packets_lost": .integer(Int64(statistics.reduce(0) { $0 + $1.packetsLost })),
            "packets_late": .integer(Int64(statistics.reduce(0) { $0 + $1.packetsLate })),
            "bytes_overflowed": .integer(Int64(statistics.reduce(0) { $0 + $1.bytesOverflowed })),
            "ticks_skipped": .integer(Int64(statistics.reduce(0) { $0 + $1.ticksSkipped })),
            "refused_sends": .integer(Int64(statistics.reduce(0) { $0 + $1.sendFailures })),
            "faults": .integer(Int64(figures.faults.load(ordering: .relaxed))),
            "ended_calls": .integer(Int64(figures.endedCalls.load(ordering: .relaxed))),
        ]
        print(report.text)
    }

    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// Memory of this process that is in use; 0 when the system does not tell.
    static func residentBytes() -> Int {
        let fields = ThreadTimes.firstLine(of: "/proc/self/statm")?.split(separator: " ") ?? []
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE)) : 0
    }
}

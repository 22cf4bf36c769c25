import Conversation
import Glibc
import MediaEngine
import Net
import SansIO
import Synchronization
import VoiceAgent

/// The process that is measured: our media engine, our connections to the model, and N calls between them.
///
/// Reads `begin` and `end` on standard input, as the C baseline does, and prints one JSON object for the time between.
struct Host {
    let calls: Int
    let isPipeline: Bool
    /// Whether to note each turn's moments, and to wait for `quiet` before the report.
    let notesTurns: Bool
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
        let client = try HTTPClient(options: .pipelines(calls: calls))
        var streams: [MediaStream] = []
        var requests: [@Sendable () -> Int] = []
        for number in 0..<calls {
            var call = try HostCall(
                number: number, engine: engine,
                remote: TransportAddress(host: "127.0.0.1", port: firstPeerPort + UInt16(2 * number)),
                mode: isPipeline ? .pipeline(client) : .realtime, modelURL: modelURL, certificate: certificate,
                figures: figures)
            streams.append(call.media)
            requests.append(call.openRequests)
            Task { await call.run() }
        }
        var begin = Snapshot(engine, figures)
        var end = begin
        var memory = 0
        var opened = 0
        var threadCount = 0
        while let line = readLine() {
            if line == "begin" {
                begin = Snapshot(engine, figures)
                opened = client.counts.connectionsOpened
            } else if line == "end" {
                end = Snapshot(engine, figures)
                memory = Host.residentBytes() - before
                opened = client.counts.connectionsOpened - opened
                threadCount = ThreadTimes.count()
                if !notesTurns { break }
            } else if line == "quiet" {
                break
            }
        }
        let statistics = streams.map { $0.statistics() }
        let threads = end.threads.since(begin.threads).map { ($0.kind, JSON.number($0.seconds)) }
        var report: JSONObject = [
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
            "threads": .integer(Int64(threadCount)),
        ]
        if notesTurns {
            let moments = figures.moments.withLock { $0 }
            report["open_requests"] = .integer(Int64(requests.reduce(0) { $0 + $1() }))
            report["open_transfers"] = .integer(Int64(client.counts.openTransfers))
            report["connections_opened"] = .integer(Int64(opened))
            report["call_record_ms"] = Host.waterfall(moments.latencies)
            report["moments"] = moments.json
        }
        print(JSON.object(report).text)
    }

    /// Medians of the turns' latencies as the call records have them, from the end of the caller's speech. [ms]
    private static func waterfall(_ latencies: [TurnLatency]) -> JSON {
        let steps: [(name: String, path: KeyPath<TurnLatency, Duration?>)] = [
            ("transcript", \.toTranscript), ("first_token", \.toFirstToken), ("first_sentence", \.toFirstSentence),
            ("first_audio", \.audio), ("first_packet", \.packet),
        ]
        return .object(
            JSONObject(
                members: steps.map { step in
                    let values = latencies.compactMap { $0[keyPath: step.path].map { $0.seconds * 1e6 } }
                    return (step.name, .number(Quantiles(of: values).p50 / 1_000))
                }))
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

extension TurnLatency {
    fileprivate var audio: Duration? { toFirstAudio }
    fileprivate var packet: Duration? { toFirstPacket }
}

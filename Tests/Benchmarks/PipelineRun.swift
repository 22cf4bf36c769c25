import Audio
import Glibc
import SansIO
import Speech

/// One measured run of calls that converse.
struct PipelineRun {
    enum Subject: Hashable {
        case pipeline, realtime
        /// libcurl, connections warm.
        case byHand
        /// `curl`, started three times a turn.
        case commands

        var name: String {
            switch self {
            case .pipeline: "pipeline"
            case .realtime: "realtime"
            case .byHand: "by_hand"
            case .commands: "commands"
            }
        }
    }

    let subject: Subject
    let calls: Int
    /// [s]
    let seconds: Double
    /// Of the subject, without programs that it starts. [s]
    let processorSeconds: Double
    /// Share of all cores that the hypervisor gave to others meanwhile, 0…1.
    let stolen: Double
    /// Share of the subject's core that other programs of this machine took, 0…1; `nil` where it has none of its own.
    let disturbance: Double?
    let load: JSON
    let own: JSON
    let turns: [PipelineTurn]

    /// Share of one core that a call takes. [%]
    var percentPerCall: Double { 100 * processorSeconds / seconds / Double(calls) }
    var turnsPerSecond: Double { Double(turns.count) / seconds }

    func seen(_ name: String) -> Int { Int(load[name]?.integer ?? 0) }
    func noted(_ name: String) -> Int { Int(own[name]?.integer ?? 0) }

    /// Requests that ended because of an interruption: nobody wanted their answer any more.
    var cancelled: Int { turns.reduce(0) { $0 + $1.cancelled } }
    /// Requests that were still open: behind the reply that followed them, and when all was quiet.
    var leftOpen: Int {
        seen("left_open") + seen("open_at_end") + noted("open_requests") + noted("open_transfers")
    }

    func quantiles(_ wait: KeyPath<PipelineTurn, Double?>) -> Quantiles {
        Quantiles(of: turns.compactMap { $0[keyPath: wait].map { $0 * 1_000 } })
    }

    /// What makes the figures doubtful, in words.
    var doubts: [String] {
        var doubts: [String] = []
        let lateness = Quantiles(json: load["send_lateness_us"])
        if lateness.p99 > 2_000 {
            doubts.append("the load itself was \(Text.decimal(lateness.p99 / 1_000, 1)) ms late at p99")
        }
        if stolen > 0.01 { doubts.append("the hypervisor took \(Text.decimal(100 * stolen, 1)) % of the cores' time") }
        if let disturbance, disturbance > 0.05 {
            doubts.append("other programs took \(Text.decimal(100 * disturbance, 0)) % of its core")
        }
        if let share = load["cpu_share"]?.number, share > 0.9 { doubts.append("the load's core was saturated") }
        for (name, words) in [
            ("unanswered_turns", "turns without an answer"), ("broken_connections", "connections broken"),
            ("refused_requests", "requests that nobody expects"),
        ] where seen(name) > 0 {
            doubts.append("\(seen(name)) \(words)")
        }
        for (name, words) in [
            ("ended_calls", "calls ended by themselves"), ("faults", "faults"), ("ticks_skipped", "ticks skipped"),
        ] where noted(name) > 0 {
            doubts.append("\(noted(name)) \(words)")
        }
        return doubts
    }

    private static var waits: [(name: String, path: KeyPath<PipelineTurn, Double?>)] {
        [
            ("own_to_audio_us", \.ownToAudio), ("own_to_audio_behind_cut_us", \.ownToAudioBehindCut),
            ("own_to_packet_us", \.ownToPacket),
            ("to_transcription_us", \.toTranscription), ("to_generation_us", \.toGeneration),
            ("to_speech_us", \.toSpeech), ("to_audio_us", \.toAudio), ("to_packet_us", \.toPacket),
            ("voice_end_to_decision_us", \.toDecision), ("voice_end_to_packet_us", \.silence),
            ("voice_to_silence_us", \.voiceToSilence), ("decision_to_silence_us", \.decisionToSilence),
            ("decision_to_cancelled_us", \.decisionToCancelled),
        ]
    }

    var json: JSON {
        var load = load.object ?? [:]
        load["turns"] = JSON?.none
        var own = own.object ?? [:]
        own["turns"] = JSON?.none
        own["moments"] = JSON?.none
        var object: JSONObject = [
            "subject": .string(subject.name), "calls": .integer(Int64(calls)), "seconds": .number(seconds),
            "turns": .integer(Int64(turns.count)), "cpu_seconds": .number(processorSeconds),
            "cpu_percent_per_call": .number(percentPerCall), "cancelled_requests": .integer(Int64(cancelled)),
            "requests_left_open": .integer(Int64(leftOpen)), "doubts": .array(doubts.map { .string($0) }),
        ]
        for wait in Self.waits {
            let quantiles = quantiles(wait.path)
            if quantiles.count > 0 { object[wait.name] = quantiles.json }
        }
        object["load"] = .object(load)
        object["own"] = .object(own)
        return .object(object)
    }
}

/// What the callers of a benchmark say.
struct CallerPhrase {
    /// µ-law without header, for those who speak.
    let audio: String
    /// WAV, for who writes it down by hand.
    let wave: String

    /// - Parameter folder: Where the files are written.
    init(folder: String) throws {
        var samples = try SpeechSynthesizer().synthesize("On Tuesday?", sampleRate: G711.sampleRate).samples
        func isSilent(_ sample: Int16) -> Bool { abs(Int(sample)) < 500 }
        samples = Array(samples.drop(while: isSilent).reversed().drop(while: isSilent).reversed())
        audio = folder + "/caller.ulaw"
        wave = folder + "/caller.wav"
        let packets = (samples.count + 159) / 160
        try Self.write(
            G711.encode(samples + Array(repeating: 0, count: packets * 160 - samples.count), .mu), to: audio)
        // As a segment of ours: what stands before the voice belongs to it.
        let padding = [Int16](repeating: 0, count: G711.sampleRate * 3 / 10)
        try Self.write(WAVFile(sampleRate: G711.sampleRate, samples: padding + samples).bytes, to: wave)
    }

    private static func write(_ bytes: [UInt8], to path: String) throws(BenchmarkError) {
        guard let file = fopen(path, "w") else { throw BenchmarkError("cannot write \(path)") }
        let written = fwrite(bytes, 1, bytes.count, file)
        guard fclose(file) == 0, written == bytes.count else { throw BenchmarkError("cannot write \(path)") }
    }
}

extension Bench {
    /// Lets calls converse.
    func converse(
        _ subject: PipelineRun.Subject, calls: Int, phrase: CallerPhrase
    ) throws(BenchmarkError) -> PipelineRun {
        let isByHand = subject == .byHand || subject == .commands
        let load = try ChildProcess(
            on(core: 1)
                + [
                    tools + "/stages", "--calls", "\(calls)", "--seconds", "\(seconds)", "--caller", phrase.audio,
                    "--mode", isByHand ? "by-hand" : subject.name,
                ] + (isPinned ? ["--realtime"] : []))
        let ports = load.line()?.split(separator: " ").dropFirst().compactMap { Int($0) } ?? []
        guard ports.count == 2 else { throw BenchmarkError("the load did not start") }
        let url = "http://127.0.0.1:\(ports[0])/v1"
        let command =
            isByHand
            ? [
                tools + "/by_hand", "--calls", "\(calls)", "--port", "\(ports[0])", "--wave", phrase.wave, "--period",
                "\(subject == .commands ? 1_000 : Self.turnMilliseconds)",
            ] + (subject == .commands ? ["--commands"] : [])
            : [
                program, "host", "--calls", "\(calls)", "--peer-base", "\(ports[1])", "--model", url, "--mode",
                subject.name, "--turns",
            ]
        let measured = try ChildProcess(Self.first + on(core: 0) + command)
        func mark() throws(BenchmarkError) -> Mark {
            Mark(
                time: Bench.now(), processor: try measured.processorTime(), stolen: Bench.stolenSeconds(),
                core: Bench.busySeconds(ofCore: 0))
        }
        var begin: Mark?
        var end: Mark?
        while let line = load.line() {
            if line == "begin" { begin = try mark() }
            if line == "end" { end = try mark() }
            measured.write(line)
            if line == "quiet" { break }
        }
        let seen = try load.report()
        let own = try measured.report()
        load.wait()
        measured.wait()
        guard let begin, let end else {
            throw BenchmarkError("the load ended early (\(subject.name), \(calls) calls)")
        }
        let moments = TurnMoments(json: own["moments"])
        let made = own["turns"]?.array ?? []
        let turns = (seen["turns"]?.array ?? []).compactMap { turn in
            isByHand ? PipelineTurn(turn, byHand: made) : PipelineTurn(turn, moments)
        }
        let seconds = end.time - begin.time
        let processor = end.processor - begin.processor
        return PipelineRun(
            subject: subject, calls: calls, seconds: seconds, processorSeconds: processor,
            stolen: (end.stolen - begin.stolen) / seconds / Double(sysconf(Int32(_SC_NPROCESSORS_ONLN))),
            // What curl's processes take is not the subject's, but no disturbance either.
            disturbance: isPinned && subject != .commands ? (end.core - begin.core - processor) / seconds : nil,
            load: seen, own: own, turns: turns)
    }

    /// Runs a command before the machine's other work, which its load does too, where that is allowed: Linux weighs
    /// sessions first (`sched(7)`, autogroup), then threads. Real-time priority would put all its threads on a par with the
    /// media thread.
    private static var first: [String] {
        guard geteuid() == 0 else { return [] }
        return [
            "setsid", "sh", "-c", "echo -20 >/proc/self/autogroup; exec nice -n -15 \"$@\"", "sh",
        ]
    }

    /// A moment, and what was used up to it. [s]
    private struct Mark {
        let time: Double
        let processor: Double
        let stolen: Double
        let core: Double
    }

    /// How often a turn is made by hand: about as often as a call takes one.
    private static let turnMilliseconds = 2_500
}

import Conversation
import SansIO

/// What pipeline mode costs: the host's own share of a turn beside the same turn made by hand, calls that converse beside
/// the same in realtime mode, and an interruption.
struct PipelineCosts {
    private(set) var runs: [PipelineRun] = []
    let seconds: Int

    /// Of a turn, to the first packet of the reply: a tick and something. p99 [ms]
    static let ownShareAim = 30.0
    /// Without the tick, beside the program made by hand. p50
    static let ownShareRatioAim = 3.0
    /// Processor time beside realtime mode.
    static let processorAim = 2.0
    /// From the decision to be silent to the last packet: a tick. p99 [ms]
    static let silenceAim = 21.0

    /// How many runs ``measure(_:calls:progress:)`` makes.
    static func steps(calls: [Int]) -> Int { 3 * calls.count + 1 }

    /// Lets calls converse.
    ///
    /// - Parameter calls: At a time, one number a run.
    static func measure(_ bench: Bench, calls: [Int], progress: (String) -> Void) throws -> PipelineCosts {
        let phrase = try CallerPhrase(folder: bench.tools)
        var costs = PipelineCosts(seconds: bench.seconds)
        progress("a turn by hand, curl started for each request")
        costs.runs.append(try bench.converse(.commands, calls: 1, phrase: phrase))
        for number in calls {
            let words = "\(number) call\(number == 1 ? "" : "s") that converse"
            progress("\(words), turns by hand with libcurl")
            costs.runs.append(try bench.converse(.byHand, calls: number, phrase: phrase))
            progress("\(words), pipeline")
            costs.runs.append(try bench.converse(.pipeline, calls: number, phrase: phrase))
            progress("\(words), realtime")
            costs.runs.append(try bench.converse(.realtime, calls: number, phrase: phrase))
        }
        return costs
    }

    private init(seconds: Int) { self.seconds = seconds }

    /// Runs of the same number of calls.
    private struct Group {
        let pipeline: PipelineRun
        let realtime: PipelineRun
        let byHand: PipelineRun

        var processorRatio: Double { pipeline.percentPerCall / max(realtime.percentPerCall, 1e-9) }

        func ratio(_ value: KeyPath<Quantiles, Double>) -> Double {
            pipeline.quantiles(\.ownToAudio)[keyPath: value] / max(byHand.quantiles(\.ownToAudio)[keyPath: value], 1)
        }
    }

    private var groups: [Group] {
        runs.filter { $0.subject == .pipeline }.compactMap { pipeline in
            func other(_ subject: PipelineRun.Subject) -> PipelineRun? {
                runs.first { $0.subject == subject && $0.calls == pipeline.calls }
            }
            guard let realtime = other(.realtime), let byHand = other(.byHand) else { return nil }
            return Group(pipeline: pipeline, realtime: realtime, byHand: byHand)
        }
    }

    /// Memory that each further call takes, from the smallest number of calls to the largest. [byte]
    private func memoryPerCall(_ subject: PipelineRun.Subject) -> Double? {
        let runs = runs.filter { $0.subject == subject }
        guard let few = runs.min(by: { $0.calls < $1.calls }), let many = runs.max(by: { $0.calls < $1.calls }),
            many.calls > few.calls
        else { return nil }
        return Double(many.noted("resident_bytes") - few.noted("resident_bytes")) / Double(many.calls - few.calls)
    }

    var json: JSON {
        var memory: JSONObject = [:]
        for subject in [PipelineRun.Subject.pipeline, .realtime] {
            if let bytes = memoryPerCall(subject) { memory[subject.name] = .number(bytes) }
        }
        return [
            "seconds": .integer(Int64(seconds)), "bytes_per_call": .object(memory),
            "ratios": .array(
                groups.map { group in
                    [
                        "calls": .integer(Int64(group.pipeline.calls)),
                        "cpu_to_realtime": .number(group.processorRatio),
                        "own_to_by_hand_p50": .number(group.ratio(\.p50)),
                        "own_to_by_hand_p99": .number(group.ratio(\.p99)),
                    ]
                }),
            "runs": .array(runs.map(\.json)),
        ]
    }

    // MARK: For people

    var text: String {
        """
        Pipeline mode: calls that converse; their models answer from one server on loopback, which takes \(modelText).
        By hand: a plain C program with libcurl, connections warm, makes the same requests for the same words at the same
        pace, from the WAV to the first byte of the sound, and nothing else; "!" marks a missed aim.

        Own share of a turn [ms]: from the decision that the caller's voice has paused to the reply, without the models'
        times (aims: p50 to its audio at most \(Text.decimal(Self.ownShareRatioAim, 0)) times by hand; p99 to its packet, which waits for a tick of 20,
        under \(Text.decimal(Self.ownShareAim, 0))). A turn that cuts a reply waits for another tick: until it is known how much of it was heard
        \(Text.table([["calls", "turns", "to its audio p50", "p99", "by hand p50", "p99", "ratio p50", "p99", "behind a cut p50", "p99", "to its packet p50", "p99"]]
            + groups.map(ownShareRow)))
          \(commandsText)

        Where it goes [ms], p50 and p99, by hand in brackets
        \(Text.table([["calls", "pause → transcription asked", "transcript → model asked", "sentence → speech asked", "sound → its audio", "audio → packet"]]
            + groups.map(waitsRow)))

        The caller's silence [ms]: until the voice is known to have paused (a setting: \(pauseText)), and to the reply's
        first packet; in the last column what the calls' own records say of it: transcript, first token, sentence, audio, packet
        \(Text.table([["calls", "to the decision p50", "p99", "to the packet p50", "p99", "records p50"]] + groups.map(silenceRow)))

        Barge-in [ms]: to the last packet with the agent's audio, from the first packet with the caller's voice (which must
        last for a while: a setting) and from the decision to be silent (aim: p99 at most a tick); and from the decision that
        the caller has the floor to the end of the old reply's requests, at their server (aim: none left open)
        \(Text.table([["calls", "number", "from the voice p50", "p99", "from the decision p50", "p99", "requests ended p50", "p99", "cancelled", "left open"]]
            + groups.map(bargeInRow)))

        Cost of calls that converse (aim: at most \(Text.decimal(Self.processorAim, 0)) times realtime mode, which is a WebSocket a call), realtime in brackets
        \(Text.table([["calls", "% of a core a call", "ratio", "turns/s", "threads", "connections", "opened/turn"]] + groups.map(costRow)))
        \(memoryText)\(doubtsText)
        """
    }

    private var modelText: String {
        let times = runs.first?.load["model_ms"]
        func milliseconds(_ name: String) -> String { "\(times?[name]?.integer ?? 0) ms" }
        return
            "\(milliseconds("transcription")) for a transcript,\n\(milliseconds("first_sentence")) for the first sentence,"
            + " \(milliseconds("speech")) for its first sound"
    }

    private var pauseText: String { "\(TurnOptions().voicePause.milliseconds) ms of silence" }

    private func mark(_ text: String, _ isMissed: Bool) -> String { isMissed ? text + " !" : text + "  " }

    private func ownShareRow(_ group: Group) -> [String] {
        let (audio, packet) = (group.pipeline.quantiles(\.ownToAudio), group.pipeline.quantiles(\.ownToPacket))
        let byHand = group.byHand.quantiles(\.ownToAudio)
        let behindCut = group.pipeline.quantiles(\.ownToAudioBehindCut)
        return [
            "\(group.pipeline.calls)", "\(audio.count)", Text.milliseconds(audio.p50), Text.milliseconds(audio.p99),
            Text.milliseconds(byHand.p50), Text.milliseconds(byHand.p99),
            mark(Text.decimal(group.ratio(\.p50), 2), group.ratio(\.p50) > Self.ownShareRatioAim),
            Text.decimal(group.ratio(\.p99), 2), Text.milliseconds(behindCut.p50), Text.milliseconds(behindCut.p99),
            Text.milliseconds(packet.p50),
            mark(Text.milliseconds(packet.p99), packet.p99 >= Self.ownShareAim * 1_000),
        ]
    }

    private var commandsText: String {
        guard let run = runs.first(where: { $0.subject == .commands }) else { return "" }
        let own = run.quantiles(\.ownToAudio)
        return "by three curl commands a turn, one turn at a time, each started anew and connecting anew: p50 "
            + Text.milliseconds(own.p50) + ", p99 " + Text.milliseconds(own.p99) + " (\(own.count) turns)"
    }

    private func waitsRow(_ group: Group) -> [String] {
        func both(_ wait: KeyPath<PipelineTurn, Double?>, isByHand: Bool = true) -> String {
            let (ours, theirs) = (group.pipeline.quantiles(wait), group.byHand.quantiles(wait))
            return "\(Text.milliseconds(ours.p50)) \(Text.milliseconds(ours.p99))"
                + (isByHand ? " (\(Text.milliseconds(theirs.p50)) \(Text.milliseconds(theirs.p99)))" : "")
        }
        return [
            "\(group.pipeline.calls)", both(\.toTranscription), both(\.toGeneration), both(\.toSpeech), both(\.toAudio),
            both(\.toPacket, isByHand: false),
        ]
    }

    private func silenceRow(_ group: Group) -> [String] {
        let (decision, silence) = (group.pipeline.quantiles(\.toDecision), group.pipeline.quantiles(\.silence))
        let record = group.pipeline.own["call_record_ms"]
        let steps = ["transcript", "first_token", "first_sentence", "first_audio", "first_packet"]
        return [
            "\(group.pipeline.calls)", Text.milliseconds(decision.p50), Text.milliseconds(decision.p99),
            Text.milliseconds(silence.p50), Text.milliseconds(silence.p99),
            steps.map { Text.decimal(record?[$0]?.number ?? 0, 0) }.joined(separator: ", "),
        ]
    }

    private func bargeInRow(_ group: Group) -> [String] {
        let run = group.pipeline
        let (voice, decision) = (run.quantiles(\.voiceToSilence), run.quantiles(\.decisionToSilence))
        let cancelled = run.quantiles(\.decisionToCancelled)
        return [
            "\(run.calls)", "\(decision.count)", Text.milliseconds(voice.p50), Text.milliseconds(voice.p99),
            Text.milliseconds(decision.p50),
            mark(Text.milliseconds(decision.p99), decision.p99 > Self.silenceAim * 1_000),
            Text.milliseconds(cancelled.p50), Text.milliseconds(cancelled.p99), "\(run.cancelled)",
            mark("\(run.leftOpen)", run.leftOpen > 0),
        ]
    }

    private func costRow(_ group: Group) -> [String] {
        let (ours, other) = (group.pipeline, group.realtime)
        return [
            "\(ours.calls)", "\(Text.decimal(ours.percentPerCall, 3)) (\(Text.decimal(other.percentPerCall, 3)))",
            mark(Text.decimal(group.processorRatio, 2), group.processorRatio > Self.processorAim),
            "\(Text.decimal(ours.turnsPerSecond, 1)) (\(Text.decimal(other.turnsPerSecond, 1)))",
            "\(ours.noted("threads")) (\(other.noted("threads")))",
            "\(ours.seen("connections")) (\(other.seen("connections")))",
            Text.decimal(Double(ours.seen("connections_opened")) / Double(max(1, ours.turns.count)), 2),
        ]
    }

    private var memoryText: String {
        guard let pipeline = memoryPerCall(.pipeline), let realtime = memoryPerCall(.realtime) else { return "" }
        return "  resident memory of a further call: \(Text.decimal(pipeline / 1_024, 0)) KB"
            + " (\(Text.decimal(realtime / 1_024, 0)))\n"
    }

    private var doubtsText: String {
        let lines = runs.flatMap { run in run.doubts.map { "  \(run.subject.name), \(run.calls) calls: \($0)" } }
        return lines.isEmpty ? "" : "What makes these figures doubtful\n" + lines.joined(separator: "\n") + "\n"
    }
}

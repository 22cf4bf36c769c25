import SansIO

/// A turn of a caller, by what its load saw and what was noted inside: who waited for whom.
struct PipelineTurn {
    let call: Int
    /// The caller spoke into a reply.
    let isInterruption: Bool
    /// Requests that were under way for the reply that was interrupted, and were cancelled.
    let cancelled: Int
    /// Moments of the load by their names there. [ns]
    private let seen: [String: Int64]
    private let decided: Int64?
    private let played: Int64?
    private let held: Int64?
    private let flushed: Int64?

    private init?(_ json: JSON, moments: (_ call: Int, _ seen: [String: Int64]) -> [Int64?]) {
        guard let object = json.object, let call = json["call"]?.integer else { return nil }
        self.call = Int(call)
        isInterruption = json["interrupts"]?.integer == 1
        cancelled = Int(json["cancelled"]?.integer ?? 0)
        var seen: [String: Int64] = [:]
        for member in object.members { seen[member.key] = member.value.integer }
        self.seen = seen
        let inside = moments(self.call, seen)
        (decided, played, held, flushed) = (inside[0], inside[1], inside[2], inside[3])
    }

    /// Of a pipeline.
    init?(_ json: JSON, _ moments: TurnMoments) {
        self.init(json) { call, seen in
            guard let began = seen["voice_began"], let packet = seen["first_packet"], began <= packet else {
                return [nil, nil, nil, nil]
            }
            let asked = min(max(seen["transcription_asked"] ?? began, began), packet)
            let sent = min(seen["speech_sent"] ?? packet, packet)
            return [
                moments.last(.voiceStopped, of: call, in: began...asked),
                moments.first(.played, of: call, in: sent...packet),
                moments.first(.held, of: call, in: began...packet),
                moments.first(.flushed, of: call, in: began...packet),
            ]
        }
    }

    /// Made by hand.
    ///
    /// - Parameter turns: What who made it noted: begin and end of each turn.
    init?(_ json: JSON, byHand turns: [JSON]) {
        self.init(json) { call, seen in
            guard let asked = seen["transcription_asked"],
                let turn = turns.first(where: { turn in
                    turn["call"]?.integer == Int64(call) && (turn["began"]?.integer ?? .max) <= asked
                        && asked <= (turn["ended"]?.integer ?? .min)
                })
            else { return [nil, nil, nil, nil] }
            return [turn["began"]?.integer, turn["ended"]?.integer, nil, nil]
        }
    }

    // MARK: Waits [ms]

    private static func milliseconds(_ from: Int64?, _ to: Int64?) -> Double? {
        guard let from, let to else { return nil }
        return Double(to - from) / 1e6
    }

    /// From the pause in the caller's voice to the whole request for its transcription.
    var toTranscription: Double? { Self.milliseconds(decided, seen["transcription_asked"]) }
    /// From the transcript to the whole request for a reply.
    var toGeneration: Double? { Self.milliseconds(seen["transcription_sent"], seen["generation_asked"]) }
    /// From the reply's first whole sentence to the whole request for its sound.
    var toSpeech: Double? { Self.milliseconds(seen["sentence_sent"], seen["speech_asked"]) }
    /// From the first sound to its audio in the playout queue; by hand: to its first byte.
    var toAudio: Double? { Self.milliseconds(seen["speech_sent"], played) }
    /// From there to the first packet.
    var toPacket: Double? { Self.milliseconds(played, seen["first_packet"]) }

    /// All of it but the packet, of a turn that cuts no reply: as it is made by hand.
    var ownToAudio: Double? { isInterruption ? nil : allToAudio }
    /// The same of a turn that does: it waits until it is known how much of the reply was heard.
    var ownToAudioBehindCut: Double? { isInterruption ? allToAudio : nil }

    private var allToAudio: Double? {
        let parts = [toTranscription, toGeneration, toSpeech, toAudio].compactMap { $0 }
        return parts.count == 4 ? parts.reduce(0, +) : nil
    }
    /// All of it, of any turn.
    var ownToPacket: Double? {
        guard let allToAudio, let toPacket else { return nil }
        return allToAudio + toPacket
    }

    /// From the last packet with the caller's voice to the decision that it has paused.
    var toDecision: Double? { Self.milliseconds(seen["voice_ended"], decided) }
    /// From there to the first packet of the reply.
    var silence: Double? { Self.milliseconds(seen["voice_ended"], seen["first_packet"]) }

    /// From the first packet with the caller's voice to the last with the reply that it interrupts.
    var voiceToSilence: Double? {
        isInterruption ? Self.milliseconds(seen["voice_began"], seen["last_packet_before"]).map { max(0, $0) } : nil
    }
    /// From the decision to be silent to that packet; 0 where nothing was sent behind it.
    var decisionToSilence: Double? {
        guard isInterruption, let decision = held ?? flushed else { return nil }
        return Self.milliseconds(decision, seen["last_packet_before"]).map { max(0, $0) }
    }
    /// From the decision that the caller has the floor to the end of the last request for the old reply, at its server.
    var decisionToCancelled: Double? {
        isInterruption ? Self.milliseconds(flushed, seen["last_cancelled"]) : nil
    }
}

import SansIO

/// Silence, and what the media session measures.
extension CallSession {
    /// Whether nobody speaks, is about to speak, or is busy for the far end.
    private var isQuiet: Bool {
        phase == .active && ledger.isIdle && !ledger.isFlushing && realtime.isIdle && !isCallerSpeaking
            && functions.open.isEmpty && keys.gathering == nil && transfer == nil && wayOut == nil
    }

    /// Lets the time of `on_idle` run while nobody speaks.
    mutating func watchIdleness(at now: Instant) {
        guard handles(.onIdle), isQuiet else {
            timers[.idle] = nil
            return
        }
        if timers[.idle] == nil { timers[.idle] = now + definition.idleTimeout }
    }

    mutating func idled() {
        idleCount += 1
        notify(.onIdle, [.integer(Int64(idleCount))])
    }

    // MARK: Measurement

    mutating func measure(at now: Instant) {
        perform(.measure)
        timers[.measure] = now + configuration.limits.measurement
    }

    /// `call.stats`.
    var statistics: JSON {
        var object = JSONObject()
        if let quality {
            let expected = quality.packetsReceived + quality.packetsLost
            object["packets_sent"] = .integer(Int64(quality.packetsSent))
            object["packets_received"] = .integer(Int64(quality.packetsReceived))
            object["loss"] = .number(expected > 0 ? Double(quality.packetsLost) / Double(expected) : 0)
            object["jitter_ms"] = .number(quality.jitterMilliseconds)
            if let roundTrip = quality.roundTripMilliseconds { object["round_trip_ms"] = .number(roundTrip) }
        }
        object["turns"] = .array(
            latencies.map { turn in
                [
                    "turn": .integer(Int64(turn.turn)), "first_packet_ms": .integer(turn.toFirstPacket.milliseconds),
                    "first_audio_ms": .integer(turn.toFirstAudio.milliseconds),
                ]
            })
        return .object(object)
    }

    // MARK: A newer version of the flow

    /// Takes note of a newer version; without `on_handover` the call stays with its own.
    mutating func offered(_ version: String, _ definition: AgentDefinition) {
        guard !isEnding, definition.handlers.contains(.onHandover), version != facts.version else {
            offer = nil
            return
        }
        offer = FlowOffer(version: version, definition: definition)
    }

    /// Hands the call over when nobody speaks and nothing of the script waits, but for functions in the background.
    mutating func beginHandover() {
        guard let offer, !offer.isUnderWay, isQuiet, scripts.isQuiet else { return }
        self.offer?.isUnderWay = true
        _ = scripts.handOver(version: offer.version)
    }

    mutating func handedOver(at now: Instant) {
        guard let taken = offer, taken.isUnderWay else { return }
        offer = nil
        // The old version's functions are gone with it.
        for id in scripts.forgetWaiting() { abandonWait(of: id) }
        dropTimers()
        let old = definition
        observe(.flowChanged(version: taken.version, from: facts.version))
        definition = taken.definition
        facts.version = taken.version
        handle(
            realtime.change { settings in
                if taken.definition.instructions != old.instructions {
                    settings.instructions = taken.definition.instructions
                }
                settings.tools = taken.definition.tools
            }, at: now)
    }

    /// The call stays with the version that it has.
    mutating func handoverFailed() {
        if offer?.isUnderWay == true { offer = nil }
    }
}

/// A newer version of the flow.
struct FlowOffer: Sendable {
    let version: String
    let definition: AgentDefinition
    /// The script host was asked to go over to it.
    var isUnderWay = false
}

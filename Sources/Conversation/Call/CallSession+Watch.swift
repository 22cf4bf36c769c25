import SansIO

/// Silence, and what the media session measures.
extension CallSession {
    /// Whether nobody speaks, is about to speak, or is busy for the far end.
    var isQuiet: Bool {
        phase == .active && outage == nil && ledger.isIdle && !ledger.isFlushing && realtime.isIdle && !isCallerSpeaking
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
            latencies.map(\.json))
        return .object(object)
    }

    // MARK: A newer version of the flow

    /// Takes note of a newer version; without `on_handover`, or in another mode, the call stays with its own.
    mutating func offered(_ newer: FlowOffer) {
        let next = handover?.version ?? facts.version
        offer = nil
        guard !isEnding, newer.definition.handlers.contains(.onHandover), newer.version != next else { return }
        guard newer.definition.mode == definition.mode else {
            let message =
                "version \(newer.version) of the flow is in \(newer.definition.mode.rawValue) mode; the call stays with "
                + "its own version, because a call cannot change its mode"
            observe(.fault(CallFault(kind: .script, message: message)))
            return
        }
        offer = newer
    }

    /// Hands the call over when nobody speaks and nothing of the script waits, but for functions in the background.
    mutating func beginHandover() {
        guard let next = offer, handover == nil, isQuiet, !realtime.isAnswerDue, scripts.isQuiet else { return }
        offer = nil
        handover = next
        _ = scripts.handOver(version: next.version)
    }

    /// The script host has gone over: also in a call that ended meanwhile, whose last handlers are the new version's.
    mutating func handedOver(at now: Instant) {
        guard let taken = handover else { return }
        handover = nil
        // The old version's functions are gone with it.
        for id in scripts.forgetWaiting() { abandonWait(of: id) }
        dropTimers()
        let old = definition
        observe(.flowChanged(version: taken.version, from: facts.version))
        definition = taken.definition
        // Those that were chosen when the call began are at work.
        definition.turns = old.turns
        definition.stages = old.stages
        fallbackAudio = taken.fallbackAudio
        facts.version = taken.version
        pipeline?.handlers = taken.definition.handlers
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
        handover = nil
    }
}

/// A newer version of the flow.
struct FlowOffer: Sendable {
    let version: String
    let definition: AgentDefinition
    let fallbackAudio: [UInt8]
}

import SansIO

/// Live mode: what stands between the call and a model that hears and speaks at the same time.
extension CallSession {
    mutating func handle(_ outputs: [LiveSession.Output], at now: Instant) {
        for output in outputs { handle(output, at: now) }
    }

    private mutating func handle(_ output: LiveSession.Output, at now: Instant) {
        switch output {
        case .event(let event): handle(realtime.receive(event, at: now), at: now)
        case .send(let event): perform(.sendLive(event))
        case .calls(let calls, let responseID): begin(calls, responseID: responseID, at: now)
        case .usage(let usage): observe(.usage(usage))
        case .turnEnded(let end): turn.ends(end)
        case .lost(let error): modelLost(error, at: now)
        }
    }
}

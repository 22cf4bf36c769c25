import SansIO

/// Keys of the far end: to `call:gather_dtmf`, or to `on_dtmf`.
extension CallSession {
    mutating func pressed(_ key: Character, milliseconds: Int, at now: Instant) {
        observe(.digit(key, milliseconds: milliseconds))
        guard answeredAt != nil, !isEnding else { return }
        idleCount = 0
        timers[.idle] = nil
        if keys.gathering != nil {
            proceed(keys.add(key), at: now)
        } else if handles(.onDTMF) {
            notify(.onDTMF, [.string(String(key)), .integer(Int64(milliseconds))])
        } else {
            keys.keep(key)
        }
    }

    mutating func gather(_ request: DTMFGathering, _ id: ScriptTaskID, at now: Instant) {
        guard phase == .active else {
            let message = "keys can be gathered only while the call is active"
            resume(id, isClosing ? CallSession.callEnded : .failure(code: .wrongStatus, message: message), at: now)
            return
        }
        guard keys.gathering == nil else {
            let message = "another gather_dtmf is under way"
            resume(id, .failure(code: .wrongStatus, message: message), at: now)
            return
        }
        waits[id] = .gather
        pauseDeadline(of: id, at: now)
        proceed(keys.begin(request, for: id), at: now)
    }

    private mutating func proceed(_ step: KeyCollection.Step, at now: Instant) {
        switch step {
        case .more: timers[.gather] = keys.gathering.map { now + $0.request.timeout }
        case .finished(let id, let text):
            timers[.gather] = nil
            resume(id, .value(.string(text)), at: now)
        }
    }

    mutating func gatheringEnded(at now: Instant) {
        guard case .finished(let id, let text) = keys.finish() else { return }
        let reply: ScriptReply =
            text.isEmpty ? .failure(code: .timedOut, message: "no key was pressed in time") : .value(.string(text))
        resume(id, reply, at: now)
    }

    /// Forgets the gathering under way.
    mutating func stopGathering() {
        timers[.gather] = nil
        _ = keys.finish()
    }
}

import SansIO

/// What the script asks for beside speech, and what others do for it.
extension CallSession {
    // MARK: Sound files

    mutating func load(_ source: String, isInterruptible: Bool, _ id: ScriptTaskID, at now: Instant) {
        guard phase == .active else {
            resume(id, isClosing ? CallSession.callEnded : nothingSaid, at: now)
            return
        }
        guard admitsRequest(id, at: now) else { return }
        waits[id] = .loading(isInterruptible: isInterruptible)
        perform(.service(id, .loadAudio(source: source)))
    }

    private mutating func play(_ audio: [UInt8], isInterruptible: Bool, _ id: ScriptTaskID, at now: Instant) {
        guard phase == .active, !audio.isEmpty else {
            resume(id, audio.isEmpty ? .value(true) : CallSession.callEnded, at: now)
            return
        }
        waits[id] = .local(playLocal(audio, text: "", isInterruptible: isInterruptible))
        pauseDeadline(of: id, at: now)
    }

    /// Queues audio that is not the model's behind what is queued.
    mutating func playLocal(_ audio: [UInt8], text: String, isInterruptible: Bool) -> PlayoutTag {
        let tag = ledger.appendLocal(audio: audio.count, text: text, isInterruptible: isInterruptible)
        perform(.play(tag: tag, audio: audio))
        perform(.finishPlayout(tag: tag))
        return tag
    }

    /// Tells the script that waits for a local part how it ended.
    mutating func localEnded(_ tag: PlayoutTag, _ reply: ScriptReply, at now: Instant) {
        guard let id = waits.first(where: { $0.value == .local(tag) })?.key else { return }
        resume(id, reply, at: now)
    }

    // MARK: The model's conversation

    mutating func stopSpeaking(_ id: ScriptTaskID, at now: Instant) {
        if phase == .active { silence(at: now) }
        resume(id, .value(true), at: now)
    }

    mutating func sendText(_ role: String, _ text: String, _ id: ScriptTaskID, at now: Instant) {
        guard isModelOpen, !isClosing else {
            let gone = ScriptReply.failure(code: .modelFailed, message: "the model is gone")
            resume(id, isClosing ? CallSession.callEnded : gone, at: now)
            return
        }
        handle(realtime.addMessage(role: role, text: text), at: now)
        resume(id, .value(true), at: now)
    }

    mutating func setInstructions(_ text: String, _ id: ScriptTaskID, at now: Instant) {
        guard live == nil || realtime.state == .closed else {
            let message =
                "in live mode the instructions are fixed when the call begins; call:send_text(\"system\", text) adds to "
                + "them"
            resume(id, .failure(code: .unsupported, message: message), at: now)
            return
        }
        handle(realtime.change { $0.instructions = text }, at: now)
        resume(id, .value(true), at: now)
    }

    mutating func setVoice(_ name: String, _ id: ScriptTaskID, at now: Instant) {
        guard live == nil || realtime.state == .closed || realtime.settings.voice == name else {
            let message = "in live mode the voice is chosen before the call begins"
            resume(id, .failure(code: .unsupported, message: message), at: now)
            return
        }
        guard pipeline != nil || !realtime.hasSpoken || realtime.settings.voice == name else {
            let message = "the model cannot change its voice any more, because it has spoken"
            resume(id, .failure(code: .unsupported, message: message), at: now)
            return
        }
        handle(realtime.change { $0.voice = name }, at: now)
        resume(id, .value(true), at: now)
    }

    // MARK: Functions for later

    mutating func spawn(_ function: ScriptFunctionID, _ id: ScriptTaskID, at now: Instant) {
        guard scripts.count < configuration.limits.scriptTasks else {
            perform(.script(.forget(function)))
            let message = "\(scripts.count) functions of the script run or wait already"
            resume(id, .failure(code: .limitReached, message: message), at: now)
            return
        }
        _ = scripts.start(.function(function), for: .background)
        resume(id, .value(true), at: now)
    }

    mutating func schedule(
        _ function: ScriptFunctionID, after duration: Duration, _ id: ScriptTaskID, at now: Instant
    ) {
        guard scriptTimers.count < configuration.limits.scriptTimers else {
            perform(.script(.forget(function)))
            let message = "\(scriptTimers.count) timers run already"
            resume(id, .failure(code: .limitReached, message: message), at: now)
            return
        }
        let number = nextScriptTimer
        nextScriptTimer += 1
        scriptTimers[number] = function
        timers[.after(number)] = now + duration
        resume(id, .value(.integer(Int64(clamping: number))), at: now)
    }

    mutating func timerExpired(_ number: UInt64, at now: Instant) {
        guard let function = scriptTimers[number] else { return }
        guard scripts.count < configuration.limits.scriptTasks else {
            // As many run or wait as may: it is started when there is room.
            timers[.after(number)] = now + CallSession.crowdedTimerDelay
            return
        }
        scriptTimers[number] = nil
        _ = scripts.start(.function(function), for: .background)
    }

    private static let crowdedTimerDelay = Duration.milliseconds(50)

    /// - Returns: Whether the timer still ran.
    mutating func cancelTimer(_ number: UInt64) -> Bool {
        guard let function = scriptTimers.removeValue(forKey: number) else { return false }
        timers[.after(number)] = nil
        perform(.script(.forget(function)))
        return true
    }

    /// Stops the timers; the functions are gone with the script that they belong to.
    mutating func dropTimers() {
        for number in scriptTimers.keys { timers[.after(number)] = nil }
        scriptTimers = [:]
    }

    // MARK: Services

    mutating func serve(_ request: ServiceRequest, _ id: ScriptTaskID, at now: Instant) {
        guard admitsRequest(id, at: now) else { return }
        waits[id] = .service
        perform(.service(id, request))
    }

    /// Refuses a request beyond those that may be under way.
    private mutating func admitsRequest(_ id: ScriptTaskID, at now: Instant) -> Bool {
        let count = waits.values.count { wait in
            switch wait {
            case .service, .loading: true
            default: false
            }
        }
        guard count >= configuration.limits.scriptRequests else { return true }
        resume(id, .failure(code: .limitReached, message: "\(count) requests are under way already"), at: now)
        return false
    }

    mutating func receive(_ result: ServiceResult, for id: ScriptTaskID, at now: Instant) {
        switch (waits[id], result) {
        case (.service, .reply(let reply)), (.loading, .reply(let reply)): resume(id, reply, at: now)
        case (.loading(let isInterruptible), .audio(let audio)):
            play(audio, isInterruptible: isInterruptible, id, at: now)
        case (.service, .audio): resume(id, .value(true), at: now)
        default: break
        }
    }

    /// Takes a coroutine that waits out of all that could resume it.
    mutating func abandonWait(of id: ScriptTaskID) {
        switch waits.removeValue(forKey: id) {
        case .service, .loading: perform(.cancelService(id))
        case .sleep: timers[.sleep(id)] = nil
        case .gather: stopGathering()
        default: break
        }
    }
}

extension ServiceRequest {
    /// Whether `on_hangup` may still ask for it.
    var outlivesCall: Bool {
        switch self {
        case .http, .store: true
        case .record, .stopRecording, .loadAudio: false
        }
    }
}

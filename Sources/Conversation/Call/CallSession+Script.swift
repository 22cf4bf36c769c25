import SansIO

/// What the script asks for, and what becomes of its coroutines.
extension CallSession {
    mutating func receive(_ outcome: ScriptOutcome, of id: ScriptTaskID, at now: Instant) {
        switch scripts.receive(outcome, of: id) {
        case .unknown: break
        case .abandoned(let mustClose):
            if mustClose { perform(.script(.cancel(id))) }
        case .expected(let purpose):
            switch outcome {
            case .yielded(let request):
                guard requestRate.admits(at: now, limit: configuration.limits.scriptRequestRate) else {
                    stop(id, request, purpose, at: now)
                    break
                }
                yielded(request, by: id, purpose, at: now)
                return
            case .returned(let values): returned(values, from: purpose, at: now)
            case .failed(let fault): failed(fault, in: purpose, at: now)
            }
            if wayOut?.handler == id { leave(at: now) }
        }
    }

    /// Ends a coroutine that asks the host for so much that nobody else would be served.
    private mutating func stop(
        _ id: ScriptTaskID, _ request: ScriptRequest, _ purpose: ScriptScheduler.Purpose, at now: Instant
    ) {
        switch request {
        case .spawn(let function), .after(_, let function): perform(.script(.forget(function)))
        default: break
        }
        if scripts.cancel(id) { perform(.script(.cancel(id))) }
        let limit = configuration.limits.scriptRequestRate
        let message = "\(name(of: purpose)) asked the host for more than \(limit) things in a second"
        failed(ScriptFault(kind: .budget, message: message), in: purpose, at: now)
    }

    private mutating func returned(_ values: [JSON], from purpose: ScriptScheduler.Purpose, at now: Instant) {
        switch purpose {
        case .onDial: dialDecided(values, at: now)
        case .onIncoming: incomingDecided(values, at: now)
        case .check(let callID): checked(callID, values, at: now)
        case .action(let callID): actionReturned(callID, values, at: now)
        case .result(let callID, let output): resultChanged(callID, values, output, at: now)
        case .rewrite(let question): answer(question, values, at: now)
        case .handOver: handedOver(at: now)
        case .notify, .background, .onHangUp: break
        }
    }

    private mutating func failed(_ fault: ScriptFault, in purpose: ScriptScheduler.Purpose, at now: Instant) {
        let callFault = CallFault(
            kind: .script, message: fault.message, traceback: fault.traceback, function: name(of: purpose),
            turn: turn.number)
        var handler: ScriptTaskID?
        if case .notify(.onError) = purpose {
            // Not told to the handler that made it.
            observe(.fault(callFault))
        } else {
            handler = tell(callFault)
        }
        // A version that cannot take over leaves the call with the one that it has.
        if fault.kind != .error, purpose != .handOver { takeWayOut(CallOutcome(fault), after: handler, at: now) }
        switch purpose {
        case .onDial: dialRefused(byFault: fault.message, at: now)
        case .onIncoming: incomingFailed(fault.message, at: now)
        case .check(let callID): checkFailed(callID, fault, at: now)
        case .action(let callID): actionFailed(callID, fault, at: now)
        case .result(let callID, let output): resultChanged(callID, [], output, at: now)
        case .rewrite(let question): answer(question, nil, at: now)
        case .handOver: handoverFailed()
        case .notify(.onAnswered):
            // The agent would be silent for ever, and so might the callee.
            if phase == .active, isModelOpen, realtime.isIdle, ledger.isIdle {
                handle(realtime.request(.greeting, at: now).outputs, at: now)
            }
        case .notify, .background, .onHangUp: break
        }
    }

    /// What the author of a script calls the coroutine.
    private func name(of purpose: ScriptScheduler.Purpose) -> String {
        switch purpose {
        case .onDial: ScriptHandler.onDial.rawValue
        case .onIncoming: ScriptHandler.onIncoming.rawValue
        case .notify(let handler): handler.rawValue
        case .check: ScriptHandler.onFunctionCall.rawValue
        case .result: ScriptHandler.onFunctionResult.rawValue
        case .action(let callID): functions[callID]?.call.name ?? "an action"
        case .rewrite(let question): question.handler.rawValue
        case .background: "a function of call:spawn or call:after"
        case .handOver: ScriptHandler.onHandover.rawValue
        case .onHangUp: ScriptHandler.onHangup.rawValue
        }
    }

    /// Answers a yielded request; without effect when the coroutine doesn't wait.
    mutating func resume(_ id: ScriptTaskID, _ reply: ScriptReply, at now: Instant) {
        waits[id] = nil
        timers[.sleep(id)] = nil
        resumeDeadline(of: id, at: now)
        scripts.resume(id, reply)
    }

    private mutating func yielded(
        _ request: ScriptRequest, by id: ScriptTaskID, _ purpose: ScriptScheduler.Purpose, at now: Instant
    ) {
        if isEnding {
            if purpose == .onHangUp {
                switch request {
                case .sleep(let duration): sleep(duration, id, at: now)
                case .service(let service) where service.outlivesCall: serve(service, id, at: now)
                default: resume(id, CallSession.callEnded, at: now)
                }
            } else {
                // A handler that outlives the call is closed.
                if scripts.cancel(id) { perform(.script(.cancel(id))) }
            }
            return
        }
        switch request {
        case .sleep(let duration): sleep(duration, id, at: now)
        case .say(let text, let isInterruptible):
            if text.trimmingWhitespace().isEmpty {
                resume(id, .value(true), at: now)
            } else {
                speak(.say(text: text, isInterruptible: isInterruptible), id, at: now)
            }
        case .reply(let instructions): speak(.reply(instructions: instructions), id, at: now)
        case .transfer(let target): transfer(to: target.trimmingWhitespace(), id, at: now)
        case .hangup(let reason, let afterPlayout):
            hangUp(reason: reason, afterPlayout: afterPlayout, id, purpose, at: now)
        case .waitForPlayout:
            waits[id] = .playout
            pauseDeadline(of: id, at: now)
        case .play(let source, let isInterruptible):
            load(source, isInterruptible: isInterruptible, id, at: now)
        case .stopSpeaking: stopSpeaking(id, at: now)
        case .sendText(let role, let text): sendText(role, text, id, at: now)
        case .setInstructions(let text): setInstructions(text, id, at: now)
        case .setActions(let tools):
            definition.tools = tools
            handle(realtime.change { $0.tools = tools }, at: now)
            resume(id, .value(true), at: now)
        case .setVoice(let name): setVoice(name, id, at: now)
        case .gatherDTMF(let gathering): gather(gathering, id, at: now)
        case .mute(let isMuted):
            perform(.mute(isMuted))
            resume(id, .value(true), at: now)
        case .spawn(let function): spawn(function, id, at: now)
        case .after(let duration, let function): schedule(function, after: duration, id, at: now)
        case .cancelTimer(let number):
            resume(id, .value(.bool(cancelTimer(number))), at: now)
        case .service(let service): serve(service, id, at: now)
        }
    }

    /// An action's time doesn't run while it waits for the telephone or the model.
    mutating func pauseDeadline(of id: ScriptTaskID, at now: Instant) {
        guard let callID = scripts.purpose(of: id)?.callID, let deadline = timers[.action(callID: callID)] else {
            return
        }
        timers[.action(callID: callID)] = nil
        functions.pause(callID, remaining: deadline - now)
    }

    private mutating func resumeDeadline(of id: ScriptTaskID, at now: Instant) {
        guard !isEnding, let callID = scripts.purpose(of: id)?.callID, let rest = functions.unpause(callID) else {
            return
        }
        timers[.action(callID: callID)] = now + rest
    }

    private mutating func sleep(_ duration: Duration, _ id: ScriptTaskID, at now: Instant) {
        guard duration > .zero else {
            scripts.resume(id, .value(true))
            return
        }
        waits[id] = .sleep
        timers[.sleep(id)] = now + duration
    }

    private mutating func speak(_ kind: ResponseRequest.Kind, _ id: ScriptTaskID, at now: Instant) {
        switch phase {
        case .active where isModelOpen: break
        case .closing:
            resume(id, CallSession.callEnded, at: now)
            return
        default:
            resume(id, nothingSaid, at: now)
            return
        }
        let isInterruptible = if case .say(_, false) = kind { false } else { true }
        let (number, outputs) = realtime.request(kind, at: now)
        speeches[number] = Speech(task: id, isInterruptible: isInterruptible)
        waits[id] = .speech(request: number)
        pauseDeadline(of: id, at: now)
        handle(outputs, at: now)
    }

    var nothingSaid: ScriptReply {
        let message = "nothing can be said while the call is \(facts.status.rawValue)"
        return .failure(code: .wrongStatus, message: message)
    }

    private mutating func hangUp(
        reason: String?, afterPlayout: Bool, _ id: ScriptTaskID, _ purpose: ScriptScheduler.Purpose, at now: Instant
    ) {
        waits[id] = .hangUp
        pauseDeadline(of: id, at: now)
        if case .action(let callID) = purpose { functions.endTurn(callID) }
        let word = reason ?? "agent_hangup"
        let outcome =
            answeredAt == nil
            ? CallOutcome(
                kind: .cancelled, reason: word, message: "The flow ended the call before it was answered.",
                endedBy: .agent)
            : CallOutcome(kind: .completed, reason: word, message: "The agent hung up.", endedBy: .agent)
        if isClosing, afterPlayout { return }
        // What `on_error` decides goes before the fallback.
        wayOut = nil
        if afterPlayout {
            close(with: outcome, at: now)
        } else {
            end(outcome, at: now)
        }
    }
}

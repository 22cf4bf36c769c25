import SansIO

/// Pipeline mode: the three stages stand where the model's server is in the other modes.
extension CallSession {
    /// Sends an event to the model's side, whatever that is.
    mutating func send(_ event: RealtimeClientEvent, at now: Instant) {
        if let outputs = pipeline?.receive(event, at: now) {
            handle(outputs, at: now)
        } else if let outputs = live?.receive(event, at: now) {
            handle(outputs, at: now)
        } else {
            perform(.sendModel(event))
        }
    }

    /// Lets go of the model's side.
    mutating func disconnectModel(at now: Instant) {
        if let outputs = pipeline?.close() {
            handle(outputs, at: now)
            // Nobody is left to decide whether the caller interrupts.
            resumePlayout(at: now)
        } else {
            perform(.closeModel)
        }
    }

    mutating func receive(_ event: PipelineEvent, at now: Instant) {
        guard isModelOpen else { return }
        if live != nil { hear(event, at: now) }
        handle(pipeline?.receive(event, at: now) ?? [], at: now)
    }

    /// Tells turn-taking what is to be heard of the agent.
    mutating func notePlayout(at now: Instant) {
        guard isModelOpen, !isEnding else { return }
        let isInterruptible = ledger.isInterruptible && !realtime.isHolding && !isClosing
        let outputs = pipeline?.noteAgent(
            isAudible: ledger.isAudible, isInterruptible: isInterruptible, isBeingCut: ledger.isFlushing, at: now)
        handle(outputs ?? [], at: now)
    }

    mutating func handle(_ outputs: [PipelineSession.Output], at now: Instant) {
        for output in outputs { handle(output, at: now) }
    }

    private mutating func handle(_ output: PipelineSession.Output, at now: Instant) {
        switch output {
        case .event(let event): handle(realtime.receive(event, at: now), at: now)
        case .command(let command): perform(.pipeline(command))
        case .ask(let question, let value): ask(question, value, at: now)
        case .forget(let question, let isLate): forget(question, isLate: isLate)
        case .pausePlayout: pausePlayout(at: now)
        case .resumePlayout: resumePlayout(at: now)
        case .fault(let failure):
            tell(CallFault(kind: .model, message: failure.message, isRetryable: failure.severity == .retryable))
        case .misuse(let message): tell(CallFault(kind: .script, message: message))
        case .turnEnded(let end): turn.ends(end)
        case .timed(let responseID, let timing): turn.note(timing, responseID: responseID)
        }
    }

    // MARK: What the script may change

    private mutating func ask(_ question: PipelineSession.Question, _ value: JSON, at now: Instant) {
        guard !isEnding, scripts.count < configuration.limits.scriptTasks else {
            answer(question, nil, at: now)
            return
        }
        _ = scripts.start(.handler(question.handler, arguments: [value]), for: .rewrite(question))
    }

    /// - Parameter values: What the handler returned; `nil` when it failed.
    mutating func answer(_ question: PipelineSession.Question, _ values: [JSON]?, at now: Instant) {
        guard isModelOpen, let outputs = pipeline?.answer(question, with: values, at: now) else { return }
        handle(outputs, at: now)
    }

    private mutating func forget(_ question: PipelineSession.Question, isLate: Bool) {
        guard let id = scripts.id(of: .rewrite(question)) else { return }
        abandonWait(of: id)
        if scripts.cancel(id) { perform(.script(.cancel(id))) }
        guard isLate else { return }
        tell(
            CallFault(
                kind: .script, message: "\(question.handler.rawValue) did not finish in time; the text went as it was",
                function: question.handler.rawValue))
    }
}

extension PipelineSession.Question {
    var handler: ScriptHandler {
        switch self {
        case .beforeLLM: .beforeLLM
        case .beforeTTS: .beforeTTS
        }
    }
}

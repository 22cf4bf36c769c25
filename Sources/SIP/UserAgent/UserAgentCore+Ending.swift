import SansIO

/// CANCEL and BYE (RFC 3261 §9, §15), commands, and what time brings to a call.
extension UserAgentCore {
    mutating func perform(_ command: Command, of handle: CallHandle, at now: Instant) {
        if case .invite(let invite) = command {
            place(invite, as: handle, at: now)
            return
        }
        guard var call = calls[handle], !call.isOver else { return }
        switch command {
        case .invite: break
        case .ring(let status, let body): ring(status, body: body ?? [], &call, at: now)
        case .answer(let body): accept(body: body, &call, at: now)
        case .reject(let status, let reason, let headers):
            reject(status, reason: reason, headers: headers, &call, at: now)
        case .hangUp(let reasons): hangUp(reasons: reasons, &call, at: now)
        case .offer(let body): offer(body, &call, at: now)
        case .answerOffer(let body): answerOffer(body, &call, at: now)
        case .refuseOffer(let status): refuseOffer(status, &call, at: now)
        case .info(let contentType, let body): sendInfo(contentType, body, &call, at: now)
        case .transfer(let target, let headers): transfer(to: target, headers: headers, &call, at: now)
        case .acceptRefer: acceptRefer(&call, at: now)
        case .refuseRefer(let status): refuseRefer(status, &call, at: now)
        case .referProgress(let status, let reason):
            reportProgress(StatusLine(statusCode: status, reason: reason), &call, at: now)
        }
        store(call)
    }

    private mutating func sendInfo(_ contentType: String, _ body: [UInt8], _ call: inout Call, at now: Instant) {
        guard call.isConfirmed, let leg = call.activeLeg else { return }
        let headers = Headers([Headers.Field(.contentType, contentType)])
        send(.info, for: .info, leg: leg, headers: headers, body: body, &call, at: now)
    }

    // MARK: Hanging up

    private mutating func hangUp(reasons: [String], _ call: inout Call, at now: Instant) {
        switch call.phase {
        case .calling(var invite, let ringUntil):
            emit(.ended(CallEnd(by: .local, cause: .cancelled, reasons: reasons)), &call)
            cancel(&invite, reasons: reasons, &call, at: now)
            call.phase = .calling(invite, ringUntil: ringUntil)
        case .ringing(let attempt):
            emit(.ended(CallEnd(by: .local, cause: .rejected(480), reasons: reasons)), &call)
            let headers = Headers(reasons.map { Headers.Field(.reason, $0) })
            refuse(attempt, 480, headers: headers, &call, at: now)
        case .answered:
            emit(.ended(CallEnd(by: .local, cause: .bye, reasons: reasons)), &call)
            call.unacknowledged?.bye = reasons
        case .confirmed:
            emit(.ended(CallEnd(by: .local, cause: .bye, reasons: reasons)), &call)
            closeSession(&call, at: now)
            if let leg = call.activeLeg { sendBye(leg: leg, reasons: reasons, &call, at: now) }
        case .closed: break
        }
    }

    /// Cancels an INVITE now, or when its first provisional response comes (RFC 3261 §9.1).
    private mutating func cancel(_ invite: inout PendingInvite, reasons: [String], _ call: inout Call, at now: Instant)
    {
        guard invite.cancellation == .none else { return }
        if invite.hasProvisional {
            sendCancel(&invite, reasons: reasons, &call, at: now)
        } else {
            invite.cancellation = .queued(reasons: reasons)
        }
    }

    mutating func sendCancel(_ invite: inout PendingInvite, reasons: [String], _ call: inout Call, at now: Instant) {
        guard let destination = transactions.destination(of: invite.id) else { return }
        invite.cancellation = .sent
        invite.giveUpAt = now + configuration.timers.timeout
        let request = invite.request.cancellation(reasons: reasons)
        _ = start(request, to: destination, for: .cancel(call.handle), &call, at: now)
    }

    mutating func receiveBye(_ incoming: IncomingRequest, leg: Int, _ call: inout Call, at now: Instant) {
        answer(incoming, 200, at: now)
        let reasons = incoming.request.headers.all(.reason)
        call.legs[leg].isEnded = true
        switch call.phase {
        case .ringing(let attempt):
            emit(.ended(CallEnd(by: .remote, cause: .cancelled, reasons: reasons)), &call)
            refuse(attempt, 487, &call, at: now)
        case .calling(var invite, let ringUntil):
            // The callee's 2xx were all lost, and it has given the call up.
            guard call.legs.allSatisfy(\.isEnded) else { return }
            emit(.ended(CallEnd(by: .remote, cause: .bye, reasons: reasons)), &call)
            cancel(&invite, reasons: [], &call, at: now)
            call.phase = .calling(invite, ringUntil: ringUntil)
        case .answered, .confirmed:
            guard call.activeLeg == leg else { return }
            emit(.ended(CallEnd(by: .remote, cause: .bye, reasons: reasons)), &call)
            closeSession(&call, at: now)
        case .closed: break
        }
    }

    /// Gives up what is under way in an answered call; requests of the peer get 487 (RFC 3261 §15.1.2).
    mutating func closeSession(_ call: inout Call, at now: Instant) {
        call.phase = .closed
        call.unacknowledged = nil
        if let invite = call.unansweredInvite, let leg = call.activeLeg {
            call.unansweredInvite = nil
            acknowledge(invite, leg: leg, &call)
        }
        if let offer = call.incomingOffer {
            call.incomingOffer = nil
            answer(offer.incoming, 487, at: now)
        }
        if case .asked(let incoming)? = call.incomingTransfer?.state { answer(incoming, 487, at: now) }
        call.incomingTransfer = nil
        call.outgoingTransfer = nil
        if case .sent(var invite, let body, let attempt)? = call.outgoingOffer {
            invite.giveUpAt = now + configuration.timers.timeout
            call.outgoingOffer = .sent(invite, body: body, attempt: attempt)
        } else {
            call.outgoingOffer = nil
        }
    }

    // MARK: Time

    /// Does what is due.
    ///
    /// - Returns: INVITE transactions to abandon.
    mutating func advance(_ call: inout Call, at now: Instant) -> [ClientTransactionID] {
        var abandoned: [ClientTransactionID] = []
        if let answer = call.unacknowledged { advance(answer, &call, at: now) }
        if let until = call.outgoingTransfer?.until, until <= now { endTransfer(408, "No NOTIFY", &call) }
        if let id = advanceOffer(&call, at: now) { abandoned.append(id) }
        switch call.phase {
        case .calling(var invite, let ringUntil):
            if call.isOver {
                if let giveUpAt = invite.giveUpAt, giveUpAt <= now { abandoned.append(invite.id) }
            } else if ringUntil <= now {
                emit(.failed(CallFailure(cause: .ringTimeout, status: 408, reason: "No Answer")), &call)
                cancel(&invite, reasons: [], &call, at: now)
                call.phase = .calling(invite, ringUntil: ringUntil)
            }
        case .ringing(let attempt): advance(attempt, &call, at: now)
        case .answered, .confirmed, .closed: break
        }
        return abandoned
    }
}

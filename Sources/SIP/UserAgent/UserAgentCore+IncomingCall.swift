import SansIO

/// Calls that come in, up to the ACK of our answer (RFC 3261 §13.3).
extension UserAgentCore {
    /// How often a provisional response is repeated, so that no proxy gives the call up (RFC 3261 §13.3.1.1).
    private static let provisionalInterval = Duration.seconds(60)

    mutating func receiveInvite(_ incoming: IncomingRequest, at now: Instant) {
        let request = incoming.request
        guard let transaction = incoming.transaction else { return }
        guard request.contact != nil else {
            answer(incoming, 400, reason: "Missing Contact", at: now)
            return
        }
        let localTag = random.token(length: 10)
        let dialog = Dialog(invitedBy: request, localTag: localTag)
        let key = configuration.credentials.map { AuthenticationKey(credentials: $0, peer: incoming.source) }
        let attempt = IncomingAttempt(incoming: incoming, until: now + configuration.answerTimeout)
        var call = Call(
            handle: makeHandle(), isOutgoing: false, callID: request.callID, localTag: localTag,
            phase: .ringing(attempt), authentication: key,
            peer: incoming.source)
        addLeg(dialog, &call)
        call.activeTag = dialog.id.remoteTag
        cancellable[transaction] = call.handle
        callCount += 1
        emit(.incoming(IncomingCall(request: request, source: incoming.source)), &call)
        store(call)
    }

    mutating func ring(_ status: Int, body: [UInt8], _ call: inout Call, at now: Instant) {
        guard case .ringing(var attempt) = call.phase, (101...199).contains(status), let leg = call.activeLeg else {
            return
        }
        var response = Response(
            to: attempt.request, statusCode: status, toTag: call.localTag,
            headers: dialogHeaders(call.legs[leg].dialog, body: body), body: body)
        response.copyRecordRoute(of: attempt.request)
        attempt.provisional = (response, now + Self.provisionalInterval)
        call.phase = .ringing(attempt)
        answer(attempt.incoming, response, at: now)
    }

    mutating func accept(body: [UInt8], _ call: inout Call, at now: Instant) {
        guard case .ringing(let attempt) = call.phase, let leg = call.activeLeg else { return }
        call.legs[leg].dialog.confirm()
        call.phase = .answered
        accept(attempt.incoming, body: body, isFirst: true, leg: leg, &call, at: now)
    }

    /// Answers an INVITE or re-INVITE with 200, which is sent again until its ACK comes.
    mutating func accept(
        _ incoming: IncomingRequest, body: [UInt8], isFirst: Bool, leg: Int, _ call: inout Call, at now: Instant
    ) {
        var response = Response(
            to: incoming.request, statusCode: 200, toTag: call.localTag,
            headers: dialogHeaders(call.legs[leg].dialog, body: body), body: body)
        response.copyRecordRoute(of: incoming.request)
        let timers = configuration.timers
        call.unacknowledged = UnacknowledgedAnswer(
            incoming: incoming, response: response, isFirst: isFirst, isOffer: incoming.request.body.isEmpty,
            resendAt: now + timers.t1, interval: timers.t1, giveUpAt: now + timers.timeout)
        answer(incoming, response, at: now)
    }

    mutating func reject(
        _ status: Int, reason: String?, headers: Headers, _ call: inout Call, at now: Instant
    ) {
        guard case .ringing(let attempt) = call.phase else { return }
        let code = (300...699).contains(status) ? status : 480
        emit(.ended(CallEnd(by: .local, cause: .rejected(code))), &call)
        refuse(attempt, code, reason: reason, headers: headers, &call, at: now)
    }

    /// Sends the final response to an INVITE that is not accepted.
    mutating func refuse(
        _ attempt: IncomingAttempt, _ status: Int, reason: String? = nil, headers: Headers = Headers(),
        _ call: inout Call, at now: Instant
    ) {
        call.phase = .closed
        let response = Response(
            to: attempt.request, statusCode: status, reason: reason, toTag: call.localTag, headers: headers)
        answer(attempt.incoming, response, at: now)
    }

    /// CANCEL of an INVITE or re-INVITE (RFC 3261 §9.2).
    mutating func receiveCancel(_ incoming: IncomingRequest, at now: Instant) {
        let id = ServerTransactionID(cancelledBy: incoming.request)
        guard transactions.contains(id) else {
            answer(incoming, 481, at: now)
            return
        }
        guard let handle = cancellable[id], var call = calls[handle] else {
            // The final response was sent: nothing is left to cancel.
            answer(incoming, 200, at: now)
            return
        }
        answer(incoming, Response(to: incoming.request, statusCode: 200, toTag: call.localTag), at: now)
        if case .ringing(let attempt) = call.phase, attempt.incoming.transaction == id {
            let reasons = incoming.request.headers.all(.reason)
            emit(.ended(CallEnd(by: .remote, cause: .cancelled, reasons: reasons)), &call)
            refuse(attempt, 487, &call, at: now)
        } else if let offer = call.incomingOffer, offer.incoming.transaction == id {
            call.incomingOffer = nil
            answer(offer.incoming, 487, at: now)
            emit(.offerWithdrawn, &call)
        }
        store(call)
    }

    /// ACK of a 2xx; stray ones lead to nothing.
    mutating func receiveAcknowledgement(_ request: Request, at now: Instant) {
        guard let id = Dialog.ID(receiving: request), let handle = dialogs[id], var call = calls[handle],
            let answer = call.unacknowledged, answer.response.cseq.number == request.cseq.number,
            let leg = call.activeLeg
        else { return }
        call.unacknowledged = nil
        if let reasons = answer.bye {
            call.phase = .closed
            sendBye(leg: leg, reasons: reasons, &call, at: now)
        } else if answer.isFirst {
            call.phase = .confirmed
            emit(.answered(body: answer.isOffer ? request.body : [], headers: request.headers), &call)
        } else if answer.isOffer {
            emit(.offerAnswered(body: request.body), &call)
        }
        store(call)
    }

    // MARK: Time

    mutating func advance(_ pending: IncomingAttempt, _ call: inout Call, at now: Instant) {
        var attempt = pending
        if attempt.until <= now {
            emit(.ended(CallEnd(by: .local, cause: .unanswered)), &call)
            refuse(attempt, 480, &call, at: now)
        } else if let (response, repeatAt) = attempt.provisional, repeatAt <= now {
            attempt.provisional = (response, now + Self.provisionalInterval)
            call.phase = .ringing(attempt)
            answer(attempt.incoming, response, at: now)
        }
    }

    /// Sends an unacknowledged 2xx again, or gives the call up.
    mutating func advance(_ answer: UnacknowledgedAnswer, _ call: inout Call, at now: Instant) {
        if answer.giveUpAt <= now {
            call.unacknowledged = nil
            emit(.ended(CallEnd(by: .local, cause: .noAcknowledgement)), &call)
            closeSession(&call, at: now)
            if let leg = call.activeLeg { sendBye(leg: leg, reasons: answer.bye ?? [], &call, at: now) }
        } else if answer.resendAt <= now {
            let interval = min(answer.interval * 2, configuration.timers.t2)
            call.unacknowledged?.interval = interval
            call.unacknowledged?.resendAt = now + interval
            self.answer(answer.incoming, answer.response, at: now)
        }
    }
}

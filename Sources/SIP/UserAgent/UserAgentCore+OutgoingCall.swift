import SansIO

/// Calls that we place, up to the answer (RFC 3261 §13.2).
extension UserAgentCore {
    /// Fields of an INVITE that the application can't set.
    private static let reservedFields: Set<HeaderName> = [
        .contact, .contentType, .maxForwards, .allow, .supported, .userAgent, .recordRoute, .authorization,
        .proxyAuthorization, .via, .from, .to, .callID, .cseq, .contentLength,
    ]

    mutating func place(_ invite: OutgoingInvite, as handle: CallHandle, at now: Instant) {
        guard calls[handle] == nil else { return }
        guard callCount < configuration.limits.calls else {
            let failure = CallFailure(
                cause: .tooManyCalls, status: 503, reason: "More than \(configuration.limits.calls) calls")
            actions.append(.event(handle, .failed(failure)))
            return
        }
        var from = invite.from
        let localTag = random.token(length: 10)
        from.tag = localTag
        var to = invite.to ?? NameAddress(uri: invite.requestURI)
        to.tag = nil
        var headers = agentHeaders()
        headers.append(.contact, contact(for: from))
        for field in invite.headers.fields where !Self.reservedFields.contains(field.name) {
            headers.append(field.name, field.value)
        }
        if !invite.offer.isEmpty { headers.append(.contentType, MediaType.sdp.description) }
        var request = Request(
            method: .invite, uri: invite.requestURI, via: makeVia(), from: from, to: to,
            callID: random.token(length: 20) + "@" + configuration.address.host,
            sequenceNumber: UInt32(truncatingIfNeeded: random.next() & 0x3FFF) + 1, headers: headers, body: invite.offer
        )
        let ringUntil = now + (invite.ringTimeout ?? configuration.ringTimeout)
        let key = invite.credentials.map { AuthenticationKey(credentials: $0, peer: invite.destination) }
        var call = Call(
            handle: handle, isOutgoing: true, callID: request.callID, localTag: localTag, phase: .closed,
            authentication: key,
            peer: invite.destination)
        preauthorize(&request, call)
        call.phase = .calling(PendingInvite(request: request), ringUntil: ringUntil)
        callCount += 1
        _ = start(request, to: invite.destination, for: .invite(handle), &call, at: now)
        store(call)
    }

    // MARK: Responses

    mutating func receiveInviteResponse(
        _ response: Response, of id: ClientTransactionID, _ call: inout Call, at now: Instant
    ) {
        if response.isFinal && !isChallenge(response) { call.challenges = 0 }
        guard case .calling(let invite, let ringUntil) = call.phase, invite.id == id else {
            if response.isSuccess { acceptFork(response, of: id, &call, at: now) }
            return
        }
        if response.isProvisional {
            receiveProvisional(response, to: invite, ringUntil: ringUntil, &call, at: now)
        } else if response.isSuccess {
            receiveAnswer(response, to: invite, &call, at: now)
        } else {
            receiveRefusal(response, of: invite, ringUntil: ringUntil, &call, at: now)
        }
    }

    private mutating func receiveProvisional(
        _ response: Response, to pending: PendingInvite, ringUntil: Instant, _ call: inout Call, at now: Instant
    ) {
        var invite = pending
        invite.hasProvisional = true
        if case .queued(let reasons) = invite.cancellation { sendCancel(&invite, reasons: reasons, &call, at: now) }
        call.phase = .calling(invite, ringUntil: ringUntil)
        guard !call.isOver else { return }
        guard response.statusCode > 100 else {
            if !call.hasTrying { emit(.trying, &call) }
            call.hasTrying = true
            return
        }
        let tag = response.to.tag ?? ""
        if response.statusCode == 199 {
            // RFC 6228: that fork has given up.
            forgetLegs(&call) { $0.dialog.id.remoteTag == tag }
        } else if !tag.isEmpty, call.leg(tag) == nil {
            guard call.legs.count < configuration.limits.earlyDialogs else { return }
            addLeg(Dialog(inviting: invite.request, response: response), &call)
        }
        let provisional = ProvisionalResponse(
            status: response.statusCode, reason: response.reason, headers: response.headers, body: response.body,
            dialogTag: tag)
        emit(.provisional(provisional), &call)
    }

    private mutating func receiveAnswer(
        _ response: Response, to invite: PendingInvite, _ call: inout Call, at now: Instant
    ) {
        let leg = confirmLeg(by: response, to: invite.request, &call)
        if invite.request.body.isEmpty && !response.body.isEmpty && !call.isOver {
            call.unansweredInvite = invite.request
        } else {
            acknowledge(invite.request, leg: leg, &call)
        }
        guard !call.isOver else {
            // The answer crossed our CANCEL.
            call.phase = .closed
            sendBye(leg: leg, reasons: [], &call, at: now)
            return
        }
        call.activeTag = call.legs[leg].dialog.id.remoteTag
        call.phase = .confirmed
        emit(.answered(body: response.body, headers: response.headers), &call)
    }

    /// A 2xx that comes after the first: the same again, or of another fork, which is hung up
    /// (RFC 3261 §13.2.2.4).
    private mutating func acceptFork(
        _ response: Response, of id: ClientTransactionID, _ call: inout Call, at now: Instant
    ) {
        guard let invite = transactions.request(of: id) else { return }
        let leg = confirmLeg(by: response, to: invite, &call)
        if call.unansweredInvite != nil && call.activeLeg == leg { return }
        let isNew = acknowledge(invite, leg: leg, &call)
        if isNew && call.activeLeg != leg { sendBye(leg: leg, reasons: [], &call, at: now) }
    }

    private mutating func receiveRefusal(
        _ response: Response, of invite: PendingInvite, ringUntil: Instant, _ call: inout Call, at now: Instant
    ) {
        forgetLegs(&call) { _ in true }
        var request = invite.request
        if isChallenge(response), !call.isOver, authorize(&request, after: response, &call) {
            request.topVia = makeVia()
            request.cseq.number = request.cseq.number < CSeq.maximumNumber ? request.cseq.number + 1 : 1
            call.phase = .calling(PendingInvite(request: request), ringUntil: ringUntil)
            _ = start(request, to: call.peer, for: .invite(call.handle), &call, at: now)
            return
        }
        call.phase = .closed
        let cause = isChallenge(response) ? CallFailure.Cause.unauthorized : .refused
        let failure = CallFailure(
            cause: cause, status: response.statusCode, reason: response.reason, headers: response.headers)
        emit(.failed(failure), &call)
    }

    /// The INVITE's transaction is over: no answer can come any more, not even of other forks.
    mutating func inviteFinished(_ id: ClientTransactionID, _ outcome: TransactionOutcome, _ call: inout Call) {
        if case .calling(let invite, _) = call.phase {
            // A challenged INVITE's transaction ends while the next one is under way.
            guard invite.id == id else { return }
            call.phase = .closed
            let cause = outcome == .transportFailed ? CallFailure.Cause.transportFailed : .noResponse
            let reason = Response.reasonPhrase(for: outcome.status)
            emit(.failed(CallFailure(cause: cause, status: outcome.status, reason: reason)), &call)
        }
        forgetLegs(&call) { $0.dialog.state == .early }
    }

    // MARK: Legs

    mutating func addLeg(_ dialog: Dialog, _ call: inout Call) {
        call.legs.append(Leg(dialog: dialog))
        dialogs[dialog.id] = call.handle
    }

    private mutating func confirmLeg(by response: Response, to invite: Request, _ call: inout Call) -> Int {
        if let leg = call.leg(response.to.tag ?? "") {
            if call.legs[leg].dialog.state == .early { call.legs[leg].dialog.confirm(by: response) }
            return leg
        }
        addLeg(Dialog(inviting: invite, response: response), &call)
        return call.legs.count - 1
    }

    private mutating func forgetLegs(_ call: inout Call, where isForgotten: (Leg) -> Bool) {
        for leg in call.legs where isForgotten(leg) { dialogs[leg.dialog.id] = nil }
        call.legs.removeAll(where: isForgotten)
    }
}

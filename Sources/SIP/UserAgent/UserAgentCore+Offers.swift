import SansIO

/// Session changes by re-INVITE and UPDATE (RFC 3261 §14, RFC 3311, RFC 6141).
extension UserAgentCore {
    /// How often a re-INVITE that met the peer's own is tried.
    private static let maximumOfferAttempts = 5

    // MARK: The peer's

    mutating func receiveOffer(_ incoming: IncomingRequest, leg: Int, _ call: inout Call, at now: Instant) {
        let request = incoming.request
        let isRefresh = request.method == .update && request.body.isEmpty
        switch call.phase {
        case .calling where isRefresh, .ringing where isRefresh, .answered where isRefresh:
            refresh(incoming, leg: leg, &call, at: now)
        case .confirmed where isRefresh && call.activeLeg == leg: refresh(incoming, leg: leg, &call, at: now)
        case .calling, .answered: answer(incoming, 491, at: now)
        case .ringing: refuseSecondOffer(incoming, at: now)
        case .confirmed where call.activeLeg == leg:
            if call.incomingOffer != nil {
                refuseSecondOffer(incoming, at: now)
            } else if case .sent? = call.outgoingOffer {
                answer(incoming, 491, at: now)
            } else if call.unacknowledged != nil || call.unansweredInvite != nil {
                answer(incoming, 491, at: now)
            } else {
                call.incomingOffer = IncomingOffer(incoming: incoming)
                if request.method == .invite, let transaction = incoming.transaction {
                    cancellable[transaction] = call.handle
                }
                emit(.offer(body: request.body.isEmpty ? nil : request.body), &call)
            }
        case .confirmed, .closed: answer(incoming, 481, at: now)
        }
    }

    /// A UPDATE without offer: a new target or a sign of life (RFC 3311 §5.2, RFC 4028).
    private mutating func refresh(_ incoming: IncomingRequest, leg: Int, _ call: inout Call, at now: Instant) {
        call.legs[leg].dialog.refreshTarget(by: incoming.request)
        answer(incoming, 200, headers: dialogHeaders(call.legs[leg].dialog, body: []), at: now)
    }

    /// Another offer before the last is answered: 500 with a random time to wait (RFC 3261 §14.2, RFC 3311 §5.2).
    private mutating func refuseSecondOffer(_ incoming: IncomingRequest, at now: Instant) {
        let wait = RetryAfter(seconds: UInt32.random(in: 0...10, using: &random))
        answer(incoming, 500, headers: Headers([Headers.Field(.retryAfter, wait.description)]), at: now)
    }

    mutating func answerOffer(_ body: [UInt8], _ call: inout Call, at now: Instant) {
        if let invite = call.unansweredInvite, let leg = call.activeLeg {
            call.unansweredInvite = nil
            acknowledge(invite, answer: body, leg: leg, &call)
            return
        }
        guard let offer = call.incomingOffer, let leg = call.activeLeg else { return }
        call.incomingOffer = nil
        call.legs[leg].dialog.refreshTarget(by: offer.request)
        if offer.request.method == .invite {
            accept(offer.incoming, body: body, isFirst: false, leg: leg, &call, at: now)
        } else {
            let headers = dialogHeaders(call.legs[leg].dialog, body: body)
            answer(
                offer.incoming, Response(to: offer.request, statusCode: 200, headers: headers, body: body), at: now)
        }
    }

    mutating func refuseOffer(_ status: Int, _ call: inout Call, at now: Instant) {
        guard let offer = call.incomingOffer else { return }
        call.incomingOffer = nil
        answer(offer.incoming, (300...699).contains(status) ? status : 488, at: now)
    }

    // MARK: Ours

    mutating func offer(_ body: [UInt8], _ call: inout Call, at now: Instant) {
        guard call.isConfirmed, call.incomingOffer == nil, call.outgoingOffer == nil, call.unacknowledged == nil,
            call.unansweredInvite == nil
        else {
            emit(.offerRefused(status: 491, reason: Response.reasonPhrase(for: 491)), &call)
            return
        }
        sendReinvite(body, attempt: 1, &call, at: now)
    }

    private mutating func sendReinvite(_ body: [UInt8], attempt: Int, _ call: inout Call, at now: Instant) {
        guard let leg = call.activeLeg else { return }
        let headers = Headers([Headers.Field(.contentType, MediaType.sdp.description)])
        let (_, request) = send(.invite, for: .reinvite, leg: leg, headers: headers, body: body, &call, at: now)
        var invite = PendingInvite(request: request)
        invite.giveUpAt = now + configuration.timers.timeout
        call.outgoingOffer = .sent(invite, body: body, attempt: attempt)
    }

    /// The re-INVITE was sent again with credentials.
    mutating func reinviteRetried(_ request: Request, _ call: inout Call) {
        guard case .sent(let old, let body, let attempt)? = call.outgoingOffer else { return }
        var invite = PendingInvite(request: request)
        invite.giveUpAt = old.giveUpAt
        call.outgoingOffer = .sent(invite, body: body, attempt: attempt)
    }

    mutating func receiveReinviteResponse(
        _ response: Response, of id: ClientTransactionID, leg: Int, _ call: inout Call, at now: Instant
    ) {
        guard case .sent(var invite, let body, let attempt)? = call.outgoingOffer, invite.id == id else {
            if response.isSuccess, let invite = transactions.request(of: id) { acknowledge(invite, leg: leg, &call) }
            return
        }
        if response.isProvisional {
            invite.hasProvisional = true
            call.outgoingOffer = .sent(invite, body: body, attempt: attempt)
            return
        }
        call.outgoingOffer = nil
        switch response.statusCode {
        case 200..<300:
            call.legs[leg].dialog.refreshTarget(by: response)
            acknowledge(invite.request, leg: leg, &call)
            emit(.offerAnswered(body: response.body), &call)
        case 491 where attempt < Self.maximumOfferAttempts && call.isConfirmed:
            call.outgoingOffer = .waiting(until: now + glareDelay(call), body: body, attempt: attempt + 1)
        case 408, 481: loseDialog(response.statusCode, leg: leg, &call, at: now)
        default: emit(.offerRefused(status: response.statusCode, reason: response.reason), &call)
        }
    }

    /// The re-INVITE was not answered: the dialog is gone (RFC 3261 §14.1).
    mutating func reinviteFailed(
        _ id: ClientTransactionID, status: Int, leg: Int, _ call: inout Call, at now: Instant
    ) {
        guard case .sent(let invite, _, _)? = call.outgoingOffer, invite.id == id else { return }
        call.outgoingOffer = nil
        loseDialog(status, leg: leg, &call, at: now)
    }

    /// 2.1–4 s for the owner of the Call-ID, 0–2 s for the other side, in steps of 10 ms (RFC 3261 §14.1).
    private mutating func glareDelay(_ call: Call) -> Duration {
        let steps =
            call.isOutgoing ? Int.random(in: 210...400, using: &random) : Int.random(in: 0...200, using: &random)
        return .milliseconds(steps * 10)
    }

    /// Does what is due for a re-INVITE of ours.
    ///
    /// - Returns: A transaction to abandon.
    mutating func advanceOffer(_ call: inout Call, at now: Instant) -> ClientTransactionID? {
        switch call.outgoingOffer {
        case .waiting(let until, let body, let attempt)? where until <= now:
            guard call.incomingOffer == nil, call.unacknowledged == nil else {
                call.outgoingOffer = .waiting(until: now + glareDelay(call) + .seconds(1), body: body, attempt: attempt)
                return nil
            }
            call.outgoingOffer = nil
            sendReinvite(body, attempt: attempt, &call, at: now)
            return nil
        case .sent(var invite, let body, let attempt)?:
            guard let giveUpAt = invite.giveUpAt, giveUpAt <= now else { return nil }
            guard invite.hasProvisional, invite.cancellation == .none, !call.isOver else {
                return invite.id
            }
            sendCancel(&invite, reasons: [], &call, at: now)
            call.outgoingOffer = .sent(invite, body: body, attempt: attempt)
            return nil
        default: return nil
        }
    }
}

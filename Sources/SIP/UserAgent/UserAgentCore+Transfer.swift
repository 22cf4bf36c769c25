import SansIO

/// REFER and the NOTIFYs of its subscription (RFC 3515, RFC 3420, RFC 4488, RFC 6665).
extension UserAgentCore {
    // MARK: We transfer the peer

    mutating func transfer(to target: URI, headers: Headers, _ call: inout Call, at now: Instant) {
        guard call.isConfirmed, call.outgoingTransfer == nil, let leg = call.activeLeg else {
            emit(.transferEnded(status: 491, reason: Response.reasonPhrase(for: 491)), &call)
            return
        }
        var referrer = call.legs[leg].dialog.localAddress
        referrer.tag = nil
        var all = Headers()
        all.append(.referTo, NameAddress(uri: target).description)
        if !headers.contains(.referredBy) { all.append(.referredBy, referrer.description) }
        for field in headers.fields where field.name != .referTo { all.append(field.name, field.value) }
        let (_, request) = send(.refer, for: .refer, leg: leg, headers: all, &call, at: now)
        call.hasTransferred = true
        call.outgoingTransfer = OutgoingTransfer(number: request.cseq.number)
    }

    mutating func receiveReferResponse(_ response: Response, leg: Int, _ call: inout Call, at now: Instant) {
        guard response.isFinal, let transfer = call.outgoingTransfer, transfer.number == response.cseq.number else {
            return
        }
        guard response.isSuccess else {
            endTransfer(response.statusCode, response.reason, &call)
            if response.statusCode == 481 { loseDialog(481, leg: leg, &call, at: now) }
            return
        }
        call.outgoingTransfer?.isAccepted = true
        if transfer.until == nil { call.outgoingTransfer?.until = now + configuration.transferTimeout }
        emit(.transferAccepted, &call)
    }

    mutating func receiveNotify(_ incoming: IncomingRequest, _ call: inout Call, at now: Instant) {
        let request = incoming.request
        guard let event = request.event, Grammar.equal(event.package, Event.refer.package) else {
            refuseEvent(incoming, at: now)
            return
        }
        guard let transfer = call.outgoingTransfer, event.id == nil || event.id == String(transfer.number) else {
            // The last NOTIFYs of a transfer that has ended are welcome, those of none are not.
            answer(incoming, call.hasTransferred ? 200 : 481, at: now)
            return
        }
        answer(incoming, 200, at: now)
        let line = StatusLine(fragment: request.body)
        let subscription = request.subscriptionState
        if let line, line.statusCode >= 200 {
            endTransfer(line.statusCode, line.reason, &call)
        } else if subscription?.phase == .terminated {
            let reason = subscription?.reason.map { " (\($0))" } ?? ""
            endTransfer(487, "Subscription Terminated" + reason, &call)
        } else {
            // The target may ring for long; the subscription says how long at most.
            let expires = min(subscription?.expires ?? 180, 600)
            call.outgoingTransfer?.until = now + max(.seconds(Int64(expires)), configuration.transferTimeout)
            if let line { emit(.transferProgress(status: line.statusCode, reason: line.reason), &call) }
        }
    }

    mutating func endTransfer(_ status: Int, _ reason: String, _ call: inout Call) {
        guard call.outgoingTransfer != nil else { return }
        call.outgoingTransfer = nil
        emit(.transferEnded(status: status, reason: reason), &call)
    }

    /// The call ends while a transfer is under way. A peer that hangs up after it took the REFER, and has not said that
    /// the target refused, has gone there.
    mutating func endTransferWithCall(_ event: CallEvent, _ call: inout Call) {
        guard let transfer = call.outgoingTransfer else { return }
        if case .ended(let end) = event, end.by == .remote, end.cause == .bye, transfer.isAccepted {
            endTransfer(200, "Peer Hung Up After Accepting", &call)
        } else {
            endTransfer(487, "Call Ended", &call)
        }
    }

    // MARK: The peer transfers us

    mutating func receiveRefer(_ incoming: IncomingRequest, leg: Int, _ call: inout Call, at now: Instant) {
        let request = incoming.request
        guard call.isConfirmed, call.activeLeg == leg, call.incomingTransfer == nil else {
            answer(incoming, 491, at: now)
            return
        }
        guard request.headers.all(.referTo).count == 1, let target = request.referTo else {
            answer(incoming, 400, reason: "Bad Refer-To", at: now)
            return
        }
        let isSubscribed = request.headers["Refer-Sub"].map { !Grammar.lowercased($0).hasPrefix("false") } ?? true
        call.referCount += 1
        call.incomingTransfer = IncomingTransfer(
            number: request.cseq.number, isSubscribed: isSubscribed, state: .asked(incoming))
        emit(.referred(to: target, referredBy: request.referredBy), &call)
    }

    mutating func acceptRefer(_ call: inout Call, at now: Instant) {
        guard let transfer = call.incomingTransfer, case .asked(let incoming) = transfer.state,
            let leg = call.activeLeg
        else { return }
        var headers = dialogHeaders(call.legs[leg].dialog, body: [])
        if !transfer.isSubscribed { headers.append("Refer-Sub", "false") }
        answer(incoming, 202, headers: headers, at: now)
        call.incomingTransfer?.state = .accepted(isSending: false, waiting: nil)
        reportProgress(StatusLine(statusCode: 100), &call, at: now)
    }

    mutating func refuseRefer(_ status: Int, _ call: inout Call, at now: Instant) {
        guard case .asked(let incoming)? = call.incomingTransfer?.state else { return }
        call.incomingTransfer = nil
        answer(incoming, (300...699).contains(status) ? status : 603, at: now)
    }

    mutating func reportProgress(_ line: StatusLine, _ call: inout Call, at now: Instant) {
        guard let transfer = call.incomingTransfer, case .accepted(let isSending, let waiting) = transfer.state,
            waiting?.isFinal != true
        else { return }
        let progress = IncomingTransfer.Progress(line: line)
        if !transfer.isSubscribed {
            if progress.isFinal { call.incomingTransfer = nil }
        } else if isSending {
            call.incomingTransfer?.state = .accepted(isSending: true, waiting: progress)
        } else {
            notify(progress, transfer, &call, at: now)
        }
    }

    private mutating func notify(
        _ progress: IncomingTransfer.Progress, _ transfer: IncomingTransfer, _ call: inout Call, at now: Instant
    ) {
        guard let leg = call.activeLeg else { return }
        var event = Event.refer
        // Only further REFERs need the number (RFC 3515 §2.4.6), and some peers don't expect it.
        if call.referCount > 1 { event.id = String(transfer.number) }
        var state = SubscriptionState(progress.isFinal ? .terminated : .active)
        if progress.isFinal { state.reason = "noresource" } else { state.expires = 180 }
        var headers = Headers()
        headers.append(.event, event.description)
        headers.append(.subscriptionState, state.description)
        headers.append(.contentType, MediaType.sipfrag.description)
        let body = Array((progress.line.description + "\r\n").utf8)
        call.incomingTransfer?.state = .accepted(
            isSending: true, waiting: progress.isFinal ? progress : nil)
        send(.notify, for: .notify(isFinal: progress.isFinal), leg: leg, headers: headers, body: body, &call, at: now)
    }

    /// A NOTIFY of ours is over; the next may follow.
    mutating func notifyAnswered(
        isFinal: Bool, isAccepted: Bool, leg: Int, _ call: inout Call, at now: Instant
    ) {
        guard let transfer = call.incomingTransfer, case .accepted(_, let waiting) = transfer.state else { return }
        if isFinal || !isAccepted {
            call.incomingTransfer = nil
        } else if let waiting {
            notify(waiting, transfer, &call, at: now)
        } else {
            call.incomingTransfer?.state = .accepted(isSending: false, waiting: nil)
        }
    }
}

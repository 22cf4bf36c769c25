import SansIO

/// Datagrams, and the requests in them (RFC 3261 §8.2, §12.2.2).
extension UserAgentCore {
    mutating func receive(_ datagram: [UInt8], from source: TransportAddress, at now: Instant) {
        let message: Message
        do {
            message = try Message(parsing: datagram)
        } catch {
            refuse(error, from: source)
            return
        }
        switch message {
        case .request(var request):
            NextHop.stamp(&request.topVia, source: source)
            receive(request, from: source, at: now)
        case .response(let response):
            let own = Via(transport: "UDP", host: configuration.address.host, port: configuration.address.port)
            guard response.isForUserAgent, response.topVia.sentBy == own.sentBy else { return }
            handle(transactions.receive(response, at: now), at: now)
        }
    }

    /// Answers what can't be read but can be matched by its sender; all else is ignored.
    private mutating func refuse(_ error: ParseError, from source: TransportAddress) {
        guard var refusal = error.refusal else { return }
        var destination = source
        if var via = refusal.topVia {
            NextHop.stamp(&via, source: source)
            destination = NextHop.responseAddress(of: via, source: source)
            refusal.topVia = via
        }
        let tag = statelessTag(refusal.fields.map(\.value) + [refusal.topVia?.branch ?? ""])
        actions.append(.send(refusal.serialized(toTag: tag), to: destination))
    }

    private mutating func receive(_ request: Request, from source: TransportAddress, at now: Instant) {
        if let outputs = transactions.absorb(request, at: now) {
            handle(outputs, at: now)
            return
        }
        guard request.method != .ack else {
            receiveAcknowledgement(request, at: now)
            return
        }
        let isOverloaded = transactions.serverCount >= configuration.limits.serverTransactions
        // An INVITE that is refused for want of room must not take up any.
        let isSurplus = request.method == .invite && request.to.tag == nil && callCount >= configuration.limits.calls
        guard !isOverloaded && !isSurplus else {
            receiveOverloaded(IncomingRequest(request: request, source: source, transaction: nil), at: now)
            return
        }
        let isMerged = request.to.tag == nil && request.method != .cancel && merges.isMerged(request)
        let destination = NextHop.responseAddress(of: request.topVia, source: source)
        let transaction = transactions.open(request, respondTo: destination, at: now)
        let incoming = IncomingRequest(request: request, source: source, transaction: transaction)
        if isMerged {
            answer(incoming, 482, at: now)
            return
        }
        if request.to.tag == nil && request.method != .cancel { merges.add(request, transaction) }
        if let refusal = refusal(of: request) {
            answer(incoming, refusal, at: now)
        } else if request.method == .cancel {
            receiveCancel(incoming, at: now)
        } else if request.to.tag != nil {
            receiveInDialog(incoming, at: now)
        } else {
            receiveOutOfDialog(incoming, at: now)
        }
    }

    /// The refusal of what RFC 3261 §8.2.1 to §8.2.3 let no user agent accept.
    private func refusal(of request: Request) -> Response? {
        let validation = RequestValidation(
            allowedMethods: Self.allowedMethods, supportedExtensions: Self.supportedExtensions)
        var examined = request
        // Only session descriptions have a fixed type; of other bodies the method decides.
        if request.method != .invite && request.method != .update { examined.body = [] }
        return validation.refusal(of: examined, toTag: toTag(for: request))
    }

    /// Serves a request without any memory of it: a call may end, all else has to wait.
    private mutating func receiveOverloaded(_ incoming: IncomingRequest, at now: Instant) {
        let method = incoming.request.method
        if method == .cancel {
            receiveCancel(incoming, at: now)
        } else if method == .bye && incoming.request.to.tag != nil {
            receiveInDialog(incoming, at: now)
        } else {
            answer(incoming, 503, headers: retryAfterHeaders, at: now)
        }
    }

    private mutating func receiveOutOfDialog(_ incoming: IncomingRequest, at now: Instant) {
        switch incoming.request.method {
        case .invite: receiveInvite(incoming, at: now)
        case .options: answerOptions(incoming, at: now)
        case .refer: answer(incoming, 403, reason: "REFER Only Within A Call", at: now)
        case .notify where incoming.request.event?.package != Event.refer.package: refuseEvent(incoming, at: now)
        default: answer(incoming, 481, at: now)
        }
    }

    private mutating func receiveInDialog(_ incoming: IncomingRequest, at now: Instant) {
        guard let id = Dialog.ID(receiving: incoming.request), let handle = dialogs[id], var call = calls[handle],
            let leg = call.leg(id.remoteTag)
        else {
            answer(incoming, 481, at: now)
            return
        }
        receive(incoming, leg: leg, &call, at: now)
        store(call)
    }

    private mutating func receive(_ incoming: IncomingRequest, leg: Int, _ call: inout Call, at now: Instant) {
        let request = incoming.request
        guard call.legs[leg].dialog.admit(request) else {
            answer(incoming, 500, reason: "CSeq Out Of Order", at: now)
            return
        }
        call.peer = incoming.source
        if request.method == .bye {
            receiveBye(incoming, leg: leg, &call, at: now)
        } else if call.isOver || call.legs[leg].isEnded {
            answer(incoming, 481, at: now)
        } else {
            switch request.method {
            case .invite, .update: receiveOffer(incoming, leg: leg, &call, at: now)
            case .options: answerOptions(incoming, at: now)
            case .info: receiveInfo(incoming, &call, at: now)
            case .refer: receiveRefer(incoming, leg: leg, &call, at: now)
            case .notify: receiveNotify(incoming, &call, at: now)
            default: answer(incoming, 481, at: now)
            }
        }
    }

    /// OPTIONS: what an INVITE would find here (RFC 3261 §11.2).
    private mutating func answerOptions(_ incoming: IncomingRequest, at now: Instant) {
        var headers = agentHeaders()
        headers.remove(.userAgent)
        headers.append(.contact, NameAddress(uri: contactURI(user: nil)).description)
        headers.append(.accept, Self.acceptedBodies)
        headers.append(.allowEvents, Event.refer.package)
        answer(incoming, 200, headers: headers, at: now)
    }

    /// An event package that is not ours (RFC 6665 §7.3.2).
    mutating func refuseEvent(_ incoming: IncomingRequest, at now: Instant) {
        answer(incoming, 489, headers: Headers([Headers.Field(.allowEvents, Event.refer.package)]), at: now)
    }

    /// INFO (RFC 6086): the old kind without a package is handed on, packages are refused.
    private mutating func receiveInfo(_ incoming: IncomingRequest, _ call: inout Call, at now: Instant) {
        let request = incoming.request
        guard !request.headers.contains("Info-Package") else {
            answer(incoming, 469, headers: Headers([Headers.Field("Recv-Info", "")]), at: now)
            return
        }
        answer(incoming, 200, at: now)
        if !request.body.isEmpty {
            emit(.info(contentType: request.headers[.contentType] ?? "", body: request.body), &call)
        }
    }
}

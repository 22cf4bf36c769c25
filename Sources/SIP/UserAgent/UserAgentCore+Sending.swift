import SansIO

/// Requests within dialogs, and credentials.
extension UserAgentCore {
    /// Sends a request in a dialog of a call.
    ///
    /// - Returns: Its number.
    @discardableResult
    mutating func send(
        _ method: Method, for purpose: InDialogPurpose, leg: Int, headers: Headers = Headers(), body: [UInt8] = [],
        _ call: inout Call, at now: Instant
    ) -> (id: ClientTransactionID, request: Request) {
        var all = agentHeaders()
        if method != .bye && method != .info { all.append(.contact, contact(for: call.legs[leg].dialog.localAddress)) }
        for field in headers.fields { all.append(field.name, field.value) }
        var request = call.legs[leg].dialog.request(method, via: makeVia(), headers: all, body: body)
        preauthorize(&request, call)
        return (launch(request, purpose, leg: leg, &call, at: now), request)
    }

    private mutating func launch(
        _ request: Request, _ purpose: InDialogPurpose, leg: Int, _ call: inout Call, at now: Instant
    ) -> ClientTransactionID {
        let dialog = call.legs[leg].dialog
        let errand = Errand.inDialog(call.handle, remoteTag: dialog.id.remoteTag, purpose)
        let destination = NextHop.address(of: dialog.nextHop, peer: call.peer)
        return start(request, to: destination, for: errand, &call, at: now)
    }

    /// Acknowledges a 2xx to our INVITE or re-INVITE, again if it was already (RFC 3261 §13.2.2.4).
    ///
    /// - Parameter answer: The answer to the offer of the 2xx, when the INVITE had none.
    /// - Returns: `false` when it was.
    @discardableResult
    mutating func acknowledge(_ invite: Request, answer: [UInt8] = [], leg: Int, _ call: inout Call) -> Bool {
        if let sent = call.legs[leg].acknowledgement, sent.request.cseq.number == invite.cseq.number {
            actions.append(.send(sent.request.serialized(), to: sent.destination))
            return false
        }
        let dialog = call.legs[leg].dialog
        var request = dialog.acknowledgement(of: invite, via: makeVia())
        request.headers.append(.userAgent, configuration.userAgent)
        if !answer.isEmpty {
            request.headers.append(.contentType, MediaType.sdp.description)
            request.body = answer
        }
        let destination = NextHop.address(of: dialog.nextHop, peer: call.peer)
        call.legs[leg].acknowledgement = Leg.Acknowledgement(request: request, destination: destination)
        actions.append(.send(request.serialized(), to: destination))
        return true
    }

    /// Hangs up one dialog.
    mutating func sendBye(leg: Int, reasons: [String], _ call: inout Call, at now: Instant) {
        guard !call.legs[leg].isEnded else { return }
        call.legs[leg].isEnded = true
        send(
            .bye, for: .bye, leg: leg, headers: Headers(reasons.map { Headers.Field(.reason, $0) }), &call, at: now)
    }

    // MARK: Credentials (RFC 3261 §22)

    func isChallenge(_ response: Response) -> Bool { response.statusCode == 401 || response.statusCode == 407 }

    /// Adds credentials for challenges that the peer made before.
    mutating func preauthorize(_ request: inout Request, _ call: Call) {
        guard let key = call.authentication else { return }
        digestClients[key]?.preauthorize(&request)
    }

    /// How many challenges in a row are answered, whatever realms and nonces they name.
    private static let maximumChallenges = 8

    /// Gives a challenged request its credentials; number and branch are left.
    ///
    /// - Returns: `false` without credentials or when they were refused.
    mutating func authorize(_ request: inout Request, after response: Response, _ call: inout Call) -> Bool {
        guard let key = call.authentication, call.challenges < Self.maximumChallenges else { return false }
        call.challenges += 1
        // Peers that challenge are few; without a bound, a flood of addresses could grow the table.
        if digestClients.count >= 256, digestClients[key] == nil { digestClients.removeAll() }
        var client =
            digestClients[key]
            ?? DigestClient(username: key.credentials.username, password: key.credentials.password)
        let outcome = client.authorize(&request, after: response, using: &random)
        digestClients[key] = client
        return outcome == .authorized
    }

    /// Repeats a challenged request of a dialog with credentials, the next number and a fresh branch.
    mutating func retry(
        _ id: ClientTransactionID, after response: Response, leg: Int, _ purpose: InDialogPurpose,
        _ call: inout Call, at now: Instant
    ) -> Bool {
        guard var request = transactions.request(of: id), authorize(&request, after: response, &call) else {
            return false
        }
        request.topVia = makeVia()
        request.cseq.number = call.legs[leg].dialog.advance()
        _ = launch(request, purpose, leg: leg, &call, at: now)
        switch purpose {
        case .reinvite: reinviteRetried(request, &call)
        case .refer: call.outgoingTransfer?.number = request.cseq.number
        case .bye, .notify, .info: break
        }
        return true
    }
}

import SansIO

/// Responses, and the ends of client transactions.
extension UserAgentCore {
    mutating func receive(_ response: Response, of id: ClientTransactionID, at now: Instant) {
        switch errands[id] {
        case .ping(let number)?:
            guard response.isFinal else { return }
            errands[id] = nil
            actions.append(.pinged(id: number, status: response.statusCode))
        case .cancel?, nil: break
        case .invite(let handle)?:
            guard var call = calls[handle] else { return }
            receiveInviteResponse(response, of: id, &call, at: now)
            store(call)
        case .inDialog(let handle, let remoteTag, let purpose)?:
            guard var call = calls[handle], let leg = call.leg(remoteTag) else { return }
            receive(response, of: id, to: purpose, leg: leg, &call, at: now)
            store(call)
        }
    }

    mutating func finished(_ id: ClientTransactionID, _ outcome: TransactionOutcome, at now: Instant) {
        guard let errand = errands.removeValue(forKey: id) else { return }
        if case .ping(let number) = errand {
            actions.append(.pinged(id: number, status: outcome.status))
            return
        }
        guard let handle = errand.call, var call = calls[handle] else { return }
        call.transactions.remove(id)
        switch errand {
        case .invite: inviteFinished(id, outcome, &call)
        case .inDialog(_, let remoteTag, let purpose) where outcome != .completed:
            if let leg = call.leg(remoteTag) { failed(purpose, id, status: outcome.status, leg: leg, &call, at: now) }
        case .inDialog, .cancel, .ping: break
        }
        store(call)
    }

    private mutating func receive(
        _ response: Response, of id: ClientTransactionID, to purpose: InDialogPurpose, leg: Int, _ call: inout Call,
        at now: Instant
    ) {
        if response.isFinal, !response.isSuccess, isChallenge(response),
            retry(id, after: response, leg: leg, purpose, &call, at: now)
        {
            return
        }
        if response.isFinal { call.challenges = 0 }
        switch purpose {
        case .bye: break
        case .info:
            if response.statusCode == 481 { loseDialog(481, leg: leg, &call, at: now) }
        case .reinvite: receiveReinviteResponse(response, of: id, leg: leg, &call, at: now)
        case .refer: receiveReferResponse(response, leg: leg, &call, at: now)
        case .notify(let isFinal):
            if response.isFinal {
                notifyAnswered(isFinal: isFinal, isAccepted: response.isSuccess, leg: leg, &call, at: now)
            }
        }
    }

    /// A request in a dialog was not answered at all.
    private mutating func failed(
        _ purpose: InDialogPurpose, _ id: ClientTransactionID, status: Int, leg: Int, _ call: inout Call,
        at now: Instant
    ) {
        switch purpose {
        case .bye, .info: break
        case .reinvite: reinviteFailed(id, status: status, leg: leg, &call, at: now)
        case .refer: endTransfer(status, Response.reasonPhrase(for: status), &call)
        case .notify(let isFinal): notifyAnswered(isFinal: isFinal, isAccepted: false, leg: leg, &call, at: now)
        }
    }

    /// Ends a call whose dialog the peer does not know any more (RFC 3261 §12.2.1.2).
    mutating func loseDialog(_ status: Int, leg: Int, _ call: inout Call, at now: Instant) {
        guard !call.legs[leg].isEnded, call.activeLeg == leg else { return }
        emit(.ended(CallEnd(by: .remote, cause: .dialogLost(status))), &call)
        closeSession(&call, at: now)
        sendBye(leg: leg, reasons: [], &call, at: now)
    }
}

extension TransactionOutcome {
    /// The response that stands for having none (RFC 3261 §8.1.3.1).
    var status: Int {
        switch self {
        case .completed, .timedOut: 408
        case .transportFailed: 503
        }
    }
}

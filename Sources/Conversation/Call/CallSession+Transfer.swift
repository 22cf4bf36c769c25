import SansIO

/// A transfer under way.
struct Transfer: Hashable, Sendable {
    /// `nil` for the fallback's.
    let task: ScriptTaskID?
    /// The far end has taken the REFER.
    var isAccepted = false
}

/// Blind transfer (RFC 3515), as the script sees it.
extension CallSession {
    static let transferredOutcome = CallOutcome(
        kind: .transferred, reason: "transferred", message: "The call was transferred.", endedBy: .agent)

    mutating func transfer(to target: String, _ id: ScriptTaskID, at now: Instant) {
        guard phase == .active else {
            let message = "a call can be transferred only while it is active"
            resume(id, .failure(code: .wrongStatus, message: message), at: now)
            return
        }
        guard transfer == nil else {
            resume(id, .failure(code: .wrongStatus, message: "a transfer is under way"), at: now)
            return
        }
        guard !target.isEmpty, target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x3C && $0 != 0x3E }) else {
            let message = "a target is a number such as +15105550100, a tel: or a sip: URI"
            resume(id, .failure(code: .invalidArgument, message: message), at: now)
            return
        }
        transfer = Transfer(task: id)
        waits[id] = .transfer
        timers[.transfer] = now + configuration.limits.transfer
        pauseDeadline(of: id, at: now)
        perform(.transfer(target: target))
        report(.requested, code: nil)
    }

    mutating func transferAccepted() {
        guard transfer?.isAccepted == false else { return }
        transfer?.isAccepted = true
        report(.accepted, code: 202)
    }

    mutating func transferProgressed(status: Int) {
        guard transfer != nil else { return }
        report(status == 180 || status == 183 ? .ringing : .trying, code: status)
    }

    mutating func transferEnded(status: Int, reason: String, at now: Instant) {
        guard let ended = transfer else { return }
        if (200...299).contains(status) {
            transferSucceeded(code: status, at: now)
            end(CallSession.transferredOutcome, at: now)
            return
        }
        transfer = nil
        timers[.transfer] = nil
        report(.failed, code: status)
        let message = "the transfer failed: \(status) \(reason)".trimmingWhitespace()
        if let task = ended.task {
            resume(task, .failure(code: status == 408 ? .timedOut : .refused, message: message), at: now)
        } else {
            observe(.fault(CallFault(kind: .trunk, message: message)))
            if case .closing(let outcome) = phase { end(outcome, at: now) }
        }
    }

    mutating func transferSucceeded(code: Int?, at now: Instant) {
        guard let succeeded = transfer else { return }
        transfer = nil
        timers[.transfer] = nil
        report(.succeeded, code: code)
        guard let task = succeeded.task else { return }
        if case .action(let callID)? = scripts.purpose(of: task) { functions.endTurn(callID) }
        resume(task, .value(true), at: now)
    }

    mutating func report(_ status: TransferStatus, code: Int?) {
        observe(.transfer(status, code: code))
        notify(.onTransfer, [.string(status.rawValue), code.map { .integer(Int64($0)) } ?? .null])
    }
}

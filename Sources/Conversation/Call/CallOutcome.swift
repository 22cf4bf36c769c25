/// How a call ended: what the call record keeps.
public struct CallOutcome: Hashable, Sendable {
    public enum Kind: String, CaseIterable, Hashable, Sendable {
        /// Answered, and ended by one side hanging up.
        case completed
        /// Answered, and handed to somebody else.
        case transferred
        case busy
        case declined
        case noAnswer = "no_answer"
        /// The trunk would not place the call.
        case rejected
        case unauthorised
        case notFound = "not_found"
        /// The trunk failed or could not be reached.
        case trunkFailed = "trunk_failed"
        /// Ended by us before it was answered.
        case cancelled
        /// The script refused to dial.
        case refused
        case modelFailed = "model_failed"
        case scriptFailed = "script_failed"
        /// Answered, but audio never began, or ceased.
        case mediaFailed = "media_failed"
    }

    public enum Party: String, Hashable, Sendable {
        /// The script or the model.
        case agent
        /// The far end.
        case callee
        /// The operator, or a limit of this program.
        case host
        /// The trunk, the model or the network.
        case fault
    }

    public var kind: Kind
    /// One word or a few: the script's reason, `remote_hangup`, `voicemail`, `max_duration`, ….
    public var reason: String
    /// One sentence: what happened, and what to do if there is something to do.
    public var message: String
    /// The final SIP status that ended the call.
    public var sipStatus: Int?
    public var endedBy: Party
    /// From the answer to the end; zero when not answered.
    public var duration: Duration = .zero
    public var wasAnswered = false

    public init(kind: Kind, reason: String, message: String, sipStatus: Int? = nil, endedBy: Party) {
        self.kind = kind
        self.reason = reason
        self.message = message
        self.sipStatus = sipStatus
        self.endedBy = endedBy
    }
}

extension CallOutcome {
    /// The outcome of an INVITE that failed (RFC 3261 §21).
    ///
    /// - Parameters:
    ///   - wasRinging: Whether the far end had rung, which tells an unanswered call from a dead trunk at a 408.
    init(failure: TelephonyFailure, wasRinging: Bool) {
        let (kind, message) = CallOutcome.verdict(on: failure, wasRinging: wasRinging)
        let isCalleesChoice = [.busy, .declined, .noAnswer].contains(kind)
        self.init(
            kind: kind, reason: failure.reason.isEmpty ? kind.rawValue : failure.reason,
            message: failure.sentence.isEmpty ? message : failure.sentence, sipStatus: failure.status,
            endedBy: isCalleesChoice ? .callee : .fault)
    }

    private static func verdict(on failure: TelephonyFailure, wasRinging: Bool) -> (Kind, String) {
        guard let status = failure.status else {
            return (
                .trunkFailed,
                "The trunk did not answer. Check its address and port, and that it is reachable from here."
            )
        }
        let answer = failure.reason.isEmpty ? "\(status)" : "\(status) \(failure.reason)"
        return switch status {
        case 401, 407:
            (.unauthorised, "The trunk refused user name or password (\(answer)). Check the trunk's credentials.")
        case 403:
            (
                .rejected,
                "The trunk forbids this call (\(answer)). Check that caller ID, country and our address are allowed."
            )
        case 404, 410, 484, 604:
            (.notFound, "The number does not exist or is incomplete (\(answer)). Dial it in E.164 form: +15105550100.")
        case 486, 600: (.busy, "The callee is busy (\(answer)).")
        // What a trunk says beyond the status, as Twilio does of a call that it blocks, is not the callee's choice.
        case 603 where !failure.sentence.isEmpty: (.rejected, "The trunk rejected the call (\(answer)).")
        case 603, 607, 608: (.declined, "The callee declined the call (\(answer)).")
        case 480: (.noAnswer, "The callee cannot be reached now (\(answer)).")
        case 487: (.cancelled, "The call was cancelled before it was answered (\(answer)).")
        case 408 where wasRinging: (.noAnswer, "Nobody answered in time (\(answer)).")
        case 408, 504:
            (.trunkFailed, "The trunk gave no answer in time (\(answer)). Check its address and that it is up.")
        case 415, 488, 606:
            (.rejected, "The far end takes none of our codecs, PCMU and PCMA (\(answer)). Allow one of them there.")
        case 503: (.trunkFailed, "The trunk is overloaded or out of service (\(answer)). Try again later.")
        case 500...599: (.trunkFailed, "The trunk failed (\(answer)). Try again; if it stays so, ask its operator.")
        case 300...399:
            (.trunkFailed, "The trunk redirects the call (\(answer)), which is not followed. Dial that trunk.")
        default: (.rejected, "The trunk rejected the call (\(answer)).")
        }
    }
}

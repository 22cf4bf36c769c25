/// Why a call that we placed was not answered.
public struct CallFailure: Equatable, Sendable {
    public enum Cause: Hashable, Sendable {
        /// The peer refused: 3xx to 6xx.
        case refused
        /// Challenged, without credentials or with wrong ones: 401 or 407.
        case unauthorized
        /// Nobody answered the INVITE within 64·T1 (Timer B): 408.
        case noResponse
        /// The transport reported that nothing can reach the peer: 503.
        case transportFailed
        /// The callee did not answer within the ring time-out; the call is being cancelled: 408.
        case ringTimeout
        /// This user agent has as many calls as it may have: 503.
        case tooManyCalls
    }

    public let cause: Cause
    /// The final response's code, or the one that stands for the cause (RFC 3261 §8.1.3.1).
    public let status: Int
    public let reason: String
    /// Fields of the final response, such as Retry-After, Warning, Contact or X-Twilio-Error; else empty.
    public let headers: Headers

    public init(cause: Cause, status: Int, reason: String, headers: Headers = Headers()) {
        self.cause = cause
        self.status = status
        self.reason = reason
        self.headers = headers
    }
}

/// How a call ended that did not fail.
public struct CallEnd: Equatable, Sendable {
    public enum Side: Hashable, Sendable {
        case local
        case remote
    }

    public enum Cause: Hashable, Sendable {
        /// A BYE.
        case bye
        /// The caller gave up before the answer.
        case cancelled
        /// We refused the call with this code.
        case rejected(Int)
        /// Nobody here answered the call in time.
        case unanswered
        /// The caller never acknowledged our answer within 64·T1 (RFC 3261 §13.3.1.4).
        case noAcknowledgement
        /// The peer answered a request in the dialog with this code, 481 or 408 (RFC 3261 §12.2.1.2).
        case dialogLost(Int)
    }

    /// Who ended it.
    public let by: Side
    public let cause: Cause
    /// Values of the Reason fields of the BYE or CANCEL (RFC 3326), as `Q.850;cause=16;text="Terminated"`.
    public let reasons: [String]

    public init(by: Side, cause: Cause, reasons: [String] = []) {
        self.by = by
        self.cause = cause
        self.reasons = reasons
    }
}

import SIP

extension Headers {
    /// All fields, names in lower case; the values of a name that stands several times are joined by commas. Fields
    /// with credentials are left out.
    var lowercased: [String: String] {
        var result: [String: String] = [:]
        for field in fields {
            let name = field.name.text.lowercased()
            if name.contains("authenticat") || name.contains("authorization") { continue }
            result[name] = result[name].map { $0 + ", " + field.value } ?? field.value
        }
        return result
    }
}

extension URI {
    /// The user part or the number; else the whole URI.
    var userOrWhole: String {
        switch self {
        case .sip(let uri): uri.user ?? "\(self)"
        case .tel(let uri): uri.number
        case .other: "\(self)"
        }
    }
}

extension CallEnd {
    /// One word or a few: the Reason header's text, else what happened.
    var text: String {
        for reason in reasons {
            guard let start = reason.firstRange(of: "text=\"")?.upperBound else { continue }
            let text = reason[start...].prefix { $0 != "\"" }
            if !text.isEmpty { return String(text) }
        }
        return switch cause {
        case .bye: by == .remote ? "remote_hangup" : "local_hangup"
        case .cancelled: "cancelled"
        case .rejected(let status): "rejected \(status)"
        case .unanswered: "unanswered"
        case .noAcknowledgement: "no ACK to our answer"
        case .dialogLost(let status): "the far end no longer knows the call (\(status))"
        }
    }
}

extension PhoneCallEvent {
    /// What a failed INVITE means to the owner of the call.
    init(_ failure: CallFailure) {
        let isSynthetic = failure.cause != .refused && failure.cause != .unauthorized
        var sentence = ""
        switch failure.cause {
        case .refused, .unauthorized:
            // Twilio tells in a header of its own what a 603 or 403 is about.
            if let twilio = failure.headers["X-Twilio-Error"] {
                sentence =
                    "Twilio refused the call: \(twilio) (\(failure.status) \(failure.reason)). "
                    + "See https://www.twilio.com/docs/api/errors."
            }
        case .noResponse:
            sentence =
                "The trunk did not answer at all. Check its address and port, and that a firewall lets UDP through."
        case .transportFailed:
            sentence = "Nothing listens at the trunk's address. Check its address and port."
        case .ringTimeout: sentence = "Nobody answered in time."
        case .tooManyCalls: sentence = "This user agent carries as many calls as it may."
        }
        let isUnreachable = failure.cause == .noResponse || failure.cause == .transportFailed
        self = .failed(
            status: isUnreachable ? nil : failure.status,
            reason: isSynthetic ? failure.cause.word : failure.reason, sentence: sentence)
    }
}

extension CallFailure.Cause {
    fileprivate var word: String {
        switch self {
        case .refused: "refused"
        case .unauthorized: "unauthorized"
        case .noResponse: "no response"
        case .transportFailed: "unreachable"
        case .ringTimeout: "no answer"
        case .tooManyCalls: "too many calls"
        }
    }
}

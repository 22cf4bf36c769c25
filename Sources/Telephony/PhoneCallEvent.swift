public import MediaEngine

/// What a call on the telephone tells its owner. ``failed(status:reason:sentence:)`` or ``ended(byRemote:reason:)``
/// comes once, and last.
public enum PhoneCallEvent: Sendable, Hashable {
    /// 180 or 183; with early media audio already flows.
    case ringing(earlyMedia: Bool)
    /// Answered, acknowledged, and audio can flow in both directions, in `codec`.
    case answered(codec: MediaParameters.Codec, headers: [String: String])
    /// The far end put us on hold, or took us back.
    case held(Bool)
    /// A key reported by INFO; RFC 4733 events come as ``MediaEvent``.
    case digit(Character, durationMilliseconds: Int)
    case transferAccepted
    case transferProgress(status: Int, reason: String)
    case transferEnded(status: Int, reason: String)
    /// The far end asks us to call somebody else (REFER). Answer with ``PhoneCall/acceptTransfer()`` or
    /// ``PhoneCall/refuseTransfer(status:)``.
    case transferRequested(to: String)
    /// The call did not come to be.
    ///
    /// - status: The final SIP status; `nil` when no response came.
    /// - sentence: What is known beyond the status, for example Twilio's own error; may be empty.
    case failed(status: Int?, reason: String, sentence: String)
    case ended(byRemote: Bool, reason: String)

    /// Whether no event of the call follows.
    public var isLast: Bool {
        switch self {
        case .failed, .ended: true
        default: false
        }
    }
}

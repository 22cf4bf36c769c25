public import MediaEngine
import SDP
import SIP

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
}

/// Who listens to a call.
public struct PhoneCallHandlers: Sendable {
    /// Audio and media events, on the media engine's threads.
    public var media: MediaStream.Handlers
    /// Signalling events, in order. It must only pass them on.
    public var event: @Sendable (PhoneCallEvent) -> Void

    public init(media: MediaStream.Handlers, event: @escaping @Sendable (PhoneCallEvent) -> Void) {
        self.media = media
        self.event = event
    }
}

/// A call and its media stream.
///
/// The owner keeps it until the last event, and then closes ``media``: the stream outlives the dialog, so that what was
/// played last can still be asked for.
public final class PhoneCall: Sendable {
    public let media: MediaStream
    let handle: CallHandle
    private let agent: UserAgent

    init(handle: CallHandle, media: MediaStream, agent: UserAgent) {
        self.handle = handle
        self.media = media
        self.agent = agent
    }

    /// Ends the call in whatever state it is: CANCEL, BYE, or a refusal.
    ///
    /// - Parameter reason: Text of the Reason header (RFC 3326).
    public func hangUp(reason: String = "Normal call clearing") {
        let quoted = reason.filter { $0.isASCII && $0 != "\"" && $0 != "\\" && !$0.isNewline }
        agent.perform(.hangUp(reasons: ["Q.850;cause=16;text=\"\(quoted.prefix(80))\""]), on: handle)
    }

    /// Hands the far end over to somebody else by REFER (blind transfer).
    ///
    /// - Parameter target: E.164, `tel:` (which stays `tel:`) or `sip:`.
    /// - Throws: ``TelephonyError/Code/invalidTarget``.
    public func transfer(to target: String) throws(TelephonyError) {
        let isURI = target.lowercased().hasPrefix("tel:") || target.lowercased().hasPrefix("sip")
        do {
            agent.perform(
                .transfer(to: try URI(parsing: isURI ? target : "tel:" + target), headers: Headers()), on: handle)
        } catch {
            throw TelephonyError(.invalidTarget, "“\(target)” is no target for a transfer: \(error).")
        }
    }

    /// Rings an incoming call: 180.
    public func ring() {
        agent.perform(.ring(status: 180, body: nil), on: handle)
    }

    /// Answers an incoming call.
    public func answer() {
        agent.answerIncoming(handle)
    }

    /// Refuses an incoming call.
    public func reject(status: Int) {
        agent.perform(.reject(status: status, reason: nil, headers: Headers()), on: handle)
    }

    public func acceptTransfer() {
        agent.perform(.acceptRefer, on: handle)
    }

    public func refuseTransfer(status: Int = 603) {
        agent.perform(.refuseRefer(status: status), on: handle)
    }

    /// Tells the far end how the transfer goes that it asked for; a status of 200 or more ends it.
    public func reportTransfer(status: Int, reason: String? = nil) {
        agent.perform(.referProgress(status: status, reason: reason), on: handle)
    }
}

/// A call that came in and has not been answered.
public struct IncomingPhoneCall: Sendable {
    /// The user part of the caller's address, or its whole URI.
    public let from: String
    /// Whom the caller asks for.
    public let to: String
    /// Names in lower case.
    public let headers: [String: String]
}

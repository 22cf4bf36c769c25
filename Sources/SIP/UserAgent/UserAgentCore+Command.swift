extension UserAgentCore {
    /// What an application asks of a call.
    ///
    /// A command that does not fit the call's state, or comes after its last event, does nothing, but for those whose
    /// result is awaited: ``offer(body:)`` and ``transfer(to:headers:)`` then report a refusal with 491.
    public enum Command: Equatable, Sendable {
        /// Places a call under a handle of ``UserAgentCore/makeHandle()``.
        case invite(OutgoingInvite)

        // MARK: Incoming calls

        /// Sends a provisional response, 180 or 183, with a session description for early media.
        case ring(status: Int, body: [UInt8]?)
        /// Accepts with 200. `body` is the answer, or the offer when the INVITE had none.
        case answer(body: [UInt8])
        /// Refuses with 300–699; other codes become 480.
        case reject(status: Int, reason: String?, headers: Headers)

        // MARK: Any call

        /// Ends the call in whatever state it is: CANCEL, BYE, or 480 to an unanswered INVITE.
        ///
        /// ``CallEvent/ended(_:)`` follows at once; the core goes on to tell the peer until that has heard it or is
        /// gone.
        /// - Parameter reasons: Values of Reason fields (RFC 3326).
        case hangUp(reasons: [String])

        // MARK: Answered calls

        /// Offers another session by re-INVITE. The result is ``CallEvent/offerAnswered(body:)`` or
        /// ``CallEvent/offerRefused(status:reason:)``; when both sides offer at once it is tried again (491).
        case offer(body: [UInt8])
        /// Accepts the offer of ``CallEvent/offer(body:)``, or that of an answer to an INVITE without offer: its ACK
        /// waits for this.
        case answerOffer(body: [UInt8])
        /// Refuses it, usually with 488; the session stays as it was.
        case refuseOffer(status: Int)
        /// Sends an INFO (RFC 6086), for DTMF.
        case info(contentType: String, body: [UInt8])
        /// Asks the peer to call `to` instead: a REFER within the dialog. `tel:` targets stay `tel:`. The result is
        /// ``CallEvent/transferEnded(status:reason:)``; the call itself goes on until one side hangs up.
        case transfer(to: URI, headers: Headers)
        /// Accepts the peer's REFER: 202, and NOTIFY with 100.
        case acceptRefer
        /// Refuses it with 300–699, usually 603.
        case refuseRefer(status: Int)
        /// Tells the peer how the call that it asked for goes. A final code ends the subscription.
        case referProgress(status: Int, reason: String?)
    }
}

public import MediaEngine
import SIP

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
        agent.perform(.hangUp(reason: reason), on: handle)
    }

    /// Hands the far end over to somebody else by REFER (blind transfer).
    ///
    /// - Parameter target: E.164, `tel:` (which stays `tel:`) or `sip:`.
    /// - Throws: ``TelephonyError/Code/invalidTarget``.
    public func transfer(to target: String) throws(TelephonyError) {
        agent.perform(try .transfer(target: target), on: handle)
    }

    /// Rings an incoming call: 180.
    public func ring() {
        agent.perform(.ring, on: handle)
    }

    /// Answers an incoming call.
    public func answer() {
        agent.perform(.answer, on: handle)
    }

    /// Refuses an incoming call.
    public func reject(status: Int) {
        agent.perform(.reject(status: status), on: handle)
    }

    public func acceptTransfer() {
        agent.perform(.acceptTransfer, on: handle)
    }

    public func refuseTransfer(status: Int = 603) {
        agent.perform(.refuseTransfer(status: status), on: handle)
    }

    /// Tells the far end how the transfer goes that it asked for; a status of 200 or more ends it.
    public func reportTransfer(status: Int, reason: String? = nil) {
        agent.perform(.reportTransfer(status: status, reason: reason), on: handle)
    }
}

public import SIP
import SansIO

/// What the owner of a call asks for. A command that does not fit the call's state does nothing.
public enum PhoneCommand: Equatable, Sendable {
    // MARK: Incoming calls

    /// Sends 180.
    case ring
    /// Starts audio and sends 200; refuses with 488 when the caller's offer cannot be met.
    case answer
    /// Refuses with 300–699; other codes become 480.
    case reject(status: Int)

    // MARK: Any call

    /// Ends the call in whatever state it is: CANCEL, BYE, or a refusal.
    ///
    /// - reason: Text of the Reason header (RFC 3326).
    case hangUp(reason: String)

    // MARK: Transfers

    /// Hands the far end over to somebody else by REFER. ``transfer(target:)`` makes it of what a person writes.
    case transfer(to: URI)
    case acceptTransfer
    /// Refuses the far end's REFER with 300–699.
    case refuseTransfer(status: Int)
    /// Tells the far end how the transfer goes that it asked for; a status of 200 or more ends it.
    case reportTransfer(status: Int, reason: String?)

    /// A transfer (blind) to a number or an address.
    ///
    /// - Parameter target: E.164, `tel:` (which stays `tel:`) or `sip:`.
    /// - Throws: ``TelephonyError/Code/invalidTarget``.
    public static func transfer(target: String) throws(TelephonyError) -> PhoneCommand {
        let isURI = target.lowercased().hasPrefix("tel:") || target.lowercased().hasPrefix("sip")
        do {
            return .transfer(to: try URI(parsing: isURI ? target : "tel:" + target))
        } catch {
            throw TelephonyError(.invalidTarget, "“\(target)” is no target for a transfer: \(error).")
        }
    }
}

extension PhoneCore {
    mutating func perform(_ command: PhoneCommand, on handle: CallHandle, at now: Instant) {
        switch command {
        case .ring: ask(.ring(status: 180, body: nil), of: handle, at: now)
        case .answer: answer(handle, at: now)
        case .reject(let status): ask(.reject(status: status, reason: nil, headers: Headers()), of: handle, at: now)
        case .hangUp(let reason):
            let quoted = reason.filter { $0.isASCII && $0 != "\"" && $0 != "\\" && !$0.isNewline }
            ask(.hangUp(reasons: ["Q.850;cause=16;text=\"\(quoted.prefix(80))\""]), of: handle, at: now)
        case .transfer(let target): ask(.transfer(to: target, headers: Headers()), of: handle, at: now)
        case .acceptTransfer: ask(.acceptRefer, of: handle, at: now)
        case .refuseTransfer(let status): ask(.refuseRefer(status: status), of: handle, at: now)
        case .reportTransfer(let status, let reason):
            ask(.referProgress(status: status, reason: reason), of: handle, at: now)
        }
    }
}

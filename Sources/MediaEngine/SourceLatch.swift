import SansIO

/// Decides which source address is the far end's (symmetric RTP, RFC 4961; "latching", RFC 7362 §5).
///
/// - The address in SDP, and any port of its host, are the far end.
/// - Another host may be, behind a NAT: when nothing comes from SDP's host for ``patience`` and the stranger sends
///   ``confirmations`` consecutive packets of one source. SDP's own address takes the stream back with one packet.
/// - Once latched, packets of others are refused. A new address is accepted when the latched one has been silent for
///   ``silence`` and the newcomer is of a known host or goes on with the same SSRC, or when SDP has named a new address.
struct SourceLatch {
    /// How long SDP's address is waited for before another host may be taken. [ns]
    static let patience: Int64 = 300_000_000
    /// How long the latched source must be silent before another may follow it. [ns]
    static let silence: Int64 = 1_000_000_000
    /// Consecutive packets that a host needs that SDP did not name.
    static let confirmations = 4

    private struct Candidate {
        var address: SocketAddress
        var ssrc: UInt32
        var next: UInt16
        var count: Int
    }

    /// Where the far end sends from; ``SocketAddress/none`` before it is known.
    private(set) var address = SocketAddress.none
    private var announced = SocketAddress.none
    /// SDP named another address since `address` was latched.
    private var isSuperseded = false
    private var ssrc: UInt32 = 0
    private var lastHeard = Instant.zero
    private var announcedAt = Instant.zero
    private var candidate: Candidate?

    /// Takes over what SDP says. An unchanged address changes nothing.
    mutating func announce(_ remote: SocketAddress, at now: Instant) {
        guard remote != announced else { return }
        isSuperseded = address != .none
        announced = remote
        announcedAt = now
        candidate = nil
    }

    /// Where to send: to the source when it is known, else to what SDP says.
    ///
    /// After SDP has named a new address, that one counts until packets show where the far end really is.
    var destination: SocketAddress {
        guard announced.isSendable else { return .none }
        return address == .none || isSuperseded ? announced : address
    }

    /// Whether a packet is the far end's. The caller has checked that it is RTP of a known payload type.
    mutating func admits(
        _ source: SocketAddress, ssrc: UInt32, sequenceNumber: UInt16, at now: Instant
    ) -> Bool {
        if source == address, !(isSuperseded && source != announced && isQuiet(at: now)) {
            self.ssrc = ssrc
            lastHeard = now
            return true
        }
        let isAnnouncedHost = source.hasSameHost(as: announced)
        if source == announced || (isAnnouncedHost && (address == .none || isSuperseded)) {
            return latch(source, ssrc: ssrc, at: now)
        }
        if address != .none, !isSuperseded {
            guard isQuiet(at: now) else { return false }
            let isKnownHost = isAnnouncedHost || source.hasSameHost(as: address)
            guard isKnownHost || ssrc == self.ssrc else { return false }
        } else {
            let waitingSince = address == .none ? announcedAt : max(announcedAt, lastHeard)
            guard now.nanoseconds &- waitingSince.nanoseconds >= Self.patience else {
                note(source, ssrc: ssrc, sequenceNumber: sequenceNumber)
                return false
            }
        }
        guard note(source, ssrc: ssrc, sequenceNumber: sequenceNumber) >= Self.confirmations else { return false }
        return latch(source, ssrc: ssrc, at: now)
    }

    /// Whether RTCP from `source` may be the far end's: the latched host's, or that of SDP.
    func admitsControl(_ source: SocketAddress, announced control: SocketAddress) -> Bool {
        if address != .none, !isSuperseded { return source.hasSameHost(as: address) || source == control }
        return source.hasSameHost(as: announced) || source == control
    }

    private func isQuiet(at now: Instant) -> Bool {
        now.nanoseconds &- lastHeard.nanoseconds >= Self.silence
    }

    /// Counts consecutive packets of one source. Another source's packets start its own count.
    @discardableResult
    private mutating func note(_ source: SocketAddress, ssrc: UInt32, sequenceNumber: UInt16) -> Int {
        if var known = candidate, known.address == source, known.ssrc == ssrc {
            known.count = sequenceNumber == known.next ? known.count + 1 : 1
            known.next = sequenceNumber &+ 1
            candidate = known
            return known.count
        }
        candidate = Candidate(address: source, ssrc: ssrc, next: sequenceNumber &+ 1, count: 1)
        return 1
    }

    private mutating func latch(_ source: SocketAddress, ssrc: UInt32, at now: Instant) -> Bool {
        address = source
        self.ssrc = ssrc
        lastHeard = now
        isSuperseded = false
        candidate = nil
        return true
    }
}

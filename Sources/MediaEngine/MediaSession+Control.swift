import RTP
public import SansIO
import Synchronization

extension MediaSession {
    /// Takes a datagram that arrived on the RTCP port, or RTCP from the RTP port.
    public mutating func receiveControl(
        _ datagram: UnsafeRawBufferPointer, from source: SocketAddress, at now: Instant
    ) {
        takeCommands(at: now)
        guard let parameters else { return }
        guard latch.admitsControl(source, announced: parameters.remoteControl) else {
            memory.pointee.counters.strangersDropped.count()
            return
        }
        var reader = ControlReader(datagram)
        var isLeaving = false
        do {
            while let packet = try reader.next() {
                switch packet {
                case .senderReport(let sender, let info, let blocks):
                    if sender == reception.ssrc { reception.receive(senderReport: info, at: now) }
                    receive(blocks, at: now)
                case .receiverReport(_, let blocks): receive(blocks, at: now)
                case .goodbye: isLeaving = true
                case .sourceDescription, .other: break
                }
            }
        } catch {
            memory.pointee.counters.invalidDropped.count()
            return
        }
        if !isLeaving { noteSignOfLife(at: now) }
        controlSource = source
        interval.note(bytes: datagram.count)
    }

    private func receive(_ blocks: ReportBlocks, at now: Instant) {
        let arrival = NTPTimestamp(now, origin: clockOrigin).compact
        for block in blocks where block.ssrc == ssrc {
            memory.pointee.counters.remotePacketsLost.store(Int64(block.cumulativeLost), ordering: .relaxed)
            memory.pointee.counters.remoteFractionLost.store(UInt64(block.fractionLost), ordering: .relaxed)
            memory.pointee.counters.remoteJitterMicroseconds.store(UInt64(block.jitter) * 125, ordering: .relaxed)
            if let trip = block.roundTrip(arrival: arrival) {
                memory.pointee.counters.roundTripMicroseconds.store(
                    UInt64(trip) * 1_000_000 / 65_536, ordering: .relaxed)
            }
        }
    }

    /// Composes a report when one is due.
    ///
    /// - Returns: Its length; 0 when none is.
    mutating func composeControl(at now: Instant) -> Int {
        guard let due = nextReport, now >= due, controlDestination.isSendable else { return 0 }
        var writer = ControlWriter(control)
        writeReport(to: &writer, at: now)
        interval.note(bytes: writer.count)
        let senders = (isSending ? 1 : 0) + (reception.ssrc == nil ? 0 : 1)
        nextReport = Instant(
            nanoseconds: now.nanoseconds &+ interval.next(members: 2, senders: senders, weSend: isSending))
        packetsReported = memory.pointee.counters.packetsSent.load(ordering: .relaxed)
        return writer.count
    }

    /// Composes a last report with BYE.
    mutating func composeGoodbye(at now: Instant) -> Int {
        guard controlDestination.isSendable else { return 0 }
        var writer = ControlWriter(control)
        writeReport(to: &writer, at: now)
        writer.goodbye(ssrc: ssrc)
        return writer.count
    }

    /// Whether we have sent since the last report (RFC 3550 §6.4: then it is an SR).
    private var isSending: Bool {
        memory.pointee.counters.packetsSent.load(ordering: .relaxed) != packetsReported
    }

    private mutating func writeReport(to writer: inout ControlWriter, at now: Instant) {
        var sender: SenderInfo?
        if isSending {
            // `timestamp` belongs to the tick that comes next.
            let ahead = (nextTick.nanoseconds &- now.nanoseconds) / Self.nanosecondsPerSample
            sender = SenderInfo(
                ntp: NTPTimestamp(now, origin: clockOrigin),
                rtpTimestamp: timestamp &- UInt32(truncatingIfNeeded: ahead),
                packetCount: UInt32(truncatingIfNeeded: memory.pointee.counters.packetsSent.load(ordering: .relaxed)),
                octetCount: UInt32(truncatingIfNeeded: memory.pointee.counters.bytesSent.load(ordering: .relaxed)))
        }
        writer.report(ssrc: ssrc, sender: sender, block: reception.takeReportBlock(at: now))
        writer.sourceDescription(ssrc: ssrc, canonicalName: UnsafeRawBufferPointer(canonicalName))
    }
}

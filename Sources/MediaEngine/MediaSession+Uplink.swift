import Audio
import RTP
public import SansIO
import Synchronization

extension MediaSession {
    /// Takes a datagram that arrived on the RTP port.
    ///
    /// - Parameter datagram: Any bytes; copied where they must wait.
    /// - Complexity: O(1); allocates nothing.
    public mutating func receive(_ datagram: UnsafeRawBufferPointer, from source: SocketAddress, at now: Instant) {
        takeCommands(at: now)
        guard let parameters else { return }
        if Packet.isControl(datagram) {
            receiveControl(datagram, from: source, at: now)
            return
        }
        guard parameters.receives else { return }
        let packet: Packet
        do {
            packet = try Packet(parsing: datagram)
        } catch {
            memory.pointee.counters.invalidDropped.count()
            return
        }
        let header = packet.header
        let kind = parameters.kind(of: header.payloadType)
        guard kind != .unknown else {
            memory.pointee.counters.invalidDropped.count()
            return
        }
        guard latch.admits(source, ssrc: header.ssrc, sequenceNumber: header.sequenceNumber, at: now) else {
            memory.pointee.counters.strangersDropped.count()
            return
        }
        let payload = UnsafeRawBufferPointer(rebasing: datagram[packet.payload])
        noteHeard(header, count: payload.count, at: now)
        switch kind {
        case .telephoneEvent:
            receiveEvent(payload, header, at: now)
            file(header, UnsafeRawBufferPointer(start: nil, count: 0), at: now)
        case .comfortNoise:
            timeline.noteSuppression()
            file(header, UnsafeRawBufferPointer(start: nil, count: 0), at: now)
        default:
            file(header, payload, at: now)
        }
    }

    private mutating func noteHeard(_ header: PacketHeader, count: Int, at now: Instant) {
        if let before = reception.ssrc, before != header.ssrc {
            reorder.reset()
            keys.reset()
            timeline.restart(at: now)
            lostBefore = 0
        }
        reception.receive(header, at: now)
        memory.pointee.counters.packetsReceived.count()
        memory.pointee.counters.bytesReceived.count(count)
        memory.pointee.counters.jitterMicroseconds.store(UInt64(reception.jitter) * 125, ordering: .relaxed)
        noteSignOfLife(at: now)
        if !hasStarted {
            hasStarted = true
            report(UpwardRecord(.started, at: now))
        }
    }

    private mutating func receiveEvent(_ payload: UnsafeRawBufferPointer, _ header: PacketHeader, at now: Instant) {
        guard let event = TelephoneEvent(parsing: payload) else {
            memory.pointee.counters.invalidDropped.count()
            return
        }
        let (earlier, current) = keys.receive(event, timestamp: header.timestamp, at: now)
        reportKey(earlier, at: now)
        reportKey(current, at: now)
    }

    private mutating func reportKey(_ press: TelephoneEventReceiver.Press?, at now: Instant) {
        guard let press, let digit = TelephoneEvent.digit(code: press.code) else { return }
        report(UpwardRecord(.digit, tag: UInt32(digit), first: Int(press.duration / 8), at: now))
    }

    /// Puts a packet in its place, and hands on what is in order. Packets without audio only keep their number.
    private mutating func file(_ header: PacketHeader, _ payload: UnsafeRawBufferPointer, at now: Instant) {
        var arrival = reorder.insert(header, payload: payload, at: now)
        if arrival == .windowExceeded {
            handOnStored(at: .distantFuture, now: now)
            arrival = reorder.insert(header, payload: payload, at: now)
        }
        switch arrival {
        case .inOrder(let lost):
            noteLost(lost)
            handOn(header, payload, at: now)
            handOnStored(at: now, now: now)
        case .restarted:
            timeline.restart(at: now)
            lostBefore = 0
            handOn(header, payload, at: now)
        case .stored: handOnStored(at: now, now: now)
        case .duplicate: memory.pointee.counters.packetsDuplicate.count()
        case .late: memory.pointee.counters.packetsLate.count()
        case .refused, .windowExceeded: memory.pointee.counters.invalidDropped.count()
        }
    }

    /// - Parameter limit: Gaps whose wait is over by then are given up.
    private mutating func handOnStored(at limit: Instant, now: Instant) {
        while let release = reorder.next(at: limit) {
            switch release {
            case .packet(let header, let payload, _): handOn(header, payload, at: now)
            case .gap(let lost): noteLost(lost)
            }
        }
    }

    private mutating func noteLost(_ count: Int) {
        lostBefore += count
        memory.pointee.counters.packetsLost.count(count)
    }

    private mutating func handOn(_ header: PacketHeader, _ payload: UnsafeRawBufferPointer, at now: Instant) {
        guard !payload.isEmpty, let parameters, case .audio(let law) = parameters.kind(of: header.payloadType) else {
            return
        }
        let fill = timeline.packet(timestamp: header.timestamp, samples: payload.count, lost: lostBefore, at: now)
        lostBefore = 0
        conceal(fill.concealed, at: now)
        fillSilence(fill.silence, at: now)
        if law == (isMu ? .mu : .a) {
            concealment.note(payload)
            deliver(payload, at: now)
        } else {
            let count = min(payload.count, scratch.count)
            let transcoded = UnsafeMutableRawBufferPointer(rebasing: scratch[..<count])
            transcoded.copyMemory(from: UnsafeRawBufferPointer(rebasing: payload[..<count]))
            G711.transcode(transcoded.assumingMemoryBound(to: UInt8.self), from: law)
            concealment.note(UnsafeRawBufferPointer(transcoded))
            deliver(UnsafeRawBufferPointer(transcoded), at: now)
        }
    }

    /// RTP or RTCP came: the media time-out begins anew. A far end that suppresses silence goes on sending reports.
    mutating func noteSignOfLife(at now: Instant) {
        lastHeard = now
        hasTimedOut = false
    }

    /// Does what time asks for on the way up: gaps, silence, keys without end, a far end that is gone.
    mutating func attendUplink(at now: Instant) {
        guard let parameters, parameters.receives else { return }
        handOnStored(at: now, now: now)
        reportKey(keys.tick(at: now), at: now)
        fillSilence(timeline.tick(at: now), at: now)
        guard timeoutNanoseconds > 0, !hasTimedOut else { return }
        if now.nanoseconds &- lastHeard.nanoseconds >= timeoutNanoseconds {
            hasTimedOut = true
            report(UpwardRecord(.timedOut, at: now))
        }
    }

    private mutating func conceal(_ count: Int, at now: Instant) {
        guard count > 0 else { return }
        let audio = UnsafeMutableRawBufferPointer(rebasing: scratch[..<min(count, scratch.count)])
        concealment.fill(audio, law: isMu ? .mu : .a)
        memory.pointee.counters.bytesConcealed.count(audio.count)
        deliver(UnsafeRawBufferPointer(audio), at: now)
    }

    private mutating func fillSilence(_ count: Int, at now: Instant) {
        var rest = count
        while rest > 0 {
            let audio = UnsafeMutableRawBufferPointer(rebasing: scratch[..<min(rest, scratch.count)])
            audio.initializeMemory(as: UInt8.self, repeating: G711.silence(isMu ? .mu : .a))
            memory.pointee.counters.bytesFilled.count(audio.count)
            deliver(UnsafeRawBufferPointer(audio), at: now)
            rest -= audio.count
        }
    }

    /// Hands audio upward, and to the recording.
    private mutating func deliver(_ audio: UnsafeRawBufferPointer, at now: Instant) {
        hasWrittenUpward = true
        if !memory.pointee.upward.write(
            kind: UpwardRecord.Kind.uplink.rawValue, at: now, audio, reserve: ChannelMemory.eventReserve)
        {
            memory.pointee.counters.bytesOverflowed.count(audio.count)
        }
        guard let tap else { return }
        let position = recording.place(audio.count, arrived: now)
        if !tap.pointee.write(audio, side: .left, isMu: isMu, position: position) {
            memory.pointee.counters.recordingOverflowed.count(audio.count)
        }
    }
}

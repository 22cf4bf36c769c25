import Audio
import RTP
import SansIO

/// A run of the ledger that is being extended.
struct OpenRun {
    var tag: UInt32
    /// Bytes so far.
    var count: Int
}

/// The end of audio that is cut short: faded out over a few milliseconds, so that it does not click.
struct Fade {
    /// 8 ms.
    static let length = 64

    /// What is still to be sent.
    private(set) var remaining = 0
    /// `nil` for a tone.
    private(set) var tag: UInt32?
    private var count = 0
    private var bytes = InlineArray<64, UInt8>(repeating: 0)

    /// Takes the beginning of `chunk`, faded to silence.
    ///
    /// - Returns: The bytes taken.
    mutating func load(_ chunk: PlayoutQueue.Chunk, law: G711.Law) -> Int {
        count = min(Self.length, chunk.bytes.count)
        for index in 0..<count {
            bytes[index] = Self.scaled(chunk.bytes[index], law, count - index, of: count + 1)
        }
        remaining = count
        tag = chunk.tag
        return count
    }

    /// Moves what fits into `buffer`.
    mutating func take(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let moved = min(remaining, buffer.count)
        for index in 0..<moved { buffer[index] = bytes[count - remaining + index] }
        remaining -= moved
        return moved
    }

    /// Lets the level of audio rise from silence, or fall to it, from the first byte to the last.
    static func shape(_ bytes: UnsafeMutableRawBufferPointer, law: G711.Law, isRising: Bool) {
        for index in 0..<bytes.count {
            let weight = isRising ? index + 1 : bytes.count - index
            bytes[index] = scaled(bytes[index], law, weight, of: bytes.count + 1)
        }
    }

    private static func scaled(_ byte: UInt8, _ law: G711.Law, _ weight: Int, of whole: Int) -> UInt8 {
        G711.encode(Int16(truncatingIfNeeded: Int32(G711.decode(byte, law)) * Int32(weight) / Int32(whole)), law)
    }

    mutating func drop() {
        remaining = 0
        tag = nil
    }
}

extension MediaSession {
    /// Composes the packet of this tick: an event, queued audio, or silence.
    ///
    /// - Returns: Its length; 0 when nothing may be sent. The timestamp runs on in any case.
    mutating func composeMedia() -> Int {
        guard let parameters else { return 0 }
        let samples = parameters.packetSamples
        defer { timestamp &+= UInt32(truncatingIfNeeded: samples) }
        guard parameters.sends, latch.destination.isSendable else {
            needsMarker = true
            isHeard = false
            fade.drop()
            closeRun()
            return 0
        }
        if !digits.isIdle {
            isHeard = false
            fade.drop()
            closeRun()
            if let payloadType = parameters.telephoneEventSendPayloadType {
                let action = digits.tick(timestamp: timestamp, units: UInt32(truncatingIfNeeded: samples))
                if case .send(let output) = action { return composeEvent(output, payloadType: payloadType) }
            } else {
                digits.removeAll()
            }
            return composeAudio(samples, parameters, isSilent: true)
        }
        return composeAudio(samples, parameters, isSilent: false)
    }

    private mutating func composeEvent(_ output: TelephoneEventSender.Output, payloadType: UInt8) -> Int {
        let header = PacketHeader(
            marker: output.marker, payloadType: payloadType, sequenceNumber: sequenceNumber,
            timestamp: output.timestamp, ssrc: ssrc)
        let start = header.write(into: outgoing)
        return sent(start + output.event.write(into: payloadArea(TelephoneEvent.size)))
    }

    private mutating func composeAudio(_ samples: Int, _ parameters: WireParameters, isSilent: Bool) -> Int {
        let payload = payloadArea(samples)
        let filled = isSilent ? 0 : fillFromQueue(payload)
        isHeard = filled == samples
        if filled < samples {
            closeRun()
            UnsafeMutableRawBufferPointer(rebasing: payload[filled...])
                .initializeMemory(as: UInt8.self, repeating: G711.silence(isMu ? .mu : .a))
        }
        if filled > 0 { recordSent(UnsafeRawBufferPointer(payload)) }
        if parameters.isMu != isMu {
            G711.transcode(payload.assumingMemoryBound(to: UInt8.self), from: isMu ? .mu : .a)
        }
        let header = PacketHeader(
            marker: needsMarker, payloadType: parameters.sendPayloadType, sequenceNumber: sequenceNumber,
            timestamp: timestamp, ssrc: ssrc)
        needsMarker = false
        return sent(header.write(into: outgoing) + samples)
    }

    private func payloadArea(_ count: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: outgoing[PacketHeader.size..<(PacketHeader.size + count)])
    }

    private mutating func sent(_ length: Int) -> Int {
        sequenceNumber &+= 1
        memory.pointee.counters.packetsSent.count()
        memory.pointee.counters.bytesSent.count(length - PacketHeader.size)
        return length
    }

    /// Takes queued bytes, and enters them in the ledger.
    ///
    /// - Returns: Bytes filled, from the beginning of `payload`.
    private mutating func fillFromQueue(_ payload: UnsafeMutableRawBufferPointer) -> Int {
        var filled = 0
        if fade.remaining > 0 {
            // The tally has it since the flush. What follows in this packet is silence, even when something new is
            // queued: the packet is the last of what was said before.
            filled = fade.take(into: payload)
            run?.count += filled
            closeRun()
            return filled
        }
        // What is being heard when a pause begins fades out; it leaves as any audio does.
        guard !isPaused || isHeard else { return 0 }
        let room = isPaused ? min(Fade.length, payload.count) : payload.count
        while filled < room, let chunk = playout.front() {
            let count = min(chunk.bytes.count, room - filled)
            UnsafeMutableRawBufferPointer(rebasing: payload[filled...])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: chunk.bytes[..<count]))
            playout.consume(count)
            note(chunk.tag, count: count, offset: filled, packet: payload.count)
            filled += count
        }
        if isPaused || isCut {
            let ramp = UnsafeMutableRawBufferPointer(rebasing: payload[..<min(Fade.length, filled)])
            Fade.shape(ramp, law: isMu ? .mu : .a, isRising: !isPaused)
            isCut = isPaused && filled > 0
        }
        if filled > 0, playout.front() == nil { report(UpwardRecord(.drained, at: nextTick)) }
        return filled
    }

    /// Enters bytes that leave with this tick.
    private mutating func note(_ tag: UInt32?, count: Int, offset: Int, packet: Int) {
        guard let tag, let index = tallies.index(of: tag) else {
            closeRun()
            return
        }
        if run?.tag != tag {
            closeRun()
            run = OpenRun(tag: tag, count: 0)
            report(
                UpwardRecord(
                    opening: PlayoutLedger.Run(
                        tag: tag, firstByte: tallies[index].played,
                        rtpTimestamp: timestamp &+ UInt32(truncatingIfNeeded: offset), start: nextTick,
                        bytesInFirstPacket: packet - offset, bytesPerPacket: packet)))
        }
        run?.count += count
        if !tallies[index].isStarted {
            tallies[index].isStarted = true
            report(UpwardRecord(.playoutStarted, tag: tag, at: nextTick))
        }
        tallies[index].played += count
        endIfPlayed(at: index, instant: nextTick)
    }

    mutating func endIfPlayed(at index: Int, instant: Instant) {
        let tally = tallies[index]
        guard tally.isFinished, tally.remaining == 0, !tally.isDone else { return }
        tallies[index].isDone = true
        if run?.tag == tally.tag { closeRun() }
        report(UpwardRecord(.playoutEnded, tag: tally.tag, first: tally.played, at: instant))
    }

    mutating func closeRun() {
        guard let ended = run else { return }
        run = nil
        report(UpwardRecord(.runClosed, tag: ended.tag, first: ended.count, at: nextTick))
    }

    private mutating func recordSent(_ payload: UnsafeRawBufferPointer) {
        guard let tap else { return }
        let position = recording.position(of: nextTick)
        if !tap.pointee.write(payload, side: .right, isMu: isMu, position: position) {
            memory.pointee.counters.recordingOverflowed.count(payload.count)
        }
    }
}

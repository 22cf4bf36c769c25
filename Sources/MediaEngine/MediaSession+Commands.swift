import Audio
import RTP
import SansIO

extension MediaSession {
    /// Takes the commands that have come since the last call, in order.
    mutating func takeCommands(at now: Instant) {
        while let node = playout.nextCommand() {
            switch node.pointee.kind {
            case .play: enqueue(tag: node.pointee.tag, count: node.pointee.length)
            case .finish: finish(tag: node.pointee.tag)
            case .flush: flush()
            case .pause: isPaused = true
            case .resume: isPaused = false
            case .start: start(node.payload.load(as: WireParameters.self), at: now)
            case .digits: enqueueDigits(node.payload)
            case .record: record(to: node.pointee.address, at: now)
            case .empty, .tone, .add, .remove, .stop: break
            }
        }
    }

    private mutating func start(_ wire: WireParameters, at now: Instant) {
        if let before = parameters {
            if before.receives, !wire.receives { timeline.suspend() }
        } else {
            isMu = wire.isMu
            nextReport = Instant(nanoseconds: now.nanoseconds &+ interval.next(members: 2, senders: 1, weSend: true))
        }
        if parameters?.remote != wire.remote || parameters?.remoteControl != wire.remoteControl {
            controlSource = .none
        }
        // What has been agreed anew has its own time to begin.
        lastHeard = now
        hasTimedOut = false
        parameters = wire
        latch.announce(wire.remote, at: now)
    }

    private mutating func enqueue(tag: UInt32, count: Int) {
        guard let index = tallies.enter(tag) else {
            memory.pointee.counters.eventsLost.count()
            return
        }
        if tallies[index].isDone { tallies[index] = PlayoutTallies.Tally(tag: tag) }
        tallies[index].queued += count
    }

    private mutating func finish(tag: UInt32) {
        guard let index = tallies.enter(tag), !tallies[index].isDone else { return }
        tallies[index].isFinished = true
        endIfPlayed(at: index, instant: nextTick)
    }

    private mutating func enqueueDigits(_ text: UnsafeRawBufferPointer) {
        for character in text {
            guard let code = TelephoneEvent.code(digit: character) else { continue }
            if !digits.enqueue(code: code) { memory.pointee.counters.eventsLost.count() }
        }
    }

    /// Drops what is queued. When it was being heard, a few milliseconds of it are kept to fade out.
    private mutating func flush() {
        var faded = 0
        if isHeard, let chunk = playout.front(), run?.tag == chunk.tag {
            faded = fade.load(chunk, law: isMu ? .mu : .a)
        }
        playout.dropAll()
        isPaused = false
        isCut = false
        var heard: UInt32?
        var played = 0
        var dropped = 0
        for index in 0..<tallies.count where !tallies[index].isDone {
            let kept = faded > 0 && fade.tag == tallies[index].tag ? faded : 0
            tallies[index].played += kept
            let tally = tallies[index]
            guard kept > 0 || tally.remaining > 0 || (tally.isStarted && !tally.isFinished) else { continue }
            tallies[index].isDone = true
            dropped += tally.remaining
            // Parts are heard one after the other: the first that has begun is the one being heard.
            if heard == nil, tally.isStarted || kept > 0 {
                heard = tally.tag
                played = tally.played
            }
        }
        if let heard {
            report(UpwardRecord(.flushed, tag: heard, first: played, second: dropped, at: nextTick))
        } else {
            report(UpwardRecord(.flushedNothing, second: dropped, at: nextTick))
        }
    }

    private mutating func record(to address: UnsafeMutableRawPointer?, at now: Instant) {
        endRecording(at: now)
        guard let address else { return }
        tap = address.assumingMemoryBound(to: RecordingTap.self)
        recording = RecordingTimeline(origin: now)
    }

    mutating func endRecording(at now: Instant) {
        tap?.pointee.end(position: recording.position(of: now))
        tap = nil
    }
}

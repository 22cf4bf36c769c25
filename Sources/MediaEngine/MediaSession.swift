public import RTP
public import SansIO
import Synchronization

/// One call's audio: RTP on one side, G.711 bytes and events of a ``MediaChannel`` on the other.
///
/// A value without clock, socket or thread. A driver hands in datagrams as they arrive and calls ``tick(at:)`` when
/// ``nextTick`` has come; what is to be sent lies in the session's own buffers afterwards. Neither call allocates, locks,
/// or touches a reference count.
public struct MediaSession: ~Copyable {
    public struct Configuration: Sendable {
        /// Makes SSRC, first sequence number, first timestamp, CNAME and report times.
        public var seed: UInt64
        /// The wall-clock time of ``Instant/zero``, for sender reports.
        public var clockOrigin = NTPTimestamp(bits: 0)
        /// After so long without RTP the far end counts as gone; zero: never.
        public var mediaTimeout: Duration = .seconds(30)
        /// How long a packet waits behind a gap.
        public var reorderWait: Duration = .milliseconds(40)

        public init(seed: UInt64) {
            self.seed = seed
        }
    }

    /// What a tick has put into the buffers. [bytes]
    public struct Transmission: Hashable, Sendable {
        /// Of ``MediaSession/mediaDatagram``; 0: send nothing.
        public var mediaLength = 0
        /// Of ``MediaSession/controlDatagram``; 0: send nothing.
        public var controlLength = 0
    }

    /// The largest payload that is sent: 60 ms.
    static let maximumPacketSamples = 480
    static let controlCapacity = 256
    /// Ticks that are caught up when the driver is late; beyond, time is skipped.
    static let maximumCatchUp: Int64 = 3
    static let nanosecondsPerSample: Int64 = 125_000

    let channel: MediaChannel
    let memory: UnsafeMutablePointer<ChannelMemory>
    let clockOrigin: NTPTimestamp
    let timeoutNanoseconds: Int64

    /// When ``tick(at:)`` is due.
    public internal(set) var nextTick: Instant
    /// Something was written upward since the driver last asked; see ``takeUpwardFlag()``.
    var hasWrittenUpward = false

    var parameters: WireParameters?
    /// The law of the channel: that of the first start.
    var isMu = true
    var latch = SourceLatch()
    var controlSource = SocketAddress.none

    // Up
    var reorder: ReorderBuffer
    var reception = ReceptionStatistics()
    var timeline = UplinkTimeline()
    var keys = TelephoneEventReceiver()
    var lostBefore = 0
    var lastHeard: Instant
    var hasStarted = false
    var hasTimedOut = false
    var concealment = Concealment()

    // Down
    var playout: PlayoutQueue
    var tallies = PlayoutTallies()
    var run: OpenRun?
    var fade = Fade()
    /// The last packet ended with queued audio.
    var isHeard = false
    /// What is queued is held.
    var isPaused = false
    /// A pause has cut audio that was being heard: it fades in when it goes on.
    var isCut = false
    var digits = TelephoneEventSender()
    let ssrc: UInt32
    var sequenceNumber: UInt16
    var timestamp: UInt32
    /// The next packet follows a pause.
    var needsMarker = true
    let outgoing: UnsafeMutableRawBufferPointer
    let scratch: UnsafeMutableRawBufferPointer

    // Reports
    var interval: ReportInterval
    var nextReport: Instant?
    var packetsReported: UInt64 = 0
    let control: UnsafeMutableRawBufferPointer
    let canonicalName: UnsafeMutableRawBufferPointer

    // Recording
    var tap: UnsafeMutablePointer<RecordingTap>?
    var recording = RecordingTimeline(origin: .zero)

    /// - Parameters:
    ///   - channel: Kept for the life of the session.
    ///   - firstTick: When the ticks begin; all others follow at whole packet times.
    public init(channel: MediaChannel, configuration: Configuration, firstTick: Instant) {
        self.channel = channel
        memory = channel.memory
        clockOrigin = configuration.clockOrigin
        timeoutNanoseconds = configuration.mediaTimeout.nanoseconds
        nextTick = firstTick
        lastHeard = firstTick
        reorder = ReorderBuffer(capacity: 32, payloadSize: 1_024, maximumWait: configuration.reorderWait)
        playout = PlayoutQueue(channel.memory)
        var random = SeededRandom(seed: configuration.seed)
        ssrc = UInt32(truncatingIfNeeded: random.next())
        // RFC 3550 §5.1 wants random beginnings; a low sequence number leaves wrapping to longer calls.
        sequenceNumber = UInt16(truncatingIfNeeded: random.next() >> 49)
        timestamp = UInt32(truncatingIfNeeded: random.next())
        let name = Array(random.token(length: 16).utf8)
        canonicalName = .allocate(byteCount: name.count, alignment: 1)
        canonicalName.copyBytes(from: name)
        interval = ReportInterval(random: random)
        outgoing = .allocate(byteCount: PacketHeader.size + Self.maximumPacketSamples, alignment: 16)
        scratch = .allocate(byteCount: 1_024, alignment: 16)
        control = .allocate(byteCount: Self.controlCapacity, alignment: 16)
    }

    deinit {
        outgoing.deallocate()
        scratch.deallocate()
        control.deallocate()
        canonicalName.deallocate()
    }

    /// The RTP datagram of the last tick; its length is in the tick's ``Transmission``.
    public var mediaDatagram: UnsafeRawBufferPointer { UnsafeRawBufferPointer(outgoing) }
    /// The RTCP datagram of the last tick.
    public var controlDatagram: UnsafeRawBufferPointer { UnsafeRawBufferPointer(control) }

    /// Where RTP goes; ``SocketAddress/none`` while nowhere.
    public var mediaDestination: SocketAddress { latch.destination }

    /// Where RTCP goes: the RTP port when multiplexed, else where the far end's came from, else what SDP says.
    public var controlDestination: SocketAddress {
        guard let parameters, latch.destination.isSendable else { return .none }
        if parameters.multiplexesControl { return latch.destination }
        if controlSource != .none { return controlSource }
        let destination = latch.destination
        if destination.hasSameHost(as: parameters.remote) { return parameters.remoteControl }
        return destination.port < .max ? destination.withPort(destination.port + 1) : .none
    }

    /// Whether RTCP shares the RTP port.
    public var multiplexesControl: Bool { parameters?.multiplexesControl ?? false }

    /// Whether something was written upward since the last call.
    public mutating func takeUpwardFlag() -> Bool {
        defer { hasWrittenUpward = false }
        return hasWrittenUpward
    }

    /// Advances by one packet time: takes commands, gives up gaps, fills silence, and composes at most one RTP and one
    /// RTCP datagram.
    ///
    /// - Parameter now: At or after ``nextTick``. When that is more than a few packets ago, the time between is skipped.
    /// - Complexity: O(1) but for commands that have come; allocates nothing.
    public mutating func tick(at now: Instant) -> Transmission {
        let samples = parameters?.packetSamples ?? 160
        let length = Int64(samples) * Self.nanosecondsPerSample
        let late = now.nanoseconds &- nextTick.nanoseconds
        if late > Self.maximumCatchUp * length {
            let skipped = late / length
            nextTick = Instant(nanoseconds: nextTick.nanoseconds &+ skipped &* length)
            timestamp &+= UInt32(truncatingIfNeeded: skipped &* Int64(samples))
            memory.pointee.counters.ticksSkipped.count(Int(skipped))
            needsMarker = true
            closeRun()
        }
        takeCommands(at: now)
        attendUplink(at: now)
        var transmission = Transmission()
        transmission.mediaLength = composeMedia()
        nextTick = Instant(
            nanoseconds: nextTick.nanoseconds
                &+ Int64(parameters?.packetSamples ?? 160) &* Self.nanosecondsPerSample)
        transmission.controlLength = composeControl(at: now)
        return transmission
    }

    /// Moves the first tick behind `now` by whole packet times, so that nothing has to be caught up.
    mutating func begin(after now: Instant) {
        let length = 160 * Self.nanosecondsPerSample
        let passed = now.nanoseconds &- nextTick.nanoseconds
        guard passed >= 0 else { return }
        nextTick = Instant(nanoseconds: nextTick.nanoseconds &+ (passed / length + 1) &* length)
    }

    /// Ends the session: ends the recording, and composes a BYE. Then the driver calls ``reportClosed(at:)``.
    public mutating func close(at now: Instant) -> Transmission {
        takeCommands(at: now)
        closeRun()
        endRecording(at: now)
        return Transmission(mediaLength: 0, controlLength: composeGoodbye(at: now))
    }

    /// Writes the last record. Whoever reads it may free the session: the caller touches it no more.
    public mutating func reportClosed(at now: Instant) {
        report(UpwardRecord(.closed, at: now))
    }

    /// Marks that records wait for the pump.
    ///
    /// - Returns: `false` when the mark was there already.
    func announce() -> Bool {
        !memory.pointee.isAnnounced.exchange(true, ordering: .acquiringAndReleasing)
    }

    /// Counts how late a packet left. [ns]
    public func noteLateness(nanoseconds: Int64) {
        memory.pointee.lateness.record(nanoseconds: nanoseconds)
    }

    /// Counts a datagram that the system refused.
    public func noteSendFailure() {
        memory.pointee.counters.sendFailures.count()
    }

    /// Tells ordinary code something.
    mutating func report(_ record: UpwardRecord) {
        hasWrittenUpward = true
        if !record.write(to: memory.pointee.upward) { memory.pointee.counters.eventsLost.count() }
    }
}

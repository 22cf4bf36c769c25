public import SansIO
import Synchronization

/// The memory that ordinary code and a media thread share for one stream.
struct ChannelMemory: ~Copyable {
    static let upwardCapacity = 65_536
    /// Kept free of audio, so that events always find room. [bytes]
    static let eventReserve = 16_384

    let upward = RecordRing(capacity: ChannelMemory.upwardCapacity)
    let reached: CommandQueue.Reached
    let counters = MediaCounters()
    let lateness = SharedHistogram()
    /// Whether the pump has been told that records wait.
    let isAnnounced = Atomic<Bool>(false)
    let firstCommand: UnsafeMutablePointer<CommandNode>
}

/// The two ways between ordinary code and a ``MediaSession``: commands down, audio and events up.
///
/// Commands may come from any thread; they take turns by a lock that the media thread never sees. Only one thread at a
/// time may call ``drain(uplink:event:)``.
public final class MediaChannel: Sendable {
    /// Freed in `deinit`; a session holds a reference to the channel for as long as it uses the memory. What in it is
    /// written by two threads is atomic.
    nonisolated(unsafe) let memory: UnsafeMutablePointer<ChannelMemory>
    private let commands: Mutex<CommandQueue>
    private let playoutLedger = Mutex(PlayoutLedger())

    public init() {
        let first = CommandNode.allocate(.empty)
        memory = .allocate(capacity: 1)
        memory.initialize(to: ChannelMemory(reached: CommandQueue.Reached(first), firstCommand: first.node))
        commands = Mutex(CommandQueue(first: first))
    }

    deinit {
        commands.withLock { $0.removeAll() }
        memory.deinitialize(count: 1)
        memory.deallocate()
    }

    // MARK: Down

    /// Starts the media, or takes over what a later offer and answer have changed.
    public func start(_ parameters: MediaParameters) {
        withUnsafeBytes(of: WireParameters(parameters)) { append(CommandNode.allocate(.start, payload: $0)) }
    }

    /// Appends `payload` to what is to be said, as part of `tag`.
    public func play(_ payload: [UInt8], tag: UInt32) {
        guard !payload.isEmpty else { return }
        payload.withUnsafeBytes { append(CommandNode.allocate(.play, tag: tag, payload: $0)) }
    }

    /// Appends audio that belongs to no tag: it appears in no event and not in the ledger.
    public func playTone(_ payload: [UInt8]) {
        guard !payload.isEmpty else { return }
        payload.withUnsafeBytes { append(CommandNode.allocate(.tone, payload: $0)) }
    }

    /// No more bytes of `tag` will come.
    public func finish(tag: UInt32) {
        append(CommandNode.allocate(.finish, tag: tag))
    }

    /// Drops what is queued, with a short fade.
    public func flush() {
        append(CommandNode.allocate(.flush))
    }

    /// Holds what is queued, with a short fade; ``resume()`` goes on where it stopped, ``flush()`` drops it.
    public func pause() {
        append(CommandNode.allocate(.pause))
    }

    /// Goes on with what ``pause()`` has held.
    public func resume() {
        append(CommandNode.allocate(.resume))
    }

    /// Sends keys as telephone-events; what is no key is left out.
    public func sendDigits(_ digits: String) {
        Array(digits.utf8).withUnsafeBytes { append(CommandNode.allocate(.digits, payload: $0)) }
    }

    func record(to tap: UnsafeMutablePointer<RecordingTap>?) {
        append(CommandNode.allocate(.record, address: tap.map { UnsafeMutableRawPointer($0) }))
    }

    private func append(_ command: UnlinkedCommand) {
        commands.withLock { $0.append(command, reached: memory.pointee.reached) }
    }

    // MARK: Up

    /// Hands on what has come up, in order.
    ///
    /// - Parameters:
    ///   - uplink: Audio since the last call, and when the first of it arrived. The bytes are valid during the call.
    ///   - event: What happened.
    /// - Returns: Whether the session has closed; nothing more will come.
    @discardableResult
    public func drain(
        uplink: (UnsafeRawBufferPointer, Instant) -> Void, event: (MediaEvent) -> Void
    ) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 8_192, alignment: 16) { gathered in
            var count = 0
            var arrival = Instant.zero
            var isClosed = false
            while let record = memory.pointee.upward.first() {
                let kind = UpwardRecord.Kind(rawValue: record.kind)
                let isAudio = kind == .uplink && record.payload.count <= gathered.count
                if count > 0, !isAudio || count + record.payload.count > gathered.count {
                    uplink(UnsafeRawBufferPointer(rebasing: gathered[..<count]), arrival)
                    count = 0
                }
                if isAudio {
                    if count == 0 { arrival = record.instant }
                    UnsafeMutableRawBufferPointer(rebasing: gathered[count...]).copyMemory(from: record.payload)
                    count += record.payload.count
                } else if kind == .closed {
                    isClosed = true
                } else if let kind {
                    handOn(UpwardRecord(kind: kind, reading: record), event: event)
                }
                memory.pointee.upward.advance(over: record)
            }
            if count > 0 { uplink(UnsafeRawBufferPointer(rebasing: gathered[..<count]), arrival) }
            return isClosed
        }
    }

    private func handOn(_ record: UpwardRecord, event: (MediaEvent) -> Void) {
        switch record.kind {
        case .runOpened: playoutLedger.withLock { $0.open(record.run) }
        case .runClosed: playoutLedger.withLock { $0.close(tag: record.tag, count: Int(record.first)) }
        default:
            if let told = record.event { event(told) }
        }
    }

    /// What was handed to RTP so far.
    public var ledger: PlayoutLedger { playoutLedger.withLock { $0 } }

    /// The figures so far.
    public var statistics: MediaStatistics {
        var result = memory.pointee.counters.statistics
        result.tickLateness = LatencyHistogram(memory.pointee.lateness)
        return result
    }
}

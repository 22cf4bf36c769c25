import CLinux
import SansIO
import Synchronization

/// What an open stream consists of. Freed when the stream is closed and nobody holds a ``MediaStream`` of it.
final class OpenStream: Sendable {
    let channel: MediaChannel
    let handlers: MediaStream.Handlers
    let pair: PortRange.Pair
    /// The number of the stream on its thread.
    let index: Int
    /// The media thread's until it has reported the session closed; then freed by the pump.
    nonisolated(unsafe) let slot: UnsafeMutablePointer<SessionSlot>
    let isClosing = Atomic<Bool>(false)
    /// All recordings of the stream: their taps must outlive the session.
    let recordings = Mutex<[Recording]>([])

    init(
        channel: MediaChannel, handlers: MediaStream.Handlers, pair: PortRange.Pair, index: Int,
        configuration: MediaSession.Configuration, firstTick: Instant
    ) {
        self.channel = channel
        self.handlers = handlers
        self.pair = pair
        self.index = index
        slot = .allocate(capacity: 1)
        slot.initialize(
            to: SessionSlot(
                session: MediaSession(channel: channel, configuration: configuration, firstTick: firstTick),
                mediaSocket: pair.media, controlSocket: pair.control))
    }

    /// Frees what the media thread has used. Called once, by the pump.
    func release() {
        slot.deinitialize(count: 1)
        slot.deallocate()
        clinux_close(pair.media)
        clinux_close(pair.control)
        for recording in recordings.withLock({ $0 }) { recording.isAbandoned.store(true, ordering: .releasing) }
    }
}

/// A media thread, the pump thread that hands on what it writes upward, and the table of their streams.
final class MediaThread: Sendable {
    private struct Table {
        var streams: [OpenStream?]
        var free: [Int]
        var opened = 0
        var isStopped = false
    }

    /// Freed in `deinit`, when both threads have ended.
    nonisolated(unsafe) let memory: UnsafeMutablePointer<LoopMemory>
    private let commands: Mutex<CommandQueue>
    private let table: Mutex<Table>
    private let handles = Mutex<[MediaThreadHandle]>([])
    private let recorder: Recorder
    private let rest: Int64

    /// Starts both threads.
    ///
    /// - Parameters:
    ///   - capacity: Streams at most.
    ///   - gathering: See ``MediaEngine/Configuration/gathering``.
    ///   - isRealtime: Whether to ask for real-time priority; where the system refuses, the thread has the normal one.
    init(
        number: Int, capacity: Int, isRealtime: Bool, gathering: Duration, recorder: Recorder
    ) throws(MediaError) {
        rest = gathering.nanoseconds
        let first = CommandNode.allocate(.empty)
        let wakeEvent = clinux_event_create()
        let pumpEvent = clinux_event_create()
        var ringSize = 16
        while ringSize < 2 * capacity { ringSize *= 2 }
        memory = .allocate(capacity: 1)
        memory.initialize(
            to: LoopMemory(
                reached: CommandQueue.Reached(first), firstCommand: first.node, ready: IndexRing(capacity: ringSize),
                wakeEvent: wakeEvent, pumpEvent: pumpEvent))
        commands = Mutex(CommandQueue(first: first))
        table = Mutex(
            Table(streams: Array(repeating: nil, count: capacity), free: Array((0..<capacity).reversed())))
        self.recorder = recorder
        // The loop is made here, so that a refusal is told to who asked.
        let loop = LoopBox(try MediaLoop(memory: memory, capacity: capacity, rest: rest))
        let media = try MediaThreadHandle(name: "media-\(number)") {
            if isRealtime { _ = clinux_thread_realtime() }
            loop.run()
        }
        handles.withLock { $0 = [media] }
        do {
            let pump = try MediaThreadHandle(name: "pump-\(number)") { [self] in
                if isRealtime { _ = clinux_thread_prefer() }
                runPump()
            }
            handles.withLock { $0.append(pump) }
        } catch {
            stop()
            throw error
        }
    }

    deinit {
        commands.withLock { $0.removeAll() }
        clinux_close(memory.pointee.wakeEvent)
        clinux_close(memory.pointee.pumpEvent)
        memory.deinitialize(count: 1)
        memory.deallocate()
    }

    /// Streams that are open.
    var count: Int { table.withLock { $0.streams.count - $0.free.count } }

    /// Enters a stream and lets the media thread drive it.
    ///
    /// - Parameter make: Called with the number and the first tick of the stream.
    func add(_ make: (Int, Instant) -> OpenStream) throws(MediaError) -> OpenStream {
        let stream = table.withLock { table -> OpenStream? in
            guard !table.isStopped, let index = table.free.popLast() else { return nil }
            // Seven has no common divisor with twenty: the phases spread over the milliseconds of a packet time.
            let phase = Int64(table.opened * 7 % 20)
            table.opened += 1
            let period: Int64 = 20
            let now = MonotonicClock.now().nanoseconds / 1_000_000
            let first = (now / period + 1) * period + phase
            let stream = make(index, Instant(nanoseconds: first * 1_000_000))
            table.streams[index] = stream
            return stream
        }
        guard let stream else {
            throw MediaError(.tooManyStreams, "The media thread carries all the streams that it was configured for.")
        }
        send(CommandNode.allocate(.add, tag: UInt32(stream.index), address: UnsafeMutableRawPointer(stream.slot)))
        return stream
    }

    /// Has the media thread give the stream up. What it needs is freed by the pump.
    func remove(_ stream: OpenStream) {
        guard !stream.isClosing.exchange(true, ordering: .acquiringAndReleasing) else { return }
        send(CommandNode.allocate(.remove, tag: UInt32(stream.index)))
    }

    /// Closes all streams and ends both threads.
    func stop() {
        let open = table.withLock { table in
            table.isStopped = true
            return table.streams.compactMap { $0 }
        }
        for stream in open { remove(stream) }
        send(CommandNode.allocate(.stop))
        let handles = self.handles.withLock { handles in
            defer { handles = [] }
            return handles
        }
        handles.first?.join()
        clinux_event_signal(memory.pointee.pumpEvent)
        handles.last?.join()
    }

    private func send(_ command: UnlinkedCommand) {
        commands.withLock { $0.append(command, reached: memory.pointee.reached) }
        clinux_event_signal(memory.pointee.wakeEvent)
    }

    private func runPump() {
        while true {
            var attended = 0
            while let index = memory.pointee.ready.pop() {
                attend(index)
                attended += 1
            }
            // Who rests for a moment instead of sleeping needs no wake-up, and finds several streams at once.
            if attended > 0, rest > 0 {
                clinux_rest(rest)
                if !memory.pointee.ready.isEmpty { continue }
            }
            if table.withLock({ $0.isStopped && $0.free.count == $0.streams.count }) { return }
            memory.pointee.isPumpAsleep.store(true, ordering: .sequentiallyConsistent)
            if memory.pointee.ready.isEmpty { clinux_event_wait(memory.pointee.pumpEvent, -1) }
            memory.pointee.isPumpAsleep.store(false, ordering: .sequentiallyConsistent)
        }
    }

    private func attend(_ index: Int) {
        guard let stream = table.withLock({ $0.streams[index] }) else { return }
        _ = stream.channel.memory.pointee.isAnnounced.exchange(false, ordering: .acquiringAndReleasing)
        let isClosed = stream.channel.drain { audio, arrival in
            guard !stream.isClosing.load(ordering: .relaxed) else { return }
            memory.pointee.upwardLatency.record(
                nanoseconds: MonotonicClock.now().nanoseconds &- arrival.nanoseconds)
            stream.handlers.uplink(audio, arrival)
        } event: { event in
            guard !stream.isClosing.load(ordering: .relaxed) else { return }
            stream.handlers.event(event)
        }
        guard isClosed else { return }
        stream.release()
        table.withLock { table in
            table.streams[index] = nil
            table.free.insert(index, at: 0)
        }
        recorder.hurry()
    }
}

/// Carries a loop into its thread.
///
/// Not checked by the compiler: made by one thread, which hands it to another and touches it no more.
private final class LoopBox: @unchecked Sendable {
    private var loop: MediaLoop

    init(_ loop: consuming MediaLoop) {
        self.loop = loop
    }

    func run() {
        loop.run()
    }
}

import CLinux
import RTP
import SansIO
import Synchronization

/// The media threads of a process, and the streams that they carry.
public final class MediaEngine: Sendable {
    public struct Configuration: Sendable {
        /// The local address of the media sockets; numeric.
        public var bindAddress = "0.0.0.0"
        /// RTP takes even ports of it, RTCP the next ones.
        public var ports: ClosedRange<UInt16> = 16_384...32_766
        /// Media threads; each has a pump beside it.
        public var threads = 1
        /// Streams that one thread carries at most.
        public var streamsPerThread = 2_048
        /// After so long without RTP and RTCP a stream reports ``MediaEvent/timedOut``; zero: never.
        public var mediaTimeout: Duration = .seconds(30)
        /// How long a packet waits behind a gap.
        public var reorderWait: Duration = .milliseconds(40)
        /// Whether to ask for real-time priority. Where the system refuses, the threads have the normal one.
        public var asksForRealtimePriority = true
        /// How long a busy thread lets datagrams gather before it looks again, and its pump likewise: latency that is
        /// paid for fewer wake-ups. Zero: not at all.
        public var gathering: Duration = .microseconds(200)

        public init() {}
    }

    private let configuration: Configuration
    private let clockOrigin: NTPTimestamp
    private let ports: Mutex<PortRange>
    private let threads: [MediaThread]
    private let recorder: Recorder
    private let isShutDown = Atomic<Bool>(false)

    /// Starts the threads.
    ///
    /// - Throws: ``MediaError`` when the configuration contradicts itself, or the system refuses a thread.
    public init(_ configuration: Configuration) throws(MediaError) {
        guard configuration.threads > 0, configuration.streamsPerThread > 0 else {
            throw MediaError(.badConfiguration, "The media engine needs at least one thread and one stream.")
        }
        self.configuration = configuration
        // NTP counts from 1900, Unix from 1970 (RFC 5905 §6).
        let epoch: Int64 = 2_208_988_800
        let offset = clinux_realtime_nanoseconds() - clinux_monotonic_nanoseconds()
        clockOrigin = NTPTimestamp(
            Instant(nanoseconds: offset), origin: NTPTimestamp(bits: UInt64(epoch) << 32))
        ports = Mutex(try PortRange(address: configuration.bindAddress, ports: configuration.ports))
        let recorder = try Recorder()
        self.recorder = recorder
        var threads: [MediaThread] = []
        for number in 0..<configuration.threads {
            do {
                threads.append(
                    try MediaThread(
                        number: number, capacity: min(configuration.streamsPerThread, 16_384),
                        isRealtime: configuration.asksForRealtimePriority, gathering: configuration.gathering,
                        recorder: recorder))
            } catch {
                for thread in threads { thread.stop() }
                throw error
            }
        }
        self.threads = threads
    }

    deinit { shutdown() }

    /// Opens a stream: binds its ports. Datagrams are discarded until it is started.
    ///
    /// - Throws: ``MediaError`` when no ports are free, the bind address is not ours, or the engine is full or shut down.
    public func open(handlers: MediaStream.Handlers) throws(MediaError) -> MediaStream {
        guard !isShutDown.load(ordering: .acquiring) else {
            throw MediaError(.closed, "The media engine is shut down.")
        }
        guard let thread = threads.min(by: { $0.count < $1.count }) else {
            throw MediaError(.closed, "The media engine has no threads.")
        }
        let bound = ports.withLock { ports -> Result<PortRange.Pair, MediaError> in
            Result { () throws(MediaError) in try ports.open() }
        }
        let pair = try bound.get()
        var random = SystemRandomNumberGenerator()
        var session = MediaSession.Configuration(seed: random.next())
        session.clockOrigin = clockOrigin
        session.mediaTimeout = configuration.mediaTimeout
        session.reorderWait = configuration.reorderWait
        do {
            let stream = try thread.add { index, firstTick in
                OpenStream(
                    channel: MediaChannel(), handlers: handlers, pair: pair, index: index, configuration: session,
                    firstTick: firstTick)
            }
            return MediaStream(stream, thread: thread, recorder: recorder)
        } catch {
            clinux_close(pair.media)
            clinux_close(pair.control)
            throw error
        }
    }

    /// Streams that are open.
    public var streamCount: Int { threads.reduce(0) { $0 + $1.count } }

    /// How late packets of all streams left, against their absolute deadlines.
    public var tickLateness: LatencyHistogram {
        threads.reduce(into: LatencyHistogram()) { $0.merge(LatencyHistogram($1.memory.pointee.lateness)) }
    }

    /// From the reading of a datagram to the call of the uplink handler, of all streams. Up to
    /// ``Configuration/gathering`` may have passed in the socket before.
    public var upwardLatency: LatencyHistogram {
        threads.reduce(into: LatencyHistogram()) { $0.merge(LatencyHistogram($1.memory.pointee.upwardLatency)) }
    }

    /// Closes all streams, completes the recordings, and ends the threads; returns when that is done. Must not be called
    /// by a handler. Calling it again does nothing.
    public func shutdown() {
        guard !isShutDown.exchange(true, ordering: .acquiringAndReleasing) else { return }
        for thread in threads { thread.stop() }
        recorder.stop()
    }
}

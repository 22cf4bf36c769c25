import Audio
public import SansIO
import Synchronization

/// One call's audio on a ``MediaEngine``.
///
/// All methods may be called from any thread and return at once; none waits for the media thread.
public final class MediaStream: Sendable {
    /// Called on the pump thread, one call at a time, in order. They must return soon: all streams of the media thread
    /// share the pump.
    public struct Handlers: Sendable {
        /// G.711 bytes since the last call, in order, gaps concealed and suppressed silence filled in; and when the first
        /// of them arrived. The bytes are valid during the call.
        public var uplink: @Sendable (UnsafeRawBufferPointer, Instant) -> Void
        public var event: @Sendable (MediaEvent) -> Void

        public init(
            uplink: @escaping @Sendable (UnsafeRawBufferPointer, Instant) -> Void,
            event: @escaping @Sendable (MediaEvent) -> Void
        ) {
            self.uplink = uplink
            self.event = event
        }
    }

    private struct State {
        /// The law of the stream: that of the first start.
        var law: G711.Law?
        var takesTelephoneEvents = false
    }

    private let stream: OpenStream
    private let thread: MediaThread
    private let recorder: Recorder
    private let state = Mutex(State())

    init(_ stream: OpenStream, thread: MediaThread, recorder: Recorder) {
        self.stream = stream
        self.thread = thread
        self.recorder = recorder
    }

    deinit { close() }

    /// The RTP port, for SDP; RTCP is on the next one.
    public var localPort: UInt16 { stream.pair.port }

    /// Starts the audio, or takes over what a later offer and answer have changed.
    ///
    /// Before the first call, datagrams are discarded. The codec of the first call stays that of ``play(_:tag:)`` and of
    /// the uplink; when a later one differs on the wire, the stream converts.
    public func start(_ parameters: MediaParameters) {
        state.withLock {
            if $0.law == nil { $0.law = parameters.codec.law }
            $0.takesTelephoneEvents = parameters.telephoneEventSendPayloadType != nil
        }
        stream.channel.start(parameters)
    }

    /// Appends audio to what is to be said.
    ///
    /// - Parameters:
    ///   - payload: G.711 in the stream's codec, any length.
    ///   - tag: What it belongs to, for the events and the ledger. Parts of a tag may come one after the other.
    public func play(_ payload: [UInt8], tag: UInt32) {
        stream.channel.play(payload, tag: tag)
    }

    /// No more bytes of `tag` will come; ``MediaEvent/playoutEnded(tag:played:at:)`` follows when all are played.
    public func finish(tag: UInt32) {
        stream.channel.finish(tag: tag)
    }

    /// Drops what is queued, with a fade of a few milliseconds in the next packet, and ends a ``pause()``.
    /// ``MediaEvent/flushed`` tells what was played.
    public func flush() {
        stream.channel.flush()
    }

    /// Holds what is queued and what is still to come, with a fade of a few milliseconds in the next packet; silence goes
    /// out instead. Nothing is dropped, and nothing that is held counts as played. Telephone-events are sent all the
    /// same.
    ///
    /// Ended by ``resume()`` or by ``flush()``. Calling it again does nothing.
    public func pause() {
        stream.channel.pause()
    }

    /// Goes on with the very byte before which ``pause()`` stopped. Without one it does nothing.
    public func resume() {
        stream.channel.resume()
    }

    /// Sends keys: as telephone-events (RFC 4733) when the far end takes them, else as tones.
    ///
    /// - Parameter digits: `0`…`9`, `*`, `#`, `A`…`D`; other characters are left out.
    public func sendDigits(_ digits: String) {
        let state = self.state.withLock { $0 }
        if state.takesTelephoneEvents {
            stream.channel.sendDigits(digits)
        } else {
            stream.channel.playTone(DualTone.audio(digits, law: state.law ?? .mu))
        }
    }

    /// The figures so far.
    public func statistics() -> MediaStatistics { stream.channel.statistics }

    /// What was handed to RTP so far, run by run.
    public func ledger() -> PlayoutLedger { stream.channel.ledger }

    /// Records both sides to a stereo WAV file, 8 kHz, 16 bits: left the far end, right what is sent. An older recording
    /// of the stream ends.
    ///
    /// - Parameters:
    ///   - path: An existing file is replaced.
    ///   - completion: Called once, on the recorder's thread, when the file is complete: after ``stopRecording()``,
    ///     ``close()`` or the engine's shutdown.
    /// - Throws: ``MediaError`` when the file can't be made, or the stream is closed.
    public func startRecording(
        path: String, completion: @escaping @Sendable (RecordingOutcome) -> Void = { _ in }
    ) throws(MediaError) {
        guard !stream.isClosing.load(ordering: .acquiring) else {
            throw MediaError(.closed, "The call is over; there is nothing to record.")
        }
        let recording = try Recording(path: path, completion: completion)
        try recorder.add(recording)
        stream.recordings.withLock { recordings in
            recordings.removeAll { $0.isFinished.load(ordering: .acquiring) }
            recordings.append(recording)
        }
        stream.channel.record(to: recording.tap)
    }

    /// Ends the recording; the file is complete when the completion handler is called.
    public func stopRecording() {
        stream.channel.record(to: nil)
        recorder.hurry()
    }

    /// Ends the stream: RTCP BYE, sockets closed, the recording completed. The handlers are not called any more, but for a
    /// call that is under way. Calling it again does nothing.
    public func close() {
        thread.remove(stream)
    }
}

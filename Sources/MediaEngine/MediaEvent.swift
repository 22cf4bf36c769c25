public import SansIO

/// What a stream reports, in the order in which it happened.
public enum MediaEvent: Sendable, Hashable {
    /// The first valid RTP packet came from the far end.
    case started(at: Instant)
    /// The first byte of `tag` was handed to RTP.
    case playoutStarted(tag: UInt32, at: Instant)
    /// The last byte of a finished `tag` was handed to RTP; `played` are all its bytes that were.
    case playoutEnded(tag: UInt32, played: Int, at: Instant)
    /// A flush took effect; the last packet with audio leaves `at`.
    ///
    /// One event for each flush. `tag` is the one being heard, `nil` when none was; `played` counts its bytes really
    /// sent, fade included. `dropped` counts the bytes of all tags that were not sent.
    case flushed(tag: UInt32?, played: Int, dropped: Int, at: Instant)
    /// The last queued byte was handed to RTP.
    case drained(at: Instant)
    /// A key of the far end: `0`…`9`, `*`, `#`, `A`…`D`.
    case digit(Character, durationMilliseconds: Int)
    /// Neither RTP nor RTCP has come for the configured time although the far end should send. Reported once until one
    /// of them is back.
    case timedOut
}

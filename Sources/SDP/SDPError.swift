/// Why a session description can't be read, or can't be agreed upon.
public enum SDPError: Error, Hashable, Sendable {
    /// Where in the text a fault is.
    public struct Position: Hashable, Sendable {
        /// Lines before and including this one.
        public let line: Int
        /// Bytes before the line.
        public let offset: Int
    }

    // Reading (RFC 8866 §5, §9).

    /// Longer than ``SessionDescription/maximumByteCount``.
    case tooLong(byteCount: Int)
    /// A line that isn't a letter, an equals sign and a value.
    case malformedLine(Position)
    /// A type letter that RFC 8866 doesn't define; §5 asks to reject the whole description.
    case unknownType(letter: String, Position)
    /// The value of a line of this type breaks its grammar.
    case malformedField(type: String, Position)
    /// A line that may not stand here, such as `t=` after `m=`, or a second `o=`.
    case misplacedField(type: String, Position)
    /// A line that every description has is not there: `v` or `o`.
    case missingField(type: String)

    // Agreeing (RFC 3264).

    /// No `m=audio` line with a port: as the answer to an offer, a reason for 488.
    case noAudio
    /// No codec that both sides know: 488.
    case noCommonCodec
    /// The audio line's transport is one that we don't speak, such as `RTP/SAVP`: 488.
    case unsupportedProtocol(String)
    /// Neither the audio line nor the session has a `c=` line.
    case missingConnection
    /// The answer refuses the audio line (port 0).
    case audioRejected
    /// An answer without an offer of ours before it.
    case unexpectedAnswer
}

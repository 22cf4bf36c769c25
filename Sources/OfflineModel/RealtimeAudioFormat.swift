public import SansIO

/// An audio format of the Realtime API: `audio/pcm` (16 bit little-endian, mono, 24 kHz), `audio/pcmu`, `audio/pcma`.
public enum RealtimeAudioFormat: String, CaseIterable, Hashable, Sendable {
    case pcm = "audio/pcm"
    case pcmu = "audio/pcmu"
    case pcma = "audio/pcma"

    /// Bytes of one millisecond: exact, so that positions follow from byte counts. [B/ms]
    public var bytesPerMillisecond: Int { self == .pcm ? 48 : 8 }

    /// Bytes of one sample. [B]
    public var bytesPerSample: Int { self == .pcm ? 2 : 1 }

    /// Samples per second. [Hz]
    public var sampleRate: Int { self == .pcm ? 24_000 : 8_000 }

    /// The `format` object of a session.
    public var json: JSON {
        switch self {
        case .pcm: ["type": "audio/pcm", "rate": 24_000]
        case .pcmu, .pcma: ["type": .string(rawValue)]
        }
    }

    /// Reads a `format` object whose shape has been checked.
    init?(json: JSON?) {
        guard let name = json?["type"]?.string else { return nil }
        self.init(rawValue: name)
    }
}

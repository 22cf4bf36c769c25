import SansIO

/// The pieces of one output item and when each goes out.
struct Emission: Sendable {
    enum Delta: Hashable, Sendable {
        /// Words ahead of their audio.
        case transcript(String)
        /// Bytes of ``Emission/audio``.
        case audio(Range<Int>)
        case text(String)
        case arguments(String)
    }

    /// Transcript that runs ahead of the audio, as a part of the whole.
    private static let lead = 0.15

    let itemID: String
    let outputIndex: Int
    let audio: [UInt8]
    /// Offsets from the start of the emission.
    let deltas: [(offset: Duration, delta: Delta)]
    private let start: Instant
    private var next = 0
    /// Transcript, text or arguments that have gone out.
    private(set) var emittedText = ""
    /// Audio that has gone out. [B]
    private(set) var emittedBytes = 0

    private init(
        itemID: String, outputIndex: Int, audio: [UInt8], deltas: [(offset: Duration, delta: Delta)], start: Instant
    ) {
        self.itemID = itemID
        self.outputIndex = outputIndex
        self.audio = audio
        self.deltas = deltas
        self.start = start
    }

    /// Speech: words and chunks of varying size, paced by how much audio has gone before.
    ///
    /// - Parameter pace: How many times faster than real time; 0 is all at once.
    static func speech(
        _ text: String, audio: [UInt8], format: RealtimeAudioFormat, pace: Double, itemID: String, outputIndex: Int,
        start: Instant, random: inout SeededRandom
    ) -> Emission {
        var words = RealtimeServerSession.pieces(of: text)[...]
        let wordCount = Double(words.count)
        var deltas: [(offset: Duration, delta: Delta)] = []
        var position = 0
        while position < audio.count {
            let samples = Int.random(in: (format.sampleRate / 20)...(format.sampleRate * 2 / 5), using: &random)
            let end = min(audio.count, position + samples * format.bytesPerSample)
            let before = Double(position) / Double(format.bytesPerMillisecond)
            let offset = pace > 0 ? Duration.nanoseconds(Int64(before / pace * 1e6)) : .zero
            let share = min(1, Double(end) / Double(audio.count) + lead)
            let remaining = Int(wordCount - (wordCount * share).rounded(.up))
            while words.count > remaining, let word = words.popFirst() { deltas.append((offset, .transcript(word))) }
            deltas.append((offset, .audio(position..<end)))
            position = end
        }
        for word in words { deltas.append((deltas.last?.offset ?? .zero, .transcript(word))) }
        return Emission(itemID: itemID, outputIndex: outputIndex, audio: audio, deltas: deltas, start: start)
    }

    /// A written answer, a word every five milliseconds.
    static func text(_ text: String, pace: Double, itemID: String, outputIndex: Int, start: Instant) -> Emission {
        let interval = Duration.milliseconds(pace > 0 ? 5 : 0)
        let deltas = RealtimeServerSession.pieces(of: text).enumerated().map { index, word in
            (offset: interval * index, delta: Delta.text(word))
        }
        return Emission(itemID: itemID, outputIndex: outputIndex, audio: [], deltas: deltas, start: start)
    }

    /// The arguments of a function call, a few characters at a time.
    static func arguments(
        _ arguments: String, pace: Double, itemID: String, outputIndex: Int, start: Instant,
        random: inout SeededRandom
    ) -> Emission {
        let interval = Duration.milliseconds(pace > 0 ? 5 : 0)
        var deltas: [(offset: Duration, delta: Delta)] = []
        var rest = arguments[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...12, using: &random))
            deltas.append((interval * deltas.count, .arguments(String(piece))))
            rest = rest.dropFirst(piece.count)
        }
        return Emission(itemID: itemID, outputIndex: outputIndex, audio: [], deltas: deltas, start: start)
    }

    /// When the next piece is due, or the end when all are out.
    var nextDeadline: Instant {
        guard let offset = next < deltas.count ? deltas[next].offset : deltas.last?.offset else { return start }
        return start + offset
    }

    var isComplete: Bool { next == deltas.count }

    /// The next piece if it is due.
    mutating func takeDelta(at now: Instant) -> Delta? {
        guard !isComplete, nextDeadline <= now else { return nil }
        let delta = deltas[next].delta
        next += 1
        switch delta {
        case .transcript(let text), .text(let text), .arguments(let text): emittedText += text
        case .audio(let range): emittedBytes = range.upperBound
        }
        return delta
    }
}

import Audio
import Speech

/// The stretches of one voice in a recording.
struct Utterances {
    struct Utterance {
        /// Of the recording's samples.
        let range: Range<Int>
        let samples: [Int16]
    }

    private static let frameLength = G711.sampleRate / 50
    /// Quieter frames are silence. [dBFS]
    private static let threshold = -45.0
    /// A longer silence ends an utterance. [frames]
    private static let longestPause = 50
    /// What is kept before and after. [samples]
    private static let padding = G711.sampleRate / 4

    let list: [Utterance]

    /// - Parameter channel: At 8 kHz.
    init(in channel: [Int16]) {
        var ranges: [Range<Int>] = []
        for start in stride(from: 0, to: channel.count, by: Self.frameLength) {
            let frame = start..<min(start + Self.frameLength, channel.count)
            guard LevelMeter.level(of: channel[frame]) > Self.threshold else { continue }
            if let last = ranges.last, frame.lowerBound - last.upperBound <= Self.longestPause * Self.frameLength {
                ranges[ranges.count - 1] = last.lowerBound..<frame.upperBound
            } else {
                ranges.append(frame)
            }
        }
        list = ranges.map { range in
            let padded = max(0, range.lowerBound - Self.padding)..<min(channel.count, range.upperBound + Self.padding)
            return Utterance(range: range, samples: Array(channel[padded]))
        }
    }

    /// What is heard in each, when it is expected to be some of `sentences`; other speech gives other words.
    func texts(expecting sentences: [String]) throws -> [String] {
        let recognizer = try SpeechRecognizer()
        try recognizer.setGrammar(SpeechGrammar(sentences: sentences))
        return try list.map { try recognizer.recognize($0.samples, sampleRate: G711.sampleRate).text }
    }
}

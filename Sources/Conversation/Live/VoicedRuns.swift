/// µ-law audio as runs of silence and of voice, in windows of 20 ms.
struct VoicedRuns: Hashable, Sendable {
    struct Run: Hashable, Sendable {
        var isVoiced: Bool
        /// Where it is in the audio. [byte]
        var range: Range<Int>
    }

    /// Audio that is voice or silence as a whole. [byte]
    private static let windowBytes = 20 * G711Law.bytesPerMillisecond
    /// Root mean square of what still counts as silence, on the scale of 16-bit samples.
    ///
    /// Measured by others on the live service: silence is all zeros but for a faint tick, and speech an order of
    /// magnitude louder than this.
    private static let silence = 20

    /// They alternate, and cover the audio.
    private(set) var runs: [Run] = []

    init(_ audio: [UInt8]) {
        var start = 0
        while start < audio.count {
            let window = audio[start..<min(start + Self.windowBytes, audio.count)]
            start = window.endIndex
            let isVoiced = Self.isVoiced(window)
            if let last = runs.indices.last, runs[last].isVoiced == isVoiced {
                runs[last].range = runs[last].range.lowerBound..<start
            } else {
                runs.append(Run(isVoiced: isVoiced, range: window.startIndex..<start))
            }
        }
    }

    private static func isVoiced(_ audio: ArraySlice<UInt8>) -> Bool {
        let energy = audio.reduce(0) { sum, byte in
            let magnitude = magnitude(of: byte)
            return sum + magnitude * magnitude
        }
        return energy > audio.count * silence * silence
    }

    /// A sample without its sign, on the scale of 16-bit samples (ITU-T G.711 table 2a).
    private static func magnitude(of byte: UInt8) -> Int {
        let code = Int(~byte & 0x7F)
        return ((((code & 0x0F) << 3) + 0x84) << (code >> 4)) - 0x84
    }

    // MARK: Lengths

    /// Bytes of silence, of voice, of silence and so on.
    var lengths: [Int] { (runs.first?.isVoiced == true ? [0] : []) + runs.map(\.range.count) }

    /// Audio that has these runs.
    static func audio(lengths: [Int]) -> [UInt8] {
        var audio: [UInt8] = []
        for (index, length) in lengths.enumerated() {
            audio += [UInt8](repeating: index.isMultiple(of: 2) ? 0xFF : 0x80, count: length)
        }
        return audio
    }
}

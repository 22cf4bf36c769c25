import Audio
import Glibc

/// Keys as tones, for far ends that take no telephone-events (ITU-T Q.23, Q.24).
enum DualTone {
    private static let rows: [Double] = [697, 770, 852, 941]
    private static let columns: [Double] = [1_209, 1_336, 1_477, 1_633]
    private static let keys = Array("123A456B789C*0#D".utf8)
    /// Length of a tone and of the silence behind it: 100 ms each. [samples]
    private static let length = 800
    /// Amplitude of either tone: −8 dBm0 together or less.
    private static let amplitude = 5_000.0

    /// The tones of `digits` with a pause behind each; what is no key is left out.
    static func audio(_ digits: String, law: G711.Law) -> [UInt8] {
        var audio: [UInt8] = []
        for digit in digits.uppercased().utf8 {
            guard let key = keys.firstIndex(of: digit) else { continue }
            let row = 2 * Double.pi * rows[key / 4] / Double(G711.sampleRate)
            let column = 2 * Double.pi * columns[key % 4] / Double(G711.sampleRate)
            for sample in 0..<length {
                let level = amplitude * (sin(row * Double(sample)) + sin(column * Double(sample)))
                audio.append(G711.encode(Int16(level), law))
            }
            audio.append(contentsOf: repeatElement(G711.silence(law), count: length))
        }
        return audio
    }
}

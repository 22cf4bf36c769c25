import Audio
import Glibc

/// How much of a recording is found again, sample by sample, in what was heard.
struct Likeness: CustomStringConvertible {
    /// Samples of what was heard before the recording begins in it.
    let lag: Int
    /// For each quarter of a second of the recording that is not silence: its correlation with what was heard, −1…1.
    let correlations: [Double]

    /// How many of the pieces are there as they were but for the companding, 0…1.
    var share: Double {
        correlations.isEmpty ? 0 : Double(correlations.count { $0 > 0.95 }) / Double(correlations.count)
    }

    var description: String {
        let list = correlations.map { String(Int(($0 * 100).rounded())) }.joined(separator: " ")
        return "\(Int(share * 100)) % found at \(lag / 8) ms; correlations [%]: \(list)"
    }

    private static let pieceLength = G711.sampleRate / 4
    /// How far a piece may have moved against the first one: a jitter buffer adds or leaves out packets. [samples]
    private static let drift = 3 * 160

    /// Looks for `recording` in `heard`.
    init(of recording: [Int16], in heard: [Int16]) {
        let wanted = recording.map(Float.init)
        let given = heard.map(Float.init)
        let starts = stride(from: 0, to: wanted.count - Self.pieceLength + 1, by: Self.pieceLength).filter { start in
            LevelMeter.level(of: recording[start..<(start + Self.pieceLength)]) > -40
        }
        let loudest = starts.max { left, right in
            LevelMeter.level(of: recording[left..<(left + Self.pieceLength)])
                < LevelMeter.level(of: recording[right..<(right + Self.pieceLength)])
        }
        guard let loudest, given.count >= Self.pieceLength else {
            lag = 0
            correlations = []
            return
        }
        let lags = Array(-loudest...(given.count - Self.pieceLength - loudest))
        let lag = Self.best(wanted, loudest, given, lags).lag
        self.lag = lag
        correlations = starts.map { start in
            Self.best(wanted, start, given, Array((lag - Self.drift)...(lag + Self.drift))).correlation
        }
    }

    private static func best(
        _ wanted: [Float], _ start: Int, _ given: [Float], _ lags: [Int]
    ) -> (lag: Int, correlation: Double) {
        var best = (lag: 0, correlation: -1.0)
        for lag in lags where start + lag >= 0 && start + lag + pieceLength <= given.count {
            let correlation = correlation(wanted, start, given, start + lag)
            if correlation > best.correlation { best = (lag, correlation) }
        }
        return best
    }

    private static func correlation(_ left: [Float], _ leftStart: Int, _ right: [Float], _ rightStart: Int) -> Double {
        var (both, leftOnly, rightOnly): (Float, Float, Float) = (0, 0, 0)
        left.withUnsafeBufferPointer { left in
            right.withUnsafeBufferPointer { right in
                for index in 0..<pieceLength {
                    let (a, b) = (left[leftStart + index], right[rightStart + index])
                    both += a * b
                    leftOnly += a * a
                    rightOnly += b * b
                }
            }
        }
        let scale = (leftOnly * rightOnly).squareRoot()
        return scale > 0 ? Double(both / scale) : 0
    }
}

import SansIO

extension SeededRandom {
    /// A time within a range of milliseconds.
    mutating func delay(_ range: ClosedRange<Int64>) -> Duration {
        .milliseconds(Int64.random(in: range, using: &self))
    }
}

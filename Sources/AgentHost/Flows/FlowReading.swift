import ScriptAPI

/// A flow's main file, as it was found when it was read.
struct FlowReading: Sendable {
    enum Result: Sendable {
        case usable(Flow)
        /// What is wrong; the version is known of a text that loads, but does not pass the flow's own tests.
        case unusable([FlowDiagnostic], version: String?)
        case missing
    }

    let path: String
    var result: Result
    /// Of an unusable text: the same when the same was read.
    var fingerprint: UInt64 = 0

    var isMissing: Bool {
        if case .missing = result { true } else { false }
    }
}

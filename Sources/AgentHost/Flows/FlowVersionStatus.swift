public import ScriptAPI

/// One version of a flow, as an operator sees it.
public struct FlowVersionStatus: Hashable, Sendable {
    public enum State: Hashable, Sendable {
        case serving
        /// Serves that share of the new calls, 0…1.
        case canary(Double)
        case superseded
        case rolledBack
        /// The text that stands in the file now, and that cannot be used.
        case failed
        /// Its file is gone.
        case removed

        /// As tables and JSON show it.
        public var name: String {
            switch self {
            case .serving: "serving"
            case .canary: "canary"
            case .superseded: "superseded"
            case .rolledBack: "rolled_back"
            case .failed: "failed"
            case .removed: "removed"
            }
        }
    }

    /// Empty for a file that never worked.
    public var agent: String
    /// `nil` for a text that does not load.
    public var version: String?
    public var state: State
    /// Unix time. [ns]
    public var loadedAt: Int64
    /// The main file.
    public var path: String
    /// All files, the main one first.
    public var files: [String]
    /// Calls that run on it.
    public var calls: Int
    /// What is wrong, for ``State/failed`` alone.
    public var diagnostics: [FlowDiagnostic] = []
}

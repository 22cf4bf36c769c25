public import ScriptAPI

/// What became of one flow: when its file was read, or when an operator asked for another version.
public struct FlowChange: Hashable, Sendable {
    public enum Kind: String, CaseIterable, Sendable {
        /// A new version serves all new calls.
        case loaded
        /// A new version serves a share of the new calls.
        case canary
        /// The version that had a share serves all new calls.
        case promoted
        /// An earlier version serves all new calls.
        case rolledBack = "rolled_back"
        /// The file is as it was.
        case unchanged
        /// The file could not be used, and is again what serves.
        case mended
        /// The file is as it was when its version was rolled back: the earlier one goes on.
        case heldBack = "held_back"
        /// The file cannot be used: the version before goes on.
        case refused
        /// The file is gone: new calls are refused.
        case removed
    }

    public var kind: Kind
    /// The flow's main file.
    public var path: String
    /// As the flow names it; `nil` for a file that never worked.
    public var agent: String?
    /// The version that the change is about; `nil` for a text that does not load.
    public var version: String?
    /// The version that served new calls before; for ``Kind/refused`` the one that goes on.
    public var previous: String?
    /// Of the new calls, 0…1; for ``Kind/canary`` alone.
    public var share: Double?
    /// What is wrong, for ``Kind/refused`` alone.
    public var diagnostics: [FlowDiagnostic] = []
    /// Files that were written and that are the flow's.
    public var files: [String] = []
    /// From the moment that the change was seen until it serves.
    public var duration: Duration?
    /// Whether it should be told: `false` when nothing happened, and for an error that was told before.
    public var isNews = true

    public init(_ kind: Kind, path: String, agent: String? = nil, version: String? = nil, previous: String? = nil) {
        self.kind = kind
        self.path = path
        self.agent = agent
        self.version = version
        self.previous = previous
    }
}

/// What a host has to tell of its flows.
public enum FlowNews: Sendable {
    case change(FlowChange)
    /// Changes of files are looked for every second instead of being announced, and why.
    case watchLimited(String)
    /// The folder of flows cannot be read, in a sentence; the flows go on as they are.
    case folderUnreadable(String)
}

/// Why an operator's wish, or a dispatch, cannot be fulfilled.
public struct FlowRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Reason: Hashable, Sendable {
        case unknownAgent, unknownVersion
        /// It is known, and it cannot be done now.
        case impossible
    }

    public let reason: Reason
    /// Without capital and full stop, to stand in a sentence.
    public let description: String

    init(_ reason: Reason, _ description: String) {
        self.reason = reason
        self.description = description
    }
}

import AgentHost
import SansIO

/// What happened to a flow, in words.
enum FlowText {
    /// `outbound-caller 1f3a9c2b7d10 → 8b2051cc07ea (flows/outbound_caller.lua, 14 ms)`
    static func line(_ change: FlowChange) -> String {
        let agent = change.agent ?? name(change.path)
        let version = change.version ?? "?"
        let way = change.previous.map { "\($0) → \(version)" } ?? version
        switch change.kind {
        case .loaded: return "\(agent) \(way)\(remarks(change))"
        case .canary:
            let share = Share(fraction: change.share ?? 0)
            return "\(agent) \(way) for \(share.description) of the new calls\(remarks(change))"
        case .promoted: return "\(agent) \(way) for all new calls"
        case .rolledBack: return "\(agent) \(way), rolled back until the file changes or is reloaded"
        case .unchanged: return "\(agent) \(version) is unchanged"
        case .mended: return "\(agent) \(version) goes on: \(name(change.path)) is as it was"
        case .heldBack:
            let going = change.previous.map { "\($0) goes on; " } ?? ""
            return "\(agent): \(going)\(version) was rolled back, `moonline reload` serves it again"
        case .refused: return refused(change)
        case .removed: return "\(agent): \(name(change.path)) is gone, new calls are refused"
        }
    }

    private static func refused(_ change: FlowChange) -> String {
        let consequence = change.previous.map { "the change is not used, version \($0) goes on" } ?? "it is left out"
        return "\(name(change.path)): \(consequence)"
    }

    /// The last two parts of a path, as errors show it.
    static func name(_ path: String) -> String {
        path.split(separator: "/").suffix(2).joined(separator: "/")
    }

    private static func remarks(_ change: FlowChange) -> String {
        let files = change.files.isEmpty ? [change.path] : change.files
        var remarks = files.map(name)
        if let duration = change.duration, change.previous != nil { remarks.append(duration.shortMilliseconds) }
        return " (" + remarks.joined(separator: ", ") + ")"
    }
}

extension Duration {
    /// `0.7 ms`, `14 ms`
    fileprivate var shortMilliseconds: String {
        let tenths = max(1, (nanoseconds + 50_000) / 100_000)
        return tenths < 100 ? "\(tenths / 10).\(tenths % 10) ms" : "\((tenths + 5) / 10) ms"
    }
}

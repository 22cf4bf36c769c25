public import SansIO
import ScriptAPI

// Flows in the messages of the admin API, and back.

extension FlowVersionStatus {
    public var json: JSON {
        var object: JSONObject = ["agent": .string(agent)]
        if let version { object["version"] = .string(version) }
        object["state"] = .string(state.name)
        if case .canary(let share) = state { object["share"] = .number(share) }
        object["loadedAt"] = .string("\(loadedAt)")
        object["path"] = .string(path)
        object["files"] = .array(files.map { .string($0) })
        object["calls"] = .integer(Int64(calls))
        if !diagnostics.isEmpty { object["diagnostics"] = .array(diagnostics.map(\.json)) }
        return .object(object)
    }

    /// `nil` for what is no version.
    public init?(_ json: JSON) {
        guard let name = json["state"]?.string, let state = State(name, share: json["share"]?.number),
            let agent = json["agent"]?.string, let path = json["path"]?.string
        else { return nil }
        self.agent = agent
        version = json["version"]?.string
        self.state = state
        loadedAt = json["loadedAt"]?.string.flatMap { Int64($0) } ?? 0
        self.path = path
        files = (json["files"]?.array ?? []).compactMap(\.string)
        calls = json["calls"]?.integer.flatMap { Int(exactly: $0) } ?? 0
        diagnostics = (json["diagnostics"]?.array ?? []).compactMap { FlowDiagnostic($0) }
    }
}

extension FlowVersionStatus.State {
    fileprivate init?(_ name: String, share: Double?) {
        let all: [Self] = [.serving, .canary(share ?? 0), .superseded, .rolledBack, .failed, .removed]
        guard let state = all.first(where: { $0.name == name }) else { return nil }
        self = state
    }
}

extension FlowChange {
    public var json: JSON {
        var object: JSONObject = ["outcome": .string(kind.rawValue), "path": .string(path)]
        if let agent { object["agent"] = .string(agent) }
        if let version { object["version"] = .string(version) }
        if let previous { object["previous"] = .string(previous) }
        if let share { object["share"] = .number(share) }
        if let duration { object["milliseconds"] = .number(Double(duration.nanoseconds / 1_000) / 1_000) }
        if !diagnostics.isEmpty { object["diagnostics"] = .array(diagnostics.map(\.json)) }
        return .object(object)
    }

    /// `nil` for what is no change.
    public init?(_ json: JSON) {
        guard let kind = json["outcome"]?.string.flatMap({ Kind(rawValue: $0) }), let path = json["path"]?.string
        else { return nil }
        self.init(
            kind, path: path, agent: json["agent"]?.string, version: json["version"]?.string,
            previous: json["previous"]?.string)
        share = json["share"]?.number
        duration = json["milliseconds"]?.number.map { .nanoseconds(Int64(($0 * 1e6).rounded())) }
        diagnostics = (json["diagnostics"]?.array ?? []).compactMap { FlowDiagnostic($0) }
    }
}

extension FlowDiagnostic {
    var json: JSON {
        var object: JSONObject = ["file": .string(file)]
        if let line { object["line"] = .integer(Int64(line)) }
        if let column { object["column"] = .integer(Int64(column)) }
        object["message"] = .string(message)
        if let hint { object["hint"] = .string(hint) }
        return .object(object)
    }

    init?(_ json: JSON) {
        guard let file = json["file"]?.string, let message = json["message"]?.string else { return nil }
        self.init(
            file: file, line: json["line"]?.integer.flatMap { Int(exactly: $0) },
            column: json["column"]?.integer.flatMap { Int(exactly: $0) }, message: message,
            hint: json["hint"]?.string)
    }
}

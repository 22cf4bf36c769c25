public import Conversation

extension Flow {
    /// The flow's text for an event log, from which ``load(_:limits:environment:)`` makes the same flow again.
    public var logged: CallLogFlow {
        CallLogFlow(
            version: version, path: path,
            files: ([main] + modules.sorted { $0.key < $1.key }.map(\.value)).map { source in
                CallLogFlow.File(path: source.path, bytes: source.bytes)
            })
    }

    /// Compiles and checks a flow that an event log has kept; the disk is not looked at.
    public static func load(
        _ kept: CallLogFlow, limits: ScriptLimits = ScriptLimits(),
        environment: ScriptEnvironment = ScriptEnvironment()
    ) throws(FlowError) -> Flow {
        let texts = Dictionary(kept.files.map { ($0.path, $0.bytes) }) { $1 }
        let folder = FlowFolder(of: kept.path, maximumBytes: limits.fileBytes, texts: texts)
        return try load(folder, path: kept.path, limits: limits, environment: environment, isAnalysed: false)
    }
}

public import AgentHost
public import Logging
public struct LoopbackPlayer: TestPlayer {
    public struct Configuration: Sendable {
        public var isLive = false
        public init(host: HostConfiguration) {}
    }
    public static func start(_ c: Configuration, logger: Logger) async throws -> LoopbackPlayer { LoopbackPlayer() }
    public func play(_ item: TestSelection.Item, seed: UInt64, folder: String?) async -> TestResult {
        .notRun(item.test, seed: seed, message: "not yet") }
    public var isDeterministic: Bool { false }
}

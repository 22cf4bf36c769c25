import CallStore
import Conversation
import Logging

public struct HTTPAllowList: Sendable { public init() {} }
public final class ScriptServices: Sendable {
    public struct Limits: Sendable { public init() {} }
    init(store: CallStore, allowed: HTTPAllowList, limits: Limits, logger: Logger) {}
    func perform(_ request: ServiceRequest, agent: String, flowFolder: String) async -> ServiceResult { .audio([]) }
}

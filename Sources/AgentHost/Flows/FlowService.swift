import LiveKit
import SansIO
import ScriptAPI

/// The admin API of flows, `moonline.Flows`: what `moonline versions`, `reload` and `rollback` call.
///
/// Names are lowerCamelCase and 64-bit numbers text, as in LiveKit's messages.
public enum FlowService {
    public static let name = "moonline.Flows"

    static func service(of host: AgentHost) -> TwirpService {
        TwirpService(
            name,
            methods: [
                "ListVersions": { request throws(TwirpError) in
                    let agent = try text("agent", in: request)
                    return ["versions": .array(try versions(host.flowVersions, of: agent).map(\.json))]
                },
                "Reload": { request throws(TwirpError) in
                    let agent = try text("agent", in: request)
                    let promote = try flag("promote", in: request)
                    do throws(FlowRefusal) {
                        let changes = try await host.reloadFlows(agent: agent, isPromoted: promote)
                        return ["flows": .array(changes.map(\.json))]
                    } catch {
                        throw TwirpError(error)
                    }
                },
                "Rollback": { request throws(TwirpError) in
                    guard let agent = try text("agent", in: request) else {
                        throw TwirpError(.invalidArgument, "agent is missing", meta: ["argument": "agent"])
                    }
                    let version = try text("version", in: request)
                    do throws(FlowRefusal) {
                        return try host.rollBackFlow(agent: agent, to: version).json
                    } catch {
                        throw TwirpError(error)
                    }
                },
            ])
    }

    /// - Parameter agent: `nil` for all.
    private static func versions(
        _ all: [FlowVersionStatus], of agent: String?
    ) throws(TwirpError) -> [FlowVersionStatus] {
        guard let agent else { return all }
        // A file's versions belong together, whatever the agent was called in each.
        let paths = Set(all.filter { $0.agent == agent }.map(\.path))
        guard !paths.isEmpty else {
            let known = Set(all.map(\.agent)).filter { !$0.isEmpty }.sorted().joined(separator: ", ")
            throw TwirpError(
                .notFound, "there is no agent “\(agent)”; this host has: \(known)", meta: ["argument": "agent"])
        }
        return all.filter { paths.contains($0.path) }
    }

    private static func text(_ name: String, in request: JSON) throws(TwirpError) -> String? {
        guard let value = request[name], !value.isNull else { return nil }
        guard let text = value.string else {
            throw TwirpError(.malformed, "\(name) must be a string", meta: ["argument": name])
        }
        return text.isEmpty ? nil : text
    }

    private static func flag(_ name: String, in request: JSON) throws(TwirpError) -> Bool {
        guard let value = request[name], !value.isNull else { return false }
        guard let flag = value.bool else {
            throw TwirpError(.malformed, "\(name) must be true or false", meta: ["argument": name])
        }
        return flag
    }
}

extension TwirpError {
    init(_ refusal: FlowRefusal) {
        switch refusal.reason {
        case .unknownAgent: self.init(.notFound, refusal.description, meta: ["argument": "agent"])
        case .unknownVersion: self.init(.notFound, refusal.description, meta: ["argument": "version"])
        case .impossible: self.init(.failedPrecondition, refusal.description)
        }
    }
}

import Glibc
import LiveKit
public import Logging
public import Net
public import SansIO

/// The admin API of a host, on a port of its own.
public final class AdminServer: Sendable {
    public let port: UInt16
    private let server: HTTPServer

    /// - Parameters:
    ///   - apiKey: The only key that tokens may be issued under.
    /// - Throws: `NetError`, for example when the port is in use.
    public static func start(
        host: String, port: UInt16, apiKey: String, apiSecret: Secret, agent: AgentHost, logger: Logger
    ) async throws(NetError) -> AdminServer {
        let router = TwirpRouter(
            backend: agent.adminBackend, services: [FlowService.service(of: agent)],
            secretOf: { $0 == apiKey ? apiSecret : nil }, now: { Int64(time(nil)) })
        let server = try await HTTPServer.start(
            host: host, port: port, logger: logger
        ) { request in
            if TwirpRouter.handles(path: request.path) { return await router.respond(to: request) }
            // LiveKit's server answers so too; load balancers ask for it.
            if request.path == "/" { return .text("OK") }
            return .text("Not found: the admin API is POST /twirp/<Service>/<Method>.\n", status: 404)
        }
        return AdminServer(server)
    }

    private init(_ server: HTTPServer) {
        self.server = server
        port = server.port
    }

    public func shutDown() async {
        await server.shutdown()
    }
}

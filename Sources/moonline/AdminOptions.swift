import ArgumentParser
import LiveKit
import Net
import SansIO

/// Where the host is that a command speaks to, and by which right.
struct AdminOptions: ParsableArguments {
    @Option(help: "URL of the host's admin API (LIVEKIT_URL).")
    var url: String?

    @Option(help: "API key (LIVEKIT_API_KEY).")
    var apiKey: String?

    @Option(help: "API secret (LIVEKIT_API_SECRET).")
    var apiSecret: String?

    @Flag(name: .shortAndLong, help: "Print JSON and nothing else on standard output.")
    var json = false

    static let defaultURL = "http://127.0.0.1:7880"
    /// What `moonline dev` accepts when nothing is set, as `livekit-server --dev` does.
    static let developmentKey = "devkey"
    static let developmentSecret = "secret"

    /// - Parameter timeout: Of one request.
    func client(timeout: Duration = .seconds(30)) throws -> TwirpClient {
        let settings = try Settings()
        var options = HTTPClient.Options()
        options.timeout = timeout
        return TwirpClient(
            url: url ?? settings["LIVEKIT_URL"] ?? AdminOptions.defaultURL,
            apiKey: apiKey ?? settings["LIVEKIT_API_KEY"] ?? AdminOptions.developmentKey,
            apiSecret: Secret(apiSecret ?? settings["LIVEKIT_API_SECRET"] ?? AdminOptions.developmentSecret),
            client: try HTTPClient(options: options), now: { WallClock.seconds })
    }
}

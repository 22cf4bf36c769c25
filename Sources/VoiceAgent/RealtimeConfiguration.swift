/// Where the model is and who pays for it.
public struct RealtimeConfiguration: Sendable {
    /// OpenAI's own service.
    public static let openAI = "https://api.openai.com/v1"

    /// As OpenAI's SDKs take it: `https://api.openai.com/v1`; `http`, `ws` and `wss` are understood too.
    public var baseURL: String
    /// Sent as a bearer token; never logged.
    public var apiKey: String
    /// For example `gpt-realtime-2.1`. Models come and go: it is configuration, never a constant of the code.
    public var model: String
    /// A PEM file of certificates to trust instead of the system's.
    public var trustedCertificatesFile: String?
    public var connectTimeout: Duration

    public init(
        baseURL: String = RealtimeConfiguration.openAI, apiKey: String, model: String,
        trustedCertificatesFile: String? = nil, connectTimeout: Duration = .seconds(10)
    ) {
        self.baseURL = baseURL
        self.apiKey = apiKey
        self.model = model
        self.trustedCertificatesFile = trustedCertificatesFile
        self.connectTimeout = connectTimeout
    }

    /// The WebSocket of the Realtime API: `wss://api.openai.com/v1/realtime?model=…`.
    public var url: String { socketURL + "/realtime?model=" + RealtimeConfiguration.escaped(model) }

    /// The WebSocket of the Live API, whose model is named in the session: `wss://api.openai.com/v1/live/sessions`.
    public var liveURL: String { socketURL + "/live/sessions" }

    private var socketURL: String {
        var base = baseURL
        while base.hasSuffix("/") { base.removeLast() }
        for (scheme, replacement) in [("https://", "wss://"), ("http://", "ws://")] where base.hasPrefix(scheme) {
            base = replacement + base.dropFirst(scheme.count)
        }
        return base
    }

    /// Percent-encoding of everything but RFC 3986's unreserved characters.
    private static func escaped(_ text: String) -> String {
        var output = ""
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            if scalar.isASCII,
                scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || "-._~".unicodeScalars.contains(scalar)
            {
                output.unicodeScalars.append(scalar)
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                output += digits.count == 1 ? "%0" + digits : "%" + digits
            }
        }
        return output
    }
}

import Conversation
import LuaRuntime
import SansIO

/// Functions of `require "http"`.
enum HTTPFunctions {
    static let response = RecordSpec(
        "moonline.HTTPResponse", "What a web service answered.",
        [
            ("status", "integer", "Such as 200 or 404."),
            ("headers", "table<string, string>", "Names in lower case; several of one name with commas between."),
            ("body", "string", "Text. Bytes that are not UTF-8 come as U+FFFD."),
            ("json", "any", "The body's value, where its type is JSON."),
        ])

    static let all: [FunctionSpec] = [
        FunctionSpec(
            .module("http"), "get", "Asks a web service. " + answerProse,
            Argument("url", String.self, urlProse),
            Argument("options", GetOptions?.self, "How to ask."),
            result: "moonline.HTTPResponse", errors: errors, since: "0.2", yields: true, permission: .inHandlers
        ) { _, url, options in
            request("GET", url, options?.common)
        },
        FunctionSpec(
            .module("http"), "post", "Sends something to a web service. " + answerProse,
            Argument("url", String.self, urlProse),
            Argument("options", PostOptions?.self, "What to send, and how."),
            result: "moonline.HTTPResponse", errors: errors, since: "0.2", yields: true, permission: .inHandlers
        ) { _, url, options in
            request("POST", url, options?.common, options?.content)
        },
        FunctionSpec(
            .module("http"), "request", "Sends any request to a web service. " + answerProse,
            Argument("request", RequestOptions.self, "The request."),
            result: "moonline.HTTPResponse", errors: errors, since: "0.2", yields: true, permission: .inHandlers
        ) { _, options in
            request(options.method, options.url, options.common, options.content)
        },
    ]

    private static let urlProse =
        "An `https:` or `http:` address on a host that the operator allows (MOONLINE_HTTP_ALLOW)."
    private static let answerProse =
        "A status of 400 and more is an answer like any other. Up to five redirects are followed, to allowed hosts alone."
    private static let errors: [ScriptErrorCode] = [
        .notAllowed, .timedOut, .failed, .invalidArgument, .limitReached, .callEnded,
    ]

    private static func request(
        _ method: String, _ url: String, _ options: CommonOptions?, _ content: RequestContent? = nil
    ) -> ScriptStep {
        var headers: [String: String] = [:]
        for (name, text) in options?.headers ?? [] { headers[name] = text }
        if content?.isJSON == true, !headers.keys.contains(where: { $0.lowercased() == "content-type" }) {
            headers["Content-Type"] = "application/json"
        }
        return .wait(
            .service(
                .http(
                    ServiceRequest.HTTPCall(
                        method: method, url: adding(options?.query ?? [], to: url), headers: headers,
                        body: content?.bytes ?? [], timeout: options?.timeout ?? CommonOptions.standardTimeout))))
    }

    /// The address with a query, percent-encoded (RFC 3986 §2.1), behind the one that it has.
    private static func adding(_ query: [(name: String, text: String)], to url: String) -> String {
        guard !query.isEmpty else { return url }
        let pairs = query.map { encoded($0.name) + "=" + encoded($0.text) }.joined(separator: "&")
        let parts = url.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let base = String(parts[0])
        let separator = !base.contains("?") ? "?" : base.hasSuffix("?") || base.hasSuffix("&") ? "" : "&"
        return base + separator + pairs
    }

    private static func encoded(_ text: String) -> String {
        let hex = Array("0123456789ABCDEF".utf8)
        var output: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                output.append(byte)
            default: output += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            }
        }
        return String(decoding: output, as: UTF8.self)
    }
}

/// What all requests have.
private struct CommonOptions {
    let headers: [(name: String, text: String)]
    let query: [(name: String, text: String)]
    let timeout: Duration

    static let standardTimeout = Duration.seconds(10)

    static let options = [
        FunctionSpec.Option(
            name: "headers", type: ScriptTexts.luaType,
            prose: "Header fields. `Host`, `Content-Length` and others that frame the request are refused."),
        FunctionSpec.Option(
            name: "query", type: ScriptTexts.luaType, prose: "Added to the address, percent-encoded, sorted by name."),
        FunctionSpec.Option(name: "timeout", type: "number", prose: "Seconds for all of it, 0.1 to 60; 10."),
    ]

    init(reading record: RecordReader) throws(ScriptMismatch) {
        headers = try record.field("headers", as: ScriptTexts?.self)?.pairs ?? []
        query = try record.field("query", as: ScriptTexts?.self)?.pairs ?? []
        let seconds = try record.field("timeout", as: Double?.self)
        guard (0.1...60).contains(seconds ?? 10) else {
            throw ScriptMismatch(reason: "field 'timeout': seconds from 0.1 to 60 expected, got \(seconds ?? 10)")
        }
        timeout = seconds.map { .nanoseconds(Int64($0 * 1e9)) } ?? CommonOptions.standardTimeout
    }
}

/// What a request carries.
private struct RequestContent {
    let bytes: [UInt8]
    let isJSON: Bool

    static let options = [
        FunctionSpec.Option(name: "body", type: "string", prose: "What to send, as it is."),
        FunctionSpec.Option(
            name: "json", type: "any", prose: "What to send as JSON, instead of `body`; sets `Content-Type`."),
    ]

    init(reading record: RecordReader) throws(ScriptMismatch) {
        let body = try record.field("body", as: ScriptBytes?.self)
        let json = try record.field("json", as: ScriptData?.self)
        guard body == nil || json == nil else { throw ScriptMismatch(reason: "'body' and 'json' exclude each other") }
        bytes = json?.json.bytes ?? body?.bytes ?? []
        isJSON = json != nil
    }
}

private struct GetOptions: ScriptRecord {
    let common: CommonOptions

    static var options: [FunctionSpec.Option] { CommonOptions.options }

    init(reading record: RecordReader) throws(ScriptMismatch) {
        common = try CommonOptions(reading: record)
    }
}

private struct PostOptions: ScriptRecord {
    let common: CommonOptions
    let content: RequestContent

    static var options: [FunctionSpec.Option] { RequestContent.options + CommonOptions.options }

    init(reading record: RecordReader) throws(ScriptMismatch) {
        common = try CommonOptions(reading: record)
        content = try RequestContent(reading: record)
    }
}

private struct RequestOptions: ScriptRecord {
    let method: String
    let url: String
    let common: CommonOptions
    let content: RequestContent

    static var options: [FunctionSpec.Option] {
        [
            FunctionSpec.Option(name: "url", type: "string", prose: "Where to; must be there."),
            FunctionSpec.Option(name: "method", type: Method.luaType, prose: "`GET`, or `POST` with content."),
        ] + RequestContent.options + CommonOptions.options
    }

    enum Method: String, CaseIterable, ScriptChoice {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
        case options = "OPTIONS"

        /// In either case of letters.
        static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> Method {
            let text = try String.read(value, in: state)
            guard let method = Method(rawValue: text.uppercased()) else {
                let names = allCases.map(\.rawValue).joined(separator: ", ")
                throw ScriptMismatch(reason: "one of \(names) expected, got \"\(text.prefix(64))\"")
            }
            return method
        }
    }

    init(reading record: RecordReader) throws(ScriptMismatch) {
        url = try record.field("url", as: String.self)
        common = try CommonOptions(reading: record)
        content = try RequestContent(reading: record)
        let method = try record.field("method", as: Method?.self)
        if method == .head, !content.bytes.isEmpty { throw ScriptMismatch(reason: "a HEAD request carries nothing") }
        self.method = (method ?? (content.bytes.isEmpty ? .get : .post)).rawValue
    }
}

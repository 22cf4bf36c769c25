import SansIO

@testable import OfflineModel

/// The HTTP endpoints in virtual time, with a persona or a script behind them.
struct EndpointBench {
    let endpoints: VirtualEndpoints

    static let key = "sk-test"

    /// - Parameter persona: Lua; `nil` for one that says only what it is told to.
    init(
        persona: String? = nil, answer: (([PersonaRequest]) -> [PersonaStep])? = nil, words: String? = "",
        faults: FaultSource = FaultSource()
    ) throws {
        var configuration = VirtualEndpoints.Configuration(seed: 1, unixTime: 1_795_000_000)
        configuration.refusedKeys = ["sk-bad"]
        endpoints = VirtualEndpoints(
            configuration,
            persona: try persona.map { try PersonaDefinition(source: Array($0.utf8), name: "test.lua") },
            services: VirtualModel.Services(), answer: answer, words: words.map { words in { words } },
            faults: faults, today: "2026-11-30")
    }

    func reply(
        _ endpoint: EndpointRequest.Endpoint, _ body: JSON, key: String = key, at now: Instant = .zero
    ) -> EndpointReply {
        endpoints.reply(to: EndpointRequest(endpoint, key: key, body: body.bytes), at: now)
    }

    func chat(_ members: JSON) -> EndpointReply { reply(.chat, Self.adding(members, to: ["model": "gpt-4o-mini"])) }

    func responses(_ members: JSON) -> EndpointReply {
        reply(.responses, Self.adding(members, to: ["model": "gpt-4o-mini"]))
    }

    private static func adding(_ members: JSON, to body: JSON) -> JSON {
        var body = body
        for member in members.object?.members ?? [] { body[member.key] = member.value }
        return body
    }

    static func user(_ text: String) -> JSON { ["role": "user", "content": .string(text)] }

    static let tool: JSON = [
        "type": "function",
        "function": ["name": "look_up", "description": "Looks up.", "parameters": ["type": "object"]],
    ]
    static let flatTool: JSON = ["type": "function", "name": "look_up", "parameters": ["type": "object"]]
}

/// One server-sent event.
struct StreamedEvent: Hashable {
    var name: String?
    var data: String

    var json: JSON? {
        do { return try JSON(parsing: data) } catch { return nil }
    }
}

extension EndpointReply {
    /// The body as JSON; `null` where it is none.
    var json: JSON {
        do { return try JSON(parsing: body) } catch { return .null }
    }

    /// The server-sent events of the body.
    var events: [StreamedEvent] { Self.events(in: body) }

    static func events(in body: [UInt8]) -> [StreamedEvent] {
        String(decoding: body, as: UTF8.self).components(separatedBy: "\n\n").compactMap { block in
            var event = StreamedEvent(data: "")
            for line in block.split(separator: "\n") {
                if line.hasPrefix("event: ") { event.name = String(line.dropFirst(7)) }
                if line.hasPrefix("data: ") { event.data += line.dropFirst(6) }
            }
            return event.data.isEmpty ? nil : event
        }
    }

    /// The delta of each chunk of a streamed chat completion that has a choice.
    var deltas: [JSON] { events.compactMap { $0.json?["choices"]?[0]?["delta"] } }

    /// The whole text of a streamed chat completion.
    var text: String { deltas.compactMap { $0["content"]?.string }.joined() }
}

extension String {
    fileprivate func components(separatedBy separator: String) -> [Substring] {
        var parts: [Substring] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(rest[..<range.lowerBound])
            rest = rest[range.upperBound...]
        }
        return parts + [rest]
    }
}

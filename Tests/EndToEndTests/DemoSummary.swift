import Foundation
import SansIO
import TestSupport
import Testing

/// What `moonline demo --json` prints, and the files that it names.
struct DemoSummary {
    let json: JSON

    /// - Throws: Unless `output` is one JSON object, on one line, and nothing else.
    init(_ output: String) throws {
        try #require(output.hasSuffix("}\n") && output.split(separator: "\n").count == 1, "\(output)")
        json = try JSON(parsing: output)
        try #require(json.object != nil)
    }

    struct Action {
        let name: String
        let arguments: JSON
        /// Parsed where it is JSON.
        let result: JSON?
    }

    var actions: [Action] {
        get throws {
            try (json["actions"]?.array ?? []).map { action in
                let result = action["result"]?.string
                return Action(
                    name: action["name"]?.string ?? "", arguments: try JSON(parsing: action["arguments"]?.string ?? ""),
                    result: result?.hasPrefix("{") == true ? try JSON(parsing: result ?? "") : action["result"])
            }
        }
    }

    var interruptions: [(heard: String, unheard: String)] {
        (json["interruptions"]?.array ?? []).map { ($0["heard"]?.string ?? "", $0["unheard"]?.string ?? "") }
    }

    /// Who said what, in order.
    var transcript: [(role: String, text: String)] {
        (json["transcript"]?.array ?? []).map { ($0["role"]?.string ?? "", $0["text"]?.string ?? "") }
    }

    func integer(_ name: String) -> Int64 { json[name]?.integer ?? -1 }

    /// The file that the summary names under `name`.
    func file(_ name: String) throws -> Data {
        let path = try #require(json[name]?.string, "the summary names no \(name)")
        return try Data(contentsOf: URL(fileURLWithPath: path))
    }

    /// The lines of the event log.
    func events() throws -> [JSON] {
        try String(decoding: file("event_log"), as: UTF8.self).split(separator: "\n").map {
            try JSON(parsing: String($0))
        }
    }
}

extension JSON {
    /// Whether a string somewhere in the value contains `text`.
    func mentions(_ text: String) -> Bool {
        if let string { return string.contains(text) }
        if let array { return array.contains { $0.mentions(text) } }
        return object?.members.contains { $0.value.mentions(text) } ?? false
    }
}

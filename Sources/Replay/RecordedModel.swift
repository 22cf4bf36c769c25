import Conversation
import SansIO

/// What the model did in a recorded call, as the entries of a test's `t.model`.
struct RecordedModel {
    /// A function that the model called.
    struct Call {
        let id: String
        let name: String
        let arguments: String
    }

    private enum Trigger {
        case start, hears(item: String), result(of: String), instructed(String)
    }

    private struct Response {
        let trigger: Trigger
        /// In the order in which they began.
        var items: [String] = []
        var texts: [String: String] = [:]
        var calls: [Call] = []
        var failure: String?
    }

    private struct Request {
        let isExact: Bool
        let instructions: String?
    }

    /// What stands for words of the far end that were not written down.
    static let unwritten = "Hello."

    private let base: String
    private var requests: [String: Request] = [:]
    private var responses: [(id: String, response: Response)] = []
    private var transcripts: [String: String] = [:]
    private var names: [String: String] = [:]
    /// What has happened since the model began to speak last.
    private var results: [String] = []
    private var turn: String?
    /// The connection broke in mid-call.
    private(set) var isLost = false

    init(_ log: CallLog) {
        base = log.beginning.configuration.definition.instructions
        for entry in log.entries {
            switch (entry.direction, entry.body["event"]?.string, entry.body["action"]?.string) {
            case (.event, "model", _): receive(entry.body["message"] ?? .null)
            case (.event, "model_closed", _), (.event, "model_failed", _): isLost = true
            case (.action, _, "send_model"): send(entry.body["message"] ?? .null)
            default: break
            }
        }
    }

    // MARK: Reading

    private mutating func send(_ message: JSON) {
        switch message["type"]?.string {
        case "response.create":
            guard let response = message["response"], let number = response["metadata"]?["moonline_request"]?.string
            else { return }
            requests[number] = Request(
                isExact: response["metadata"]?["moonline"]?.string == "say",
                instructions: response["instructions"]?.string.map(own))
        case "conversation.item.create":
            guard message["item"]?["type"]?.string == "function_call_output",
                let name = names[message["item"]?["call_id"]?.string ?? ""]
            else { return }
            results.append(name)
        default: break
        }
    }

    /// Instructions without those of the session, which stand before them.
    private func own(_ instructions: String) -> String {
        if instructions.hasPrefix(base + "\n\n") { return String(instructions.dropFirst(base.count + 2)) }
        guard let end = instructions.ranges(of: "\n\n").last?.upperBound else { return instructions }
        return String(instructions[end...])
    }

    private mutating func receive(_ message: JSON) {
        switch message["type"]?.string {
        case "conversation.item.input_audio_transcription.completed":
            if let item = message["item_id"]?.string, let text = message["transcript"]?.string,
                text.contains(where: \.isLetter) || text.contains(where: \.isNumber)
            {
                transcripts[item] = text
            }
        case "input_audio_buffer.committed": turn = message["item_id"]?.string
        case "response.created": begin(message["response"] ?? .null)
        case "response.output_audio_transcript.delta", "response.output_audio_transcript.done": hear(message)
        case "response.output_item.done": note(message["item"] ?? .null, in: message["response_id"]?.string)
        case "response.function_call_arguments.done": note(message, in: message["response_id"]?.string)
        case "response.done": finish(message["response"] ?? .null)
        default: break
        }
    }

    private mutating func begin(_ response: JSON) {
        guard let id = response["id"]?.string else { return }
        let request = response["metadata"]?["moonline_request"]?.string.flatMap { requests[$0] }
        // What `call:say` asks for is said without an entry.
        guard request?.isExact != true else { return }
        let trigger: Trigger
        if let instructions = request?.instructions {
            trigger = .instructed(instructions)
        } else if let turn, request == nil || results.isEmpty {
            trigger = .hears(item: turn)
        } else if let name = results.last {
            trigger = .result(of: name)
        } else {
            trigger = .start
        }
        turn = nil
        results = []
        responses.append((id, Response(trigger: trigger)))
    }

    private func index(_ id: String?) -> Int? { responses.lastIndex { $0.id == id } }

    private mutating func hear(_ message: JSON) {
        guard let index = index(message["response_id"]?.string), let item = message["item_id"]?.string else { return }
        if !responses[index].response.items.contains(item) { responses[index].response.items.append(item) }
        if let whole = message["transcript"]?.string, !whole.isEmpty {
            responses[index].response.texts[item] = whole
        } else if let delta = message["delta"]?.string {
            responses[index].response.texts[item, default: ""] += delta
        }
    }

    private mutating func note(_ item: JSON, in response: String?) {
        guard let id = item["call_id"]?.string, let index = index(response) else { return }
        let isKnown = responses[index].response.calls.contains { $0.id == id }
        guard let name = item["name"]?.string, !name.isEmpty, !isKnown else { return }
        names[id] = name
        responses[index].response.calls.append(
            Call(id: id, name: name, arguments: item["arguments"]?.string ?? ""))
    }

    private mutating func finish(_ response: JSON) {
        let id = response["id"]?.string
        for item in response["output"]?.array ?? [] { note(item, in: id) }
        guard let index = index(id) else { return }
        switch response["status"]?.string {
        case "completed": break
        case "failed":
            responses[index].response.calls = []
            let code = response["status_details"]?["error"]?["code"]?.string ?? ""
            responses[index].response.failure = code.isEmpty ? "server_error" : code
        // Functions of a response that was not completed are not called.
        default: responses[index].response.calls = []
        }
    }

    // MARK: Writing

    /// The entries, in order.
    var entries: [JSON] {
        responses.flatMap { _, response in
            let says = response.items.compactMap { item in
                response.texts[item].flatMap { $0.trimmed.isEmpty ? nil : $0.trimmed }
            }
            return RecordedModel.entries(
                trigger(response.trigger), says: says, calls: response.calls, failure: response.failure
            ).map { JSON.object($0) }
        }
    }

    /// The entries of one answer; none of one that has nothing in it.
    static func entries(
        _ trigger: JSONObject, says: [String], calls: [Call], failure: String?
    ) -> [JSONObject] {
        var entries: [JSONObject] = []
        var entry = trigger
        if !says.isEmpty { entry["says"] = says.count == 1 ? .string(says[0]) : .array(says.map { .string($0) }) }
        for (index, call) in calls.enumerated() {
            // An entry calls one function; the next one follows when that has come back.
            if index > 0 {
                entries.append(entry)
                entry = ["result_of": .string(calls[index - 1].name)]
            }
            entry["calls"] = .string(call.name)
            if let arguments = RecordedTest.arguments(call.arguments) { entry["with"] = .object(arguments) }
        }
        if let failure { entry["fails"] = .string(failure) }
        if entry.count > 1 { entries.append(entry) }
        return entries
    }

    private func trigger(_ trigger: Trigger) -> JSONObject {
        switch trigger {
        case .start: ["start": true]
        case .hears(let item): ["hears": .string(RecordedTest.beginning(of: transcripts[item] ?? Self.unwritten))]
        case .result(let name): ["result_of": .string(name)]
        case .instructed(let text): ["instructed": .string(RecordedTest.beginning(of: text))]
        }
    }
}

extension String {
    var trimmed: String { String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()) }
}

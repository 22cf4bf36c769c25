public import Conversation
import SansIO

/// Reads the answer of `/v1/responses`, streamed or not. Calls get identifiers of our own, as those of
/// ``ChatCompletionStream`` do.
public struct ResponsesStream: Sendable {
    private struct Call {
        /// The item's identifier, where the server gives one.
        let itemID: String
        /// The server's, for want of the other.
        let callID: String
        var name: String
        var arguments: String
        var isGiven = false
    }

    private let server: StageServer
    private let generation: UInt64
    private var body = EventStreamBody()
    private var calls: [Call] = []
    private var hasText = false
    /// The last event was given.
    public private(set) var isEnded = false

    /// - Parameters:
    ///   - server: Who answers, for failures.
    ///   - generation: Makes the identifiers of calls; another one in each answer.
    public init(server: StageServer, generation: UInt64) {
        self.server = server
        self.generation = generation
    }

    /// Takes a part of the body, cut anywhere.
    public mutating func receive(_ bytes: [UInt8]) -> [GenerationEvent] {
        let parts = body.receive(bytes)
        let events = read(parts)
        return events.isEmpty && !isEnded && parts.contains(where: \.isEvent) ? [.progress] : events
    }

    /// Whether the answer is complete though it has not ended: never, for its completion is its end.
    public var isComplete: Bool { false }

    /// The body has ended; the last event is among the result unless it was given already.
    public mutating func finish() -> [GenerationEvent] {
        let events = read(body.finish())
        if isEnded { return events }
        return events + [fail(server.failure(.retryable, "ended its answer in the middle; this usually passes"))]
    }

    private mutating func read(_ parts: [EventStreamBody.Part]) -> [GenerationEvent] {
        var events: [GenerationEvent] = []
        for part in parts where !isEnded {
            switch part {
            case .event(let type, let json): events += readEvent(json["type"]?.string ?? type, json)
            case .done: break
            case .whole(let json):
                if json["error"].map({ !$0.isNull }) == true {
                    events.append(fail(server.failure(error: json)))
                } else if json["output"]?.array != nil {
                    events += end(json)
                } else {
                    events.append(fail(malformed))
                }
            case .malformed: events.append(fail(malformed))
            }
        }
        return events
    }

    private var malformed: StageFailure {
        server.failure(.retryable, "sent an answer that cannot be read; check that it speaks OpenAI's protocol")
    }

    private mutating func fail(_ failure: StageFailure) -> GenerationEvent {
        isEnded = true
        return .failed(failure)
    }

    private mutating func readEvent(_ type: String, _ json: JSON) -> [GenerationEvent] {
        switch type {
        case "response.output_text.delta", "response.refusal.delta":
            guard let text = json["delta"]?.string, !text.isEmpty else { return [] }
            hasText = true
            return [.text(text)]
        case "response.output_item.added":
            if let item = json["item"] { _ = find(item) }
            return calls.count > ChatCompletionStream.maximumCalls ? [fail(malformed)] : []
        case "response.output_item.done": return json["item"].map { give($0) } ?? []
        case "response.completed", "response.incomplete": return end(json["response"] ?? .null)
        case "response.failed":
            return [fail(server.failure(error: json["response"]?["error"] ?? .string("no reason was given")))]
        case "error": return [fail(server.failure(error: json))]
        default: return json["error"].map { $0.isNull ? [] : [fail(server.failure(error: json))] } ?? []
        }
    }

    /// The place of an item among the calls; `nil` when it is none.
    private mutating func find(_ item: JSON) -> Int? {
        guard item["type"]?.string == "function_call" else { return nil }
        let itemID = item["id"]?.string ?? ""
        let callID = item["call_id"]?.string ?? ""
        let known = calls.lastIndex { itemID.isEmpty ? !$0.isGiven && $0.callID == callID : $0.itemID == itemID }
        if let known { return known }
        calls.append(Call(itemID: itemID, callID: callID, name: item["name"]?.string ?? "", arguments: ""))
        return calls.count - 1
    }

    /// Gives the call that an item is, once.
    private mutating func give(_ item: JSON) -> [GenerationEvent] {
        guard let index = find(item), !calls[index].isGiven else { return [] }
        calls[index].isGiven = true
        if let name = item["name"]?.string, !name.isEmpty { calls[index].name = name }
        let arguments = item["arguments"].map { $0.string ?? $0.text } ?? ""
        guard !calls[index].name.isEmpty else { return [] }
        return [
            .call(
                RealtimeFunctionCall(
                    callID: "call_\(generation)_\(index + 1)", name: calls[index].name,
                    arguments: arguments.isEmpty ? "{}" : arguments))
        ]
    }

    /// The response is complete; what no event told of it is told now.
    private mutating func end(_ response: JSON) -> [GenerationEvent] {
        if response["status"]?.string == "failed" {
            return [fail(server.failure(error: response["error"] ?? .string("no reason was given")))]
        }
        var events: [GenerationEvent] = []
        let (hadText, hadCalls) = (hasText, calls.contains { $0.isGiven })
        for item in response["output"]?.array ?? [] {
            for part in item["content"]?.array ?? [] where !hadText {
                guard let text = part["text"]?.string ?? part["refusal"]?.string, !text.isEmpty else { continue }
                events.append(.text(text))
            }
            // Items without identifier were told of by their own events, if any call was.
            if item["id"]?.string != nil || !hadCalls { events += give(item) }
        }
        isEnded = true
        let usage = response["usage"].flatMap { $0.isNull ? JSON?.none : $0 }
        return events + [.ended(reason: reason(response), usage: usage)]
    }

    /// The reason in the words of chat completions.
    private func reason(_ response: JSON) -> String {
        switch response["incomplete_details"]?["reason"]?.string {
        case "max_output_tokens", "max_tokens": "length"
        case let other?: other
        case nil: calls.contains(where: \.isGiven) ? "tool_calls" : "stop"
        }
    }
}

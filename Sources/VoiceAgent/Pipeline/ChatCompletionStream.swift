public import Conversation
import SansIO

/// Reads the answer of `/v1/chat/completions`, streamed or not.
///
/// Liberal, for compatible servers differ: calls may come whole in one chunk, without index, all with index 0, or with
/// an identifier twice; `finish_reason` may be `stop` where functions are called; `[DONE]` may be missing.
///
/// Calls get identifiers of our own: some servers begin anew with `call_0` in each answer, and no server knows its own
/// ones again, for the API keeps nothing.
public struct ChatCompletionStream: Sendable {
    private struct Call {
        var index: Int64?
        var id: String
        var name: String
        var arguments: String
    }

    private let server: StageServer
    private let generation: UInt64
    private var body = EventStreamBody()
    /// Calls that are not whole.
    private var calls: [Call] = []
    /// Calls that were given.
    private var calledCount = 0
    private var hasText = false
    private var reason: String?
    private var usage: JSON?
    /// The last event was given.
    public private(set) var isEnded = false

    /// - Parameters:
    ///   - server: Who answers, for failures.
    ///   - generation: Makes the identifiers of calls; another one in each answer.
    public init(server: StageServer, generation: UInt64) {
        self.server = server
        self.generation = generation
    }

    /// Functions that one answer may call.
    static let maximumCalls = 128

    /// Takes a part of the body, cut anywhere.
    public mutating func receive(_ bytes: [UInt8]) -> [GenerationEvent] {
        let parts = body.receive(bytes)
        var events = read(parts)
        if isEnded { events.removeAll { if case .written = $0 { true } else { false } } }
        return events.isEmpty && !isEnded && parts.contains(where: \.isEvent) ? [.progress] : events
    }

    /// The model has said why it ended, even if its answer has not ended.
    public var isComplete: Bool { reason != nil && !isEnded }

    /// The body has ended; the last event is among the result unless it was given already.
    public mutating func finish() -> [GenerationEvent] {
        var events = read(body.finish()).filter { if case .written = $0 { false } else { true } }
        if isEnded { return events }
        if reason == nil {
            events.append(fail(server.failure(.retryable, "ended its answer in the middle; this usually passes")))
        } else {
            events += end()
        }
        return events
    }

    private mutating func read(_ parts: [EventStreamBody.Part]) -> [GenerationEvent] {
        var events: [GenerationEvent] = []
        for part in parts where !isEnded {
            switch part {
            case .event(let type, let json):
                if type == "error" || json["error"].map({ !$0.isNull }) == true {
                    events.append(fail(server.failure(error: json)))
                } else {
                    events += readChunk(json)
                }
            case .done: events += end()
            case .whole(let json):
                if json["error"].map({ !$0.isNull }) == true {
                    events.append(fail(server.failure(error: json)))
                } else if json["choices"]?[0] != nil {
                    events += readChunk(json) + end()
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

    private mutating func readChunk(_ chunk: JSON) -> [GenerationEvent] {
        if let usage = chunk["usage"], !usage.isNull { self.usage = usage }
        guard let choice = chunk["choices"]?.array?.first(where: { ($0["index"]?.integer ?? 0) == 0 }) else {
            return []
        }
        var events: [GenerationEvent] = []
        // A server that does not stream sends the message where others send a delta.
        if let delta = choice["delta"] ?? choice["message"] {
            for text in [ChatCompletionStream.text(delta["content"]), delta["refusal"]?.string ?? ""]
            where !text.isEmpty {
                hasText = true
                events.append(.text(text))
            }
            for fragment in delta["tool_calls"]?.array ?? [] {
                readCall(fragment)
                if calledCount + calls.count > ChatCompletionStream.maximumCalls { return events + [fail(malformed)] }
            }
        }
        if let reason = choice["finish_reason"]?.string {
            self.reason = reason
            events += takeCalls() + [.written(reason: usualReason)]
        }
        return events
    }

    /// A text, or the texts of a list of parts.
    private static func text(_ content: JSON?) -> String {
        content?.string ?? (content?.array ?? []).compactMap { $0["text"]?.string }.joined()
    }

    private mutating func readCall(_ fragment: JSON) {
        let index = fragment["index"]?.integer
        let id = fragment["id"]?.string ?? ""
        let name = fragment["function"]?["name"]?.string ?? ""
        let piece = fragment["function"]?["arguments"]
        // An object where the protocol has its text.
        let arguments = piece?.string ?? piece.map { $0.isNull ? "" : $0.text } ?? ""
        let known = index == nil ? calls.indices.last : calls.lastIndex { $0.index == index }
        guard let known, !begins(id: id, name: name, arguments: arguments, after: calls[known]) else {
            calls.append(Call(index: index, id: id, name: name, arguments: arguments))
            return
        }
        if calls[known].id.isEmpty { calls[known].id = id }
        if calls[known].name.isEmpty { calls[known].name = name }
        calls[known].arguments += arguments
    }

    /// Whether a fragment is the beginning of another call, where its index does not say so.
    private func begins(id: String, name: String, arguments: String, after call: Call) -> Bool {
        guard !name.isEmpty else { return false }
        if !id.isEmpty, !call.id.isEmpty, id != call.id { return true }
        guard !arguments.isEmpty else { return false }
        do {
            _ = try JSON(parsing: call.arguments)
            return true
        } catch {
            return false
        }
    }

    /// The calls, each with an identifier of its own.
    private mutating func takeCalls() -> [GenerationEvent] {
        defer {
            calledCount += calls.count
            calls = []
        }
        var taken: [GenerationEvent] = []
        for (number, call) in calls.enumerated() where !call.name.isEmpty {
            taken.append(
                .call(
                    RealtimeFunctionCall(
                        callID: "call_\(generation)_\(calledCount + number + 1)", name: call.name,
                        arguments: call.arguments.isEmpty ? "{}" : call.arguments)))
        }
        return taken
    }

    private mutating func end() -> [GenerationEvent] {
        let last = takeCalls()
        guard reason != nil || hasText || calledCount > 0 else {
            return [fail(server.failure(.retryable, "sent an empty answer; this usually passes"))]
        }
        isEnded = true
        return last + [.ended(reason: usualReason, usage: usage)]
    }

    /// Why the answer ended, in OpenAI's words.
    private var usualReason: String {
        let reason = reason ?? "stop"
        return calledCount > 0 && (reason == "stop" || reason == "function_call") ? "tool_calls" : reason
    }
}

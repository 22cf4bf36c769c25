import Conversation
import SansIO
import Testing
import VoiceAgent

@Suite("The answer of /v1/responses")
struct ResponsesStreamTests {
    private let server = StageServer(stage: .llm, name: "llm.example")

    /// What comes of an answer, but for signs of life: where the network cuts is where they are.
    private func read(_ pieces: [[UInt8]]) -> [GenerationEvent] {
        var stream = ResponsesStream(server: server, generation: 7)
        return (pieces.flatMap { stream.receive($0) } + stream.finish()).filter { $0 != .progress }
    }

    private func read(_ text: String) -> [GenerationEvent] { read([Array(text: text)]) }

    private func event(_ type: String, _ fields: String = "") -> String {
        let rest = fields.isEmpty ? "" : "," + fields
        return "event: \(type)\ndata: {\"type\":\"\(type)\",\"sequence_number\":1\(rest)}\n\n"
    }

    private static let callItem =
        #"{"id":"fc_1","type":"function_call","call_id":"call_a","name":"find","arguments":"{\"day\":1}","status":"completed"}"#

    private var stream: String {
        event("response.created", #""response":{"id":"resp_1","status":"in_progress"}"#) + event("response.in_progress")
            + event("response.output_item.added", #""output_index":0,"item":{"id":"msg_1","type":"message"}"#)
            + event("response.content_part.added")
            + event("response.output_text.delta", #""item_id":"msg_1","delta":"One ""#)
            + event("response.output_text.delta", #""item_id":"msg_1","delta":"moment 😀""#)
            + event("response.output_text.done", #""text":"One moment 😀""#) + event("response.content_part.done")
            + event("response.output_item.done", #""item":{"id":"msg_1","type":"message"}"#)
            + event(
                "response.output_item.added",
                #""item":{"id":"fc_1","type":"function_call","call_id":"call_a","name":"find","arguments":""}"#)
            + event("response.function_call_arguments.delta", #""item_id":"fc_1","delta":"{\"day\":1}""#)
            + event("response.function_call_arguments.done", #""item_id":"fc_1","arguments":"{\"day\":1}""#)
            + event("response.output_item.done", "\"item\":" + Self.callItem)
            + event(
                "response.completed",
                #""response":{"status":"completed","usage":{"total_tokens":9},"output":[{"id":"msg_1","type":"message","content":[{"type":"output_text","text":"One moment 😀"}]},"#
                    + Self.callItem + "]}")
    }

    private let events: [GenerationEvent] = [
        .text("One "), .text("moment 😀"),
        .call(RealtimeFunctionCall(callID: "call_7_1", name: "find", arguments: #"{"day":1}"#)),
        .ended(reason: "tool_calls", usage: ["total_tokens": 9]),
    ]

    @Test("Text as it is written, a call when its item is done, nothing twice")
    func order() {
        #expect(read(stream) == events)
    }

    @Test("Cut at every byte, the answer is the same")
    func everySplit() {
        let bytes = Array(text: stream)
        for cut in bytes.indices { #expect(read([Array(bytes[..<cut]), Array(bytes[cut...])]) == events) }
    }

    @Test(
        "What no event told of stands in the complete response, streamed or not; calls without names of their own too")
    func wholeResponse() {
        let output =
            #""status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"Hi."}]},"#
            + #"{"type":"function_call","call_id":"a","name":"f","arguments":"{\"n\":1}"},"#
            + #"{"type":"function_call","call_id":"a","name":"f","arguments":{"n":2}}],"usage":null"#
        let expected: [GenerationEvent] = [
            .text("Hi."), .call(RealtimeFunctionCall(callID: "call_7_1", name: "f", arguments: #"{"n":1}"#)),
            .call(RealtimeFunctionCall(callID: "call_7_2", name: "f", arguments: #"{"n":2}"#)),
            .ended(reason: "tool_calls", usage: nil),
        ]
        #expect(read("{\"object\":\"response\",\"error\":null,\(output)}") == expected)
        #expect(read(event("response.completed", "\"response\":{\(output)}")) == expected)
    }

    @Test("Arguments and thoughts are signs of life; a comment and what follows the end are none")
    func signsOfLife() {
        var stream = ResponsesStream(server: server, generation: 7)
        func take(_ text: String) -> [GenerationEvent] { stream.receive(Array(text: text)) }
        #expect(take(event("response.created")) == [.progress])
        let fragment = event("response.function_call_arguments.delta", #""item_id":"fc_1","delta":"1""#)
        #expect(take(fragment + fragment) == [.progress])
        #expect(take(event("response.reasoning_summary_text.delta", #""delta":"hm""#)) == [.progress])
        #expect(take(": ping\n\n") == [])
        #expect(take(event("response.completed", #""response":{"status":"completed","output":[]}"#)).count == 1)
        #expect(take(fragment) == [])
    }

    @Test("More calls than anybody makes are an answer that cannot be read", arguments: [128, 129])
    func manyCalls(count: Int) {
        let items = (0..<count).map {
            event(
                "response.output_item.added",
                #""item":{"id":"fc_\#($0)","type":"function_call","call_id":"c","name":"f","arguments":""}"#)
        }
        var stream = ResponsesStream(server: server, generation: 7)
        let events = stream.receive(Array(text: items.joined()))
        #expect(events.contains { if case .failed = $0 { true } else { false } } == (count == 129))
    }

    @Test("Incomplete says why in the words of chat completions; a refusal is said")
    func incomplete() {
        #expect(
            read(
                event("response.refusal.delta", #""delta":"I can't.""#)
                    + event(
                        "response.incomplete", #""response":{"incomplete_details":{"reason":"max_output_tokens"}}"#))
                == [.text("I can't."), .ended(reason: "length", usage: nil)])
    }

    @Test("A failed response, an error event, an error body and a body that stops are the last event")
    func failures() {
        func severity(_ text: String) -> StageFailure.Severity? {
            guard case .failed(let failure) = read(text).last else { return nil }
            return failure.severity
        }
        #expect(
            severity(
                event(
                    "response.failed", #""response":{"error":{"code":"server_error","message":"Sorry."}}"#))
                == .retryable)
        #expect(
            severity(event("error", #""code":"rate_limit_exceeded","message":"Slow down.","param":null"#)) == .retryable
        )
        #expect(
            severity(#"{"error":{"code":"invalid_api_key","message":"No."}}"#) == .fatal)
        #expect(severity(String(stream.prefix(stream.count / 2))) == .retryable)
        #expect(severity("") == .retryable)
        #expect(severity("data: {\"type\":\n\n") == .retryable)
    }
}

import SansIO
import Testing

@testable import OfflineModel

private let tools: JSON = [
    "tools": [
        ["type": "function", "name": "look_up", "description": "x", "parameters": ["type": "object"]],
        ["type": "function", "name": "hang_up", "description": "x", "parameters": ["type": "object"]],
    ]
]

/// A function call from its item to the end of the item.
private let call: [String] = [
    "response.output_item.added", "conversation.item.added", "response.function_call_arguments.delta*",
    "response.function_call_arguments.done", "conversation.item.done", "response.output_item.done",
]

@Suite("Function calls")
struct FunctionCallTests {
    @Test("A call: item, arguments, item done, response done; its output; the next response")
    func roundTrip() throws {
        var bench = SessionBench()
        bench.update(tools)
        bench.fakes.persona = { request in
            if case .results(let results) = request.trigger { return [.say("Result: \(results[0].output)")] }
            return [.call(name: "look_up", arguments: ["date": "2026-12-01"])]
        }
        bench.client(["type": "response.create"])
        bench.run(for: .seconds(1))
        var expected = ["response.created"]
        expected += call + ["response.done", "rate_limits.updated"]
        #expect(bench.types == expected)

        let done = try #require(bench.first("response.function_call_arguments.done"))
        #expect(done["name"] == "look_up")
        #expect(done["arguments"] == #"{"date":"2026-12-01"}"#)
        let deltas = bench.all("response.function_call_arguments.delta").compactMap { $0["delta"]?.string }
        #expect(deltas.joined() == #"{"date":"2026-12-01"}"#)
        let item = try #require(bench.first("response.done")?["response"]?["output"]?[0])
        #expect(item["type"] == "function_call")
        #expect(item["status"] == "completed")
        #expect(item["call_id"] == done["call_id"])

        bench.forget()
        bench.client([
            "type": "conversation.item.create",
            "item": [
                "type": "function_call_output", "call_id": try #require(done["call_id"]), "output": "free",
            ],
        ])
        #expect(bench.types == ["conversation.item.added", "conversation.item.done"])
        bench.client(["type": "response.create"])
        bench.run(for: .seconds(3))
        #expect(bench.first("response.output_audio_transcript.done")?["transcript"] == "Result: free")
        #expect(
            bench.requests.last?.history == [
                .call(name: "look_up", arguments: #"{"date":"2026-12-01"}"#),
                .result(name: "look_up", output: "free"),
            ])
    }

    @Test("Words before two calls in one response: three items in order")
    func several() throws {
        var bench = SessionBench()
        bench.update(tools)
        bench.fakes.persona = { _ in
            [
                .say("One moment."), .call(name: "look_up", arguments: [:]),
                .call(name: "hang_up", arguments: ["why": "done"]),
            ]
        }
        bench.client(["type": "response.create"])
        bench.run(for: .seconds(5))
        let output = try #require(bench.first("response.done")?["response"]?["output"]?.array)
        #expect(output.map { $0["type"] } == ["message", "function_call", "function_call"])
        #expect(bench.all("response.output_item.added").map { $0["output_index"] } == [0, 1, 2])
        #expect(bench.types.suffix(14).prefix(12) == (call + call)[...])
        let chain = bench.all("conversation.item.added")
        for (item, next) in zip(chain, chain.dropFirst()) { #expect(next["previous_item_id"] == item["item"]?["id"]) }

        for item in output.dropFirst() {
            bench.client([
                "type": "conversation.item.create",
                "item": ["type": "function_call_output", "call_id": item["call_id"] ?? .null, "output": "{}"],
            ])
        }
        bench.fakes.persona = { _ in [] }
        bench.client(["type": "response.create"])
        guard case .results(let results) = bench.requests.last?.trigger else {
            Issue.record("The persona was not told of the results.")
            return
        }
        #expect(results.map(\.name) == ["look_up", "hang_up"])
        #expect(bench.last("response.done")?["response"]?["status"] == "completed")
        #expect(bench.last("response.done")?["response"]?["output"] == [])
    }

    @Test("A call of a function that was not offered goes out like any other, as language models do it")
    func unknownFunction() {
        var bench = SessionBench()
        bench.update(tools)
        bench.fakes.persona = { _ in [.call(name: "nope", arguments: [:])] }
        bench.client(["type": "response.create"])
        bench.run(for: .seconds(1))
        let response = bench.first("response.done")?["response"]
        #expect(response?["status"] == "completed")
        #expect(response?["output"]?[0]?["name"] == "nope")
    }

    @Test("tool_choice none leaves the persona without functions; a named one leaves that")
    func toolChoice() {
        var bench = SessionBench()
        bench.update(tools)
        bench.fakes.persona = { _ in [] }
        bench.client(["type": "response.create", "response": ["tool_choice": "none"]])
        bench.client([
            "type": "response.create",
            "response": ["tool_choice": ["type": "function", "name": "hang_up"]],
        ])
        bench.client(["type": "response.create"])
        #expect(bench.requests.map(\.tools) == [[], ["hang_up"], ["look_up", "hang_up"]])
    }

    @Test("An output for a call that never was is refused")
    func unknownCall() {
        var bench = SessionBench()
        bench.client([
            "type": "conversation.item.create", "event_id": "c7",
            "item": ["type": "function_call_output", "call_id": "call_x", "output": "1"],
        ])
        #expect(bench.error?["message"] == "Tool call ID 'call_x' not found in conversation.")
        #expect(bench.error?["event_id"] == "c7")
    }

    @Test("A persona that throws fails the response with its message")
    func brokenPersona() throws {
        var bench = SessionBench()
        bench.fakes.holdsThought = true
        bench.client(["type": "response.create"])
        let job = try #require(bench.heldThoughts.first?.job)
        bench.receive(.thoughtFailed(job: job, message: "persona.lua:3: attempt to call a nil value"))
        let details = bench.first("response.done")?["response"]?["status_details"]
        #expect(details?["error"]?["message"] == "persona.lua:3: attempt to call a nil value")
        #expect(bench.types == ["session.created", "response.created", "response.done"])
    }

    @Test("Steps for tests of clients: pause, failure, raw frame, drop")
    func faults() {
        var bench = SessionBench()
        bench.fakes.persona = { _ in
            [.frame("{bad"), .pause(.seconds(2)), .fail(code: "rate_limit_exceeded", message: "slow down")]
        }
        bench.client(["type": "response.create"])
        #expect(bench.frames == ["{bad"])
        bench.run(for: .milliseconds(1900))
        #expect(bench.first("response.done") == nil)
        bench.run(for: .milliseconds(200))
        let details = bench.first("response.done")?["response"]?["status_details"]
        #expect(details?["error"]?["code"] == "rate_limit_exceeded")
        bench.fakes.persona = { _ in [.drop] }
        bench.client(["type": "response.create"])
        #expect(bench.closing == .drop)
        #expect(bench.session.nextDeadline == nil)
    }
}

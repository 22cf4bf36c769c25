import SansIO
import Testing

@testable import OfflineModel

@Suite("Chat completions")
struct ChatEndpointTests {
    private static let user = EndpointBench.user
    private static let twoSteps: @Sendable ([PersonaRequest]) -> [PersonaStep] = { _ in
        [.say("One moment, Zoë."), .call(name: "look_up", arguments: ["date": "2026-12-01"])]
    }

    @Test("A completion that is not streamed has message, finish reason and usage")
    func whole() throws {
        let bench = try EndpointBench { _ in [.say("Hello there."), .say("How are you?")] }
        let reply = bench.chat(["messages": [Self.user("Hi")]])
        #expect(reply.status == 200)
        #expect(reply.header("content-type") == "application/json")
        let json = reply.json
        #expect(json["object"] == "chat.completion")
        #expect(json["created"] == 1_795_000_000)
        #expect(json["choices"]?[0]?["message"]?["content"] == "Hello there. How are you?")
        #expect(json["choices"]?[0]?["finish_reason"] == "stop")
        let usage = try #require(json["usage"])
        #expect(
            usage["total_tokens"]?.integer
                == (usage["prompt_tokens"]?.integer ?? 0) + (usage["completion_tokens"]?.integer ?? 0))
        // Thought, then five words at 5 ms each.
        #expect(reply.headDelay == .milliseconds(120 + 25))
    }

    @Test("A stream begins with the role, ends with the reason, the usage and [DONE]; calls come in fragments")
    func stream() throws {
        let bench = try EndpointBench(answer: Self.twoSteps)
        let reply = bench.chat([
            "messages": [Self.user("Hi")], "tools": [EndpointBench.tool], "stream": true,
            "stream_options": ["include_usage": true],
        ])
        #expect(reply.header("Content-Type") == "text/event-stream; charset=utf-8")
        #expect(reply.events.allSatisfy { $0.name == nil })
        #expect(reply.events.last?.data == "[DONE]")
        let deltas = reply.deltas
        #expect(deltas.first == ["role": "assistant", "content": "", "refusal": .null])
        #expect(reply.text == "One moment, Zoë.")
        let calls = deltas.compactMap { $0["tool_calls"]?[0] }
        #expect(calls[0]["index"] == 0)
        #expect(calls[0]["type"] == "function")
        #expect(calls[0]["function"] == ["name": "look_up", "arguments": ""])
        #expect(calls.count > 2)
        #expect(calls.dropFirst().allSatisfy { $0["id"] == nil && $0["index"] == 0 })
        let arguments = calls.compactMap { $0["function"]?["arguments"]?.string }.joined()
        #expect(arguments == #"{"date":"2026-12-01"}"#)
        let chunks = reply.events.compactMap(\.json)
        #expect(chunks.dropLast().allSatisfy { $0["usage"] == .null })
        #expect(chunks.last?["choices"] == [])
        #expect(chunks.last?["usage"]?["completion_tokens"] != nil)
        #expect(chunks.dropLast().last?["choices"]?[0]?["finish_reason"] == "tool_calls")
        #expect(Set(chunks.map { $0["id"] }).count == 1)
        // Words take time, and no piece is earlier than the one before.
        #expect(zip(reply.pieces, reply.pieces.dropFirst()).allSatisfy { $0.delay <= $1.delay })
        #expect(reply.pieces[0].delay == .milliseconds(120))
    }

    @Test(
        "An answer that broke off is gone on with: what was said of it is not said again",
        arguments: [
            ("Hello there.", "How are you?"), ("Hello", "there. How are you?"),
            ("Something else.", "Hello there. How are you?"),
        ])
    func continuation(said: String, rest: String) throws {
        let bench = try EndpointBench { requests in
            requests.last?.trigger == .heard("Hi") ? [.say("Hello there."), .say("How are you?")] : []
        }
        let reply = bench.chat([
            "messages": [
                Self.user("Hi"), ["role": "assistant", "content": .string(said)],
                ["role": "system", "content": "Your message broke off. Go on exactly where it ends."],
            ]
        ])
        #expect(reply.json["choices"]?[0]?["message"]?["content"] == .string(rest))
    }

    @Test("Equal requests in equal order give equal replies")
    func deterministic() throws {
        let replies = try (0..<2).map { _ in
            let bench = try EndpointBench(answer: Self.twoSteps)
            return (0..<3).map { _ in
                bench.chat(["messages": [Self.user("Hi")], "tools": [EndpointBench.tool], "stream": true])
            }
        }
        #expect(replies[0] == replies[1])
        #expect(replies[0][0] != replies[0][1])
    }

    @Test("What is not wanted of a stream is not there: usage, obfuscation")
    func plainStream() throws {
        let bench = try EndpointBench { _ in [.say("Hello.")] }
        let body: JSON = [
            "messages": [Self.user("Hi")], "stream": true, "stream_options": ["include_obfuscation": false],
        ]
        let chunks = bench.chat(body).events.compactMap(\.json)
        #expect(chunks.allSatisfy { $0["usage"] == nil && $0["obfuscation"] == nil })
    }

    /// Counts in `context.state` what it was asked, and says so.
    private static let counting = """
        return persona {
          phrases = { "x" },
          on_start = function(context) context.state.started = true return "Good day." end,
          on_text = function(context, heard)
            context.state.count = (context.state.count or 0) + 1
            if heard == "book" then return call("look_up", { number = context.state.count }) end
            return context.state.count .. " " .. heard .. " " .. #context.history .. " " .. context.instructions
              .. " " .. tostring(context.state.started)
          end,
          on_result = function(context, name, result, arguments)
            return name .. " " .. result.ok .. " " .. arguments.number .. " " .. context.state.count
          end,
          on_instructions = function(context, text) return "Told: " .. text end,
        }
        """

    @Test("A persona's state is what the conversation made it, whatever was asked and thrown away")
    func state() throws {
        let bench = try EndpointBench(persona: Self.counting)
        let system: JSON = ["role": "system", "content": "Be brief."]
        let greeting: JSON = ["role": "assistant", "content": "Good day."]
        var messages: [JSON] = [system, greeting, Self.user("one")]
        func text(_ messages: [JSON]) -> String {
            bench.chat(["messages": .array(messages)]).json["choices"]?[0]?["message"]?["content"]?.string ?? ""
        }
        #expect(text([system]) == "Good day.")
        // Asked twice, as somebody does who thinks ahead: the second answer is the first one.
        #expect(text(messages) == "1 one 2 Be brief. true")
        #expect(text(messages) == "1 one 2 Be brief. true")
        messages += [["role": "assistant", "content": "1 one"], Self.user("two")]
        #expect(text(messages + [Self.user("more")]) == "2 two more 5 Be brief. true")
        #expect(text(messages) == "2 two 4 Be brief. true")
    }

    @Test(
        "Results reach the persona with their call; a developer message at the end is the response's own instructions")
    func results() throws {
        let bench = try EndpointBench(persona: Self.counting)
        let first = bench.chat(["messages": [Self.user("book")], "tools": [EndpointBench.tool]]).json
        let message = try #require(first["choices"]?[0]?["message"])
        #expect(message["content"] == .null)
        #expect(first["choices"]?[0]?["finish_reason"] == "tool_calls")
        let callID = try #require(message["tool_calls"]?[0]?["id"])
        var messages: [JSON] = [
            Self.user("book"), message,
            ["role": "tool", "tool_call_id": callID, "content": #"{"ok":"yes"}"#],
        ]
        let second = bench.chat(["messages": .array(messages), "tools": [EndpointBench.tool]]).json
        #expect(second["choices"]?[0]?["message"]?["content"] == "look_up yes 1 1")
        messages.append(["role": "developer", "content": "Be quick."])
        let told = bench.chat(["messages": .array(messages)]).json
        #expect(told["choices"]?[0]?["message"]?["content"] == "Told: Be quick.")
        let exact = bench.chat(["messages": [["role": "system", "content": "Say exactly: \"As told.\""]]]).json
        #expect(exact["choices"]?[0]?["message"]?["content"] == "As told.")
    }

    @Test("Tool choice and limits hold: none, one function, one call, so many tokens")
    func limits() throws {
        let seen = Box<[String]>([])
        let bench = try EndpointBench { requests in
            seen.value = requests.last?.tools ?? []
            return [
                .say("A sentence of several words that goes on."), .call(name: "look_up", arguments: [:]),
                .call(name: "look_up", arguments: [:]),
            ]
        }
        let tools: JSON = [EndpointBench.tool, ["type": "function", "function": ["name": "other"]]]
        _ = bench.chat(["messages": [Self.user("x")], "tools": tools, "tool_choice": "none"])
        #expect(seen.value == [])
        let only: JSON = ["type": "function", "function": ["name": "other"]]
        _ = bench.chat(["messages": [Self.user("x")], "tools": tools, "tool_choice": only])
        #expect(seen.value == ["other"])
        let single = bench.chat(["messages": [Self.user("x")], "tools": tools, "parallel_tool_calls": false]).json
        #expect(single["choices"]?[0]?["message"]?["tool_calls"]?.array?.count == 1)
        let cut = bench.chat(["messages": [Self.user("x")], "max_completion_tokens": 5]).json
        #expect(cut["choices"]?[0]?["finish_reason"] == "length")
        #expect(cut["choices"]?[0]?["message"]?["content"] == "A sentence of")
    }

    static let failures: [(JSON, Int, String?, String?)] = [
        (["messages": [user("x")], "frobnicate": 1], 400, "unknown_parameter", "frobnicate"),
        (["model": 4, "messages": [user("x")]], 400, "invalid_type", "model"),
        (["model": "gpt-2", "messages": [user("x")]], 404, "model_not_found", nil),
        ([:], 400, "missing_required_parameter", "messages"),
        (["messages": []], 400, "empty_array", "messages"),
        (["messages": [["role": "clown", "content": "x"]]], 400, "invalid_value", "messages[0].role"),
        (["messages": [["role": "user"]]], 400, "missing_required_parameter", "messages[0].content"),
        (["messages": [["role": "user", "content": 7]]], 400, "invalid_type", "messages[0].content"),
        (
            ["messages": [["role": "user", "content": [["type": "video"]]]]], 400, "invalid_value",
            "messages[0].content[0].type"
        ),
        (["messages": [["role": "tool", "tool_call_id": "c", "content": "x"]]], 400, nil, "messages[0].role"),
        (
            [
                "messages": [
                    [
                        "role": "assistant",
                        "tool_calls": [["id": "c", "type": "function", "function": ["name": "f", "arguments": "{}"]]],
                    ], user("x"),
                ]
            ], 400, nil, "messages[1]"
        ),
        (
            ["messages": [user("x")], "tools": [["type": "function", "name": "f"]]], 400, "unknown_parameter",
            "tools[0].name"
        ),
        (
            ["messages": [user("x")], "tools": [["type": "function", "function": ["name": "a b"]]]], 400,
            "invalid_value", "tools[0].function.name"
        ),
        (["messages": [user("x")], "tool_choice": "auto"], 400, "invalid_value", "tool_choice"),
        (["messages": [user("x")], "n": 2], 400, "integer_above_max_value", "n"),
        (["messages": [user("x")], "stream_options": ["include_usage": true]], 400, "invalid_value", "stream_options"),
        (["messages": [user("x")], "temperature": 3], 400, "integer_above_max_value", "temperature"),
    ]

    @Test("A bad request names the field, in OpenAI's form", arguments: failures)
    func refused(body: JSON, status: Int, code: String?, param: String?) throws {
        let reply = try EndpointBench().chat(body)
        #expect(reply.status == status)
        #expect(reply.json["error"]?["code"] == JSON(orNull: code))
        #expect(reply.json["error"]?["param"] == JSON(orNull: param))
        #expect(reply.json["error"]?["type"] == "invalid_request_error")
        #expect(reply.json["error"]?["message"]?.string?.isEmpty == false)
    }

    @Test("Bad keys and bad JSON are refused")
    func badKey() throws {
        let bench = try EndpointBench()
        for key in ["", "sk-bad"] {
            let reply = bench.reply(.chat, ["model": "gpt-4o", "messages": [Self.user("x")]], key: key)
            #expect(reply.status == 401)
            #expect(reply.json["error"]?["code"] == "invalid_api_key")
        }
        let reply = bench.endpoints.reply(to: EndpointRequest(.chat, key: "sk", body: Array("{".utf8)), at: .zero)
        #expect(reply.status == 400)
    }

    @Test("What a persona does to a client it does here too: it fails, at once or in mid-stream, drops, and pauses")
    func personaFaults() throws {
        func reply(_ steps: [PersonaStep], stream: Bool = true) throws -> EndpointReply {
            try EndpointBench { _ in steps }.chat(["messages": [Self.user("x")], "stream": .bool(stream)])
        }
        let limited = try reply([.fail(code: "rate_limit_exceeded", message: "Slow down.")])
        #expect(limited.status == 429)
        #expect(limited.json["error"]?["code"] == "rate_limit_exceeded")
        let failed = try reply([.say("One."), .fail(code: "server_error", message: "Broken.")])
        #expect(failed.status == 200)
        #expect(failed.events.last?.json?["error"]?["message"] == "Broken.")
        #expect(
            try reply([.say("One."), .fail(code: "server_error", message: "Broken.")], stream: false).status == 500)
        let dropped = try reply([.say("One two."), .drop])
        #expect(dropped.ending == .dropped)
        #expect(dropped.text == "One two.")
        #expect(try reply([.drop], stream: false).headDelay == nil)
        let paused = try reply([.pause(.seconds(2)), .say("One.")])
        #expect(paused.pieces[0].delay == .milliseconds(2120))
        #expect(try reply([.frame("{")]).events.contains { $0.data == "{" })
        #expect(try reply([]).deltas.last == [:])
    }

    @Test("A persona that fails is a server's error with its message")
    func personaError() throws {
        let bench = try EndpointBench(
            persona: "return persona { phrases = { 'x' }, on_text = function() error('broken here') end }")
        let reply = bench.chat(["messages": [Self.user("x")]])
        #expect(reply.status == 500)
        #expect(reply.json["error"]?["message"]?.string?.contains("broken here") == true)
    }
}

/// A value that closures share.
final class Box<Value> {
    var value: Value

    init(_ value: Value) { self.value = value }
}

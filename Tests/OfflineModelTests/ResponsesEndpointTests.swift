import SansIO
import Testing

@testable import OfflineModel

@Suite("The Responses API")
struct ResponsesEndpointTests {
    @Test("A response that is not streamed has its items, usage and settings")
    func whole() throws {
        let bench = try EndpointBench { _ in [.say("Hello."), .call(name: "look_up", arguments: ["a": 1])] }
        let json = bench.responses([
            "input": "Hi", "instructions": "Be brief.", "tools": [EndpointBench.flatTool], "metadata": ["a": "b"],
        ]).json
        #expect(json["object"] == "response")
        #expect(json["status"] == "completed")
        #expect(json["instructions"] == "Be brief.")
        #expect(json["metadata"] == ["a": "b"])
        #expect(json["tools"]?[0]?["strict"] == true)
        #expect(json["output"]?[0]?["content"]?[0]?["text"] == "Hello.")
        #expect(json["output"]?[1]?["type"] == "function_call")
        #expect(json["output"]?[1]?["arguments"] == #"{"a":1}"#)
        #expect(json["usage"]?["output_tokens"] != nil)
    }

    @Test("Events come in the service's order, numbered")
    func stream() throws {
        let bench = try EndpointBench { _ in [.say("Hello there."), .call(name: "look_up", arguments: ["a": 1])] }
        let reply = bench.responses(["input": "Hi", "tools": [EndpointBench.flatTool], "stream": true])
        let events = reply.events
        #expect(events.allSatisfy { $0.name == $0.json?["type"]?.string })
        #expect(events.map { $0.json?["sequence_number"] } == (0..<events.count).map { .integer(Int64($0)) })
        var types: [String] = []
        for event in events where event.name != types.last { types.append(event.name ?? "") }
        #expect(
            types == [
                "response.created", "response.in_progress", "response.output_item.added",
                "response.content_part.added", "response.output_text.delta", "response.output_text.done",
                "response.content_part.done", "response.output_item.done", "response.output_item.added",
                "response.function_call_arguments.delta", "response.function_call_arguments.done",
                "response.output_item.done", "response.completed",
            ])
        let text = events.filter { $0.name == "response.output_text.delta" }
        #expect(text.compactMap { $0.json?["delta"]?.string }.joined() == "Hello there.")
        let done = try #require(events.first { $0.name == "response.function_call_arguments.done" }?.json)
        #expect(done["arguments"] == #"{"a":1}"#)
        #expect(done["name"] == "look_up")
        #expect(done["output_index"] == 1)
        #expect(events.last?.json?["response"]?["output"]?.array?.count == 2)
        #expect(events.last?.json?["response"]?["status"] == "completed")
    }

    @Test("A response goes on from a stored one of the same key, and only from such")
    func previous() throws {
        let seen = Box<[PersonaRequest]>([])
        let bench = try EndpointBench { requests in
            seen.value = requests
            if case .results? = requests.last?.trigger { return [.say("Done.")] }
            return [.call(name: "look_up", arguments: ["a": 1])]
        }
        let first = bench.responses(["input": "Book it.", "tools": [EndpointBench.flatTool]]).json
        let id = try #require(first["id"])
        let callID = try #require(first["output"]?[0]?["call_id"])
        let output: JSON = ["type": "function_call_output", "call_id": callID, "output": #"{"ok":true}"#]
        let second = bench.responses(["input": [output], "previous_response_id": id]).json
        #expect(second["output"]?[0]?["content"]?[0]?["text"] == "Done.")
        #expect(second["previous_response_id"] == id)
        #expect(seen.value.count == 2)
        #expect(
            seen.value.last?.trigger
                == .results([
                    .init(
                        name: "look_up", callID: callID.string ?? "", arguments: #"{"a":1}"#, output: #"{"ok":true}"#)
                ]))
        // Without the output the call is open.
        let open = bench.responses(["input": "And?", "previous_response_id": id])
        #expect(open.json["error"]?["message"]?.string?.hasPrefix("No tool output found") == true)
        let stranger = bench.reply(
            .responses, ["model": "gpt-4o", "input": [output], "previous_response_id": id], key: "sk-other")
        #expect(stranger.json["error"]?["code"] == "previous_response_not_found")
        let unstored = bench.responses(["input": "Book it.", "tools": [EndpointBench.flatTool], "store": false]).json
        let lost = bench.responses(["input": [output], "previous_response_id": unstored["id"] ?? .null])
        #expect(lost.status == 400)
        #expect(lost.json["error"]?["code"] == "previous_response_not_found")
    }

    @Test("The store forgets the oldest responses first")
    func store() {
        var store = ResponseStore()
        for number in 0...ResponseStore.maximumCount {
            store.add("r\(number)", key: "k", entries: [.message(role: "user", text: "x")])
        }
        #expect(store.entries(behind: "r0", key: "k") == nil)
        #expect(store.entries(behind: "r1", key: "k") != nil)
        #expect(store.entries(behind: "r1", key: "other") == nil)
        let large = String(repeating: "x", count: ResponseStore.maximumSize)
        store.add("large", key: "k", entries: [.message(role: "user", text: large)])
        #expect(store.entries(behind: "large", key: "k") == nil)
        #expect(store.entries(behind: "r1", key: "k") == nil)
    }

    @Test("Items are read as messages, calls and outputs; developer messages in front are instructions")
    func items() throws {
        let seen = Box<PersonaRequest?>(nil)
        let bench = try EndpointBench { requests in
            seen.value = requests.last
            return []
        }
        let input: JSON = [
            ["role": "developer", "content": "Be kind."],
            ["role": "user", "content": [["type": "input_text", "text": "Book it."]]],
            ["type": "reasoning", "id": "rs_1", "summary": []],
            ["type": "function_call", "call_id": "c1", "name": "look_up", "arguments": "{}"],
            ["type": "function_call_output", "call_id": "c1", "output": "fine"],
            [
                "type": "message", "role": "assistant", "id": "msg_1", "status": "completed",
                "content": [["type": "output_text", "text": "Done.", "annotations": []]],
            ], ["role": "user", "content": "Thanks."],
        ]
        #expect(bench.responses(["input": input, "instructions": "Be brief."]).status == 200)
        #expect(seen.value?.instructions == "Be brief.\nBe kind.")
        #expect(seen.value?.trigger == .heard("Thanks."))
        #expect(
            seen.value?.history == [
                .message(role: "user", text: "Book it."), .call(name: "look_up", arguments: "{}"),
                .result(name: "look_up", output: "fine"), .message(role: "assistant", text: "Done."),
                .message(role: "user", text: "Thanks."),
            ])
    }

    static let failures: [(JSON, Int, String?, String?)] = [
        ([:], 400, "missing_required_parameter", "input"),
        (["input": 5], 400, "invalid_type", "input"),
        (["input": [["type": "file_search_call"]]], 400, "invalid_value", "input[0].type"),
        (
            ["input": [["role": "user", "content": [["type": "input_audio"]]]]], 400, "invalid_value",
            "input[0].content[0].type"
        ),
        (["input": "x", "tools": [EndpointBench.tool]], 400, "unknown_parameter", "tools[0].function"),
        (["input": "x", "tool_choice": ["type": "function", "name": "f"]], 400, "invalid_value", "tool_choice"),
        (["input": [["type": "function_call_output", "call_id": "c", "output": "x"]]], 400, nil, "input"),
        (["input": "x", "model": "whisper-1"], 404, "model_not_found", nil),
        (["input": "x", "metadata": ["a": 1]], 400, "invalid_value", "metadata"),
    ]

    @Test("A bad request names the field", arguments: failures)
    func refused(body: JSON, status: Int, code: String?, param: String?) throws {
        let reply = try EndpointBench().responses(body)
        #expect(reply.status == status)
        #expect(reply.json["error"]?["code"] == JSON(orNull: code))
        #expect(reply.json["error"]?["param"] == JSON(orNull: param))
    }

    @Test("No identifier comes twice, however many requests there are")
    func identifiers() throws {
        let bench = try EndpointBench { _ in [.say("Yes."), .call(name: "look_up", arguments: [:])] }
        var random: [String] = []
        for _ in 0..<100 {
            let reply = bench.responses(["input": "x", "tools": [EndpointBench.flatTool]]).json
            let output = reply["output"]?.array ?? []
            let names = [reply["id"]] + output.map { $0["id"] } + output.map { $0["call_id"] }
            // Behind the prefix, which says what is meant.
            random += names.compactMap { $0?.string?.split(separator: "_").last.map(String.init) }
        }
        #expect(random.count == 400)
        #expect(Set(random).count == random.count)
    }

    @Test("A limit and a failure end a response as incomplete and as failed")
    func ends() throws {
        let long = try EndpointBench { _ in [.say("A sentence of several words.")] }
        let cut = long.responses(["input": "x", "max_output_tokens": 5, "stream": true]).events.last
        #expect(cut?.name == "response.incomplete")
        #expect(cut?.json?["response"]?["incomplete_details"]?["reason"] == "max_output_tokens")
        let failing = try EndpointBench { _ in [.say("One."), .fail(code: "server_error", message: "Broken.")] }
        let failed = failing.responses(["input": "x", "stream": true]).events.last
        #expect(failed?.name == "response.failed")
        #expect(failed?.json?["response"]?["error"]?["message"] == "Broken.")
    }
}

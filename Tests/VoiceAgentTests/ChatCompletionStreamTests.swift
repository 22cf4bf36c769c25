import Conversation
import SansIO
import Testing
import VoiceAgent

@Suite("The answer of /v1/chat/completions")
struct ChatCompletionStreamTests {
    private let server = StageServer(stage: .llm, name: "llm.example", apiKey: Secret("sk-secret"))

    /// What comes of an answer, but for signs of life and of an end to come: where the network cuts is where they are.
    private func read(_ pieces: [[UInt8]], generation: UInt64 = 7) -> [GenerationEvent] {
        var stream = ChatCompletionStream(server: server, generation: generation)
        return (pieces.flatMap { stream.receive($0) } + stream.finish()).filter { $0.isWord }
    }

    private func read(_ text: String) -> [GenerationEvent] { read([Array(text: text)]) }

    private func chunk(_ delta: String, finish: String? = nil) -> String {
        let reason = finish.map { "\"\($0)\"" } ?? "null"
        return #"data: {"id":"chatcmpl-1","object":"chat.completion.chunk","choices":[{"index":0,"delta":"#
            + delta + #","finish_reason":"# + reason + "}],\"usage\":null}\n\n"
    }

    private func call(_ id: String, _ name: String, _ arguments: String) -> GenerationEvent {
        .call(RealtimeFunctionCall(callID: id, name: name, arguments: arguments))
    }

    private var text: String {
        chunk(#"{"role":"assistant","content":"","refusal":null}"#) + chunk(#"{"content":"Grüß"}"#)
            + chunk(#"{"content":" Gott 😀"}"#) + chunk("{}", finish: "stop")
            + "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}\n\n"
            + "data: [DONE]\n\n"
    }

    private let textEvents: [GenerationEvent] = [
        .text("Grüß"), .text(" Gott 😀"),
        .ended(
            reason: "stop", usage: ["prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5]),
    ]

    @Test("Text comes as it is written, the end with its usage")
    func plainText() {
        #expect(read(text) == textEvents)
    }

    @Test("Cut at every byte, the answer is the same")
    func everySplit() {
        let bytes = Array(text: text)
        for cut in bytes.indices { #expect(read([Array(bytes[..<cut]), Array(bytes[cut...])]) == textEvents) }
        #expect(read(bytes.map { [$0] }) == textEvents)
    }

    @Test("Calls are put together by index, and given whole and in order at the end, behind the text")
    func calls() {
        let events = read(
            chunk(#"{"role":"assistant","content":"One moment."}"#)
                + chunk(
                    #"{"tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"find","arguments":""}}]}"#
                )
                + chunk(#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"day\":"}}]}"#)
                + chunk(
                    #"{"tool_calls":[{"index":1,"id":"call_b","type":"function","function":{"name":"hang_up","arguments":""}}]}"#
                )
                + chunk(#"{"tool_calls":[{"index":0,"function":{"arguments":"\"Monday\"}"}}]}"#)
                + chunk("{}", finish: "tool_calls") + "data: [DONE]\n\n")
        #expect(
            events == [
                .text("One moment."), call("call_7_1", "find", #"{"day":"Monday"}"#),
                call("call_7_2", "hang_up", "{}"),
                .ended(reason: "tool_calls", usage: nil),
            ])
    }

    @Test(
        "Whole calls in one chunk: without index, all with index 0, with one identifier, with none; and finish_reason stop. Each gets an identifier of its own",
        arguments: [
            (
                #"{"id":"a","function":{"name":"f","arguments":"{\"n\":1}"}}"#,
                #"{"id":"b","function":{"name":"f","arguments":"{\"n\":2}"}}"#, ["call_7_1", "call_7_2"]
            ),
            (
                #"{"index":0,"id":"a","function":{"name":"f","arguments":"{\"n\":1}"}}"#,
                #"{"index":0,"id":"b","function":{"name":"f","arguments":"{\"n\":2}"}}"#, ["call_7_1", "call_7_2"]
            ),
            (
                #"{"index":0,"id":"a","function":{"name":"f","arguments":"{\"n\":1}"}}"#,
                #"{"index":1,"id":"a","function":{"name":"f","arguments":"{\"n\":2}"}}"#, ["call_7_1", "call_7_2"]
            ),
            (
                #"{"id":"a","function":{"name":"f","arguments":{"n":1}}}"#,
                #"{"id":"a","function":{"name":"f","arguments":{"n":2}}}"#, ["call_7_1", "call_7_2"]
            ),
            (
                #"{"function":{"name":"f","arguments":"{\"n\":1}"}}"#,
                #"{"function":{"name":"f","arguments":"{\"n\":2}"}}"#, ["call_7_1", "call_7_2"]
            ),
        ])
    func liberalCalls(first: String, second: String, ids: [String]) {
        let expected = [
            call(ids[0], "f", #"{"n":1}"#), call(ids[1], "f", #"{"n":2}"#), .ended(reason: "tool_calls", usage: nil),
        ]
        #expect(read(chunk("{\"tool_calls\":[\(first),\(second)]}", finish: "stop")) == expected)
        #expect(
            read(chunk("{\"tool_calls\":[\(first)]}") + chunk("{\"tool_calls\":[\(second)]}", finish: "stop"))
                == expected)
    }

    @Test("A server that repeats identifier and name with each fragment means one call")
    func repeatedNames() {
        let fragments = ["{", #"\"n\":"#, "1", "}"].map {
            chunk(#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""# + $0 + #""}}]}"#)
        }
        #expect(
            read(fragments.joined() + chunk("{}", finish: "tool_calls"))
                == [call("call_7_1", "f", #"{"n":1}"#), .ended(reason: "tool_calls", usage: nil)])
    }

    @Test("A server that begins anew with the same identifier in each answer calls two functions, not one twice")
    func identifiersOfTheCall() {
        let answer = chunk(
            #"{"tool_calls":[{"index":0,"id":"call_0","function":{"name":"f","arguments":"{}"}}]}"#,
            finish: "tool_calls")
        let calls = [1, 2].flatMap { read([Array(text: answer)], generation: $0) }.compactMap { event in
            if case .call(let call) = event { call.callID } else { nil }
        }
        #expect(calls == ["call_1_1", "call_2_1"])
    }

    @Test(
        "Arguments and thoughts are signs of life, once a piece of the body; a comment and what follows the end are none"
    )
    func signsOfLife() {
        var stream = ChatCompletionStream(server: server, generation: 7)
        func take(_ text: String) -> [GenerationEvent] { stream.receive(Array(text: text)) }
        let fragment = chunk(#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]}"#)
        #expect(take(fragment) == [.progress])
        #expect(take(fragment + fragment) == [.progress])
        #expect(take(chunk(#"{"reasoning_content":"hm"}"#)) == [.progress])
        #expect(take(String(fragment.dropLast(9))) == [])
        #expect(take(String(fragment.suffix(9))) == [.progress])
        #expect(take(": ping\n\n") == [])
        #expect(take(fragment + chunk(#"{"content":"Hi."}"#)) == [.text("Hi.")])
        _ = take("data: [DONE]\n\n")
        #expect(stream.isEnded)
        #expect(take(fragment) == [])
    }

    @Test("An answer that has its reason is complete before it has ended")
    func complete() {
        var stream = ChatCompletionStream(server: server, generation: 7)
        _ = stream.receive(Array(text: chunk(#"{"content":"Hi."}"#)))
        #expect(!stream.isComplete)
        #expect(stream.receive(Array(text: chunk("{}", finish: "stop"))) == [.written(reason: "stop")])
        #expect(stream.isComplete)
        #expect(stream.finish() == [.ended(reason: "stop", usage: nil)])
    }

    @Test("More calls than anybody makes are an answer that cannot be read", arguments: [128, 129])
    func manyCalls(count: Int) {
        let calls = (0..<count).map {
            chunk(#"{"tool_calls":[{"index":\#($0),"id":"c\#($0)","function":{"name":"f","arguments":"{}"}}]}"#)
        }
        let events = read(calls.joined() + chunk("{}", finish: "tool_calls") + "data: [DONE]\n\n")
        #expect(events.count == (count == 128 ? 129 : 1))
        if case .failed = events.last { #expect(count == 129) } else { #expect(count == 128) }
    }

    @Test("The end of the body ends an answer that has a reason, and breaks off one that has none")
    func missingDone() {
        #expect(
            read(chunk(#"{"content":"Hi."}"#, finish: "length"))
                == [.text("Hi."), .ended(reason: "length", usage: nil)])
        let cut = read(chunk(#"{"content":"Hi."}"#))
        #expect(cut.first == .text("Hi."))
        guard case .failed(let failure) = cut.last else {
            Issue.record("an answer without end has failed")
            return
        }
        #expect(failure.severity == .retryable)
        #expect(failure.message.hasPrefix("llm.example ended its answer in the middle"))
        #expect(
            read(chunk(#"{"content":"Hi."}"#) + "data: [DONE]\n\n")
                == [.text("Hi."), .ended(reason: "stop", usage: nil)])
    }

    @Test("Truncated JSON, an empty answer and an endless event fail once, and nothing follows")
    func broken() {
        let whole = chunk(#"{"content":"Hello there."}"#)
        for bad in [String(whole.dropLast(30)), "data: nonsense\n\n" + text, "", "data: [DONE]\n\n", "{\"id\":", "{}"] {
            let events = read(bad)
            guard case .failed(let failure) = events.last else {
                Issue.record("\(bad.prefix(40)) must fail")
                continue
            }
            #expect(failure.severity == .retryable)
            #expect(events.count == 1)
        }
    }

    @Test("An error in the middle of the stream is the last event, and its severity follows its code")
    func midStreamError() {
        func failure(_ error: String) -> StageFailure? {
            let events = read(chunk(#"{"content":"So"}"#) + "data: {\"error\":\(error)}\n\n" + text)
            guard events.count == 2, case .failed(let failure) = events[1] else { return nil }
            return failure
        }
        let quota = failure(
            #"{"message":"You exceeded your quota.","type":"insufficient_quota","code":"insufficient_quota"}"#)
        #expect(quota?.severity == .fatal)
        #expect(
            quota?.message == "llm.example failed at the language model (insufficient_quota: You exceeded your quota); "
                + "add credit or raise the account's limit.")
        #expect(failure(#"{"message":"Overloaded","type":"server_error"}"#)?.severity == .retryable)
        #expect(failure(#"{"message":"bad","type":"invalid_request_error"}"#)?.severity == .refused)
        #expect(failure(#""something broke""#)?.severity == .retryable)
        #expect(failure(#"{"message":"key sk-secret is bad"}"#)?.message.contains("sk-secret") == false)
    }

    @Test("A server that does not stream answers with one JSON text")
    func notStreamed() {
        let body = """
            {"id":"x","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hi.",
            "tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},
            "finish_reason":"tool_calls"}],"usage":{"total_tokens":5}}
            """
        let expected: [GenerationEvent] = [
            .text("Hi."), call("call_7_1", "f", "{}"), .ended(reason: "tool_calls", usage: ["total_tokens": 5]),
        ]
        #expect(read(body) == expected)
        #expect(read(Array(text: "\n " + body).pieces(longest: 11, seed: 3)) == expected)
    }

    @Test("A refusal is said, parts of a text are joined, other choices and thoughts are skipped")
    func kinds() {
        #expect(
            read(
                chunk(#"{"refusal":"I can't."}"#) + chunk(#"{"content":[{"type":"text","text":"No."}]}"#)
                    + chunk(#"{"reasoning_content":"hm"}"#)
                    + "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"other\"}}]}\n\n"
                    + ": ping\n\n" + chunk("{}", finish: "content_filter"))
                == [.text("I can't."), .text("No."), .ended(reason: "content_filter", usage: nil)])
    }
}

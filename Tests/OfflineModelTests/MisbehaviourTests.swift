import SansIO
import Testing

@testable import OfflineModel

@Suite("Misbehaviour")
struct MisbehaviourTests {
    private static func bench(_ rules: String, seed: UInt64 = 1) throws -> EndpointBench {
        let faults = FaultSource(try Misbehaviour(parsing: rules), seed: seed)
        return try EndpointBench(
            answer: { _ in [.say("Ein schöner Tag für Größeres, nicht wahr? Ja, gewiß, meine Damen.")] },
            faults: faults)
    }

    private static func stream(_ rules: String, seed: UInt64 = 1) throws -> EndpointReply {
        try bench(rules, seed: seed).chat(["messages": [EndpointBench.user("x")], "stream": true])
    }

    @Test("Rules are read as an operator writes them")
    func parsing() throws {
        let text = """
            chat, responses: status=429 retry-after=2s times=2; speech: stall=middle chance=0.1;
            latency=200ms..900ms; live:expire=20 after=1 key=sk-1; drop=1.5s; latency=300ms~2s
            """
        let rules = try Misbehaviour(parsing: text).rules
        #expect(rules.count == 6)
        #expect(rules[0].places == [.chat, .responses])
        #expect(rules[0].fault == .refusal(status: 429, retryAfter: .seconds(2)))
        #expect(rules[0].times == 2)
        #expect(rules[1].fault == .stall(.middle))
        #expect(rules[1].chance == 0.1)
        #expect(rules[2].places == [])
        #expect(rules[2].fault == .latency(.uniform(.milliseconds(200)...(.milliseconds(900)))))
        #expect(rules[3].fault == .expiry(after: .seconds(20)))
        #expect(rules[3].skipped == 1)
        #expect(rules[3].key == "sk-1")
        #expect(rules[4].fault == .drop(.after(.milliseconds(1500))))
        #expect(rules[5].fault == .latency(.skewed(median: .milliseconds(300), rarely: .seconds(2))))
        #expect(try Misbehaviour(parsing: " ;").rules.isEmpty)
        let keys = try Misbehaviour(parsing: "status=429 key=a:b; stall key=c:d; chat , live: stall key=e:f").rules
        #expect(keys.map(\.key) == ["a:b", "c:d", "e:f"])
        #expect(keys.map(\.places) == [[], [], [.chat, .live]])
    }

    @Test(
        "A rule that nobody can follow says why",
        arguments: [
            "chatt: stall", "chat:", "explode", "status=200", "status", "latency", "latency=2s..1s", "latency=0s~1s",
            "stall=soon", "stall chance=2", "stall times=-1", "stall retry-after=2s", "stall often", "drop=1e99s",
        ])
    func badRules(text: String) {
        #expect {
            try Misbehaviour(parsing: text)
        } throws: { error in
            (error as? MisbehaviourError)?.description.isEmpty == false
        }
    }

    @Test("A fault comes so many times for each key, and then all is well")
    func times() throws {
        let bench = try Self.bench("chat: status=429 retry-after=1.5s times=2 after=1")
        func status(_ key: String = EndpointBench.key) -> EndpointReply {
            bench.reply(.chat, ["model": "gpt-4o", "messages": [EndpointBench.user("x")]], key: key)
        }
        #expect((0..<5).map { _ in status().status } == [200, 429, 429, 200, 200])
        #expect(status("sk-other").status == 200)
        let refused = status("sk-other")
        #expect(refused.header("Retry-After") == "2")
        #expect(refused.header("retry-after-ms") == "1500")
        #expect(refused.json["error"]?["code"] == "rate_limit_exceeded")
        #expect(bench.responses(["input": "x"]).status == 200)
    }

    @Test("Stalls and drops come before the first byte, in the middle, or after a time")
    func endings() throws {
        let whole = try Self.stream("")
        let start = try Self.stream("stall")
        #expect(start.headDelay == nil && start.pieces.isEmpty && start.ending == .stalled)
        let middle = try Self.stream("drop=middle")
        #expect(middle.ending == .dropped && middle.headDelay != nil)
        #expect((2..<whole.pieces.count).contains(middle.pieces.count))
        #expect(whole.body.starts(with: middle.body))
        let later = try Self.stream("stall=140ms")
        #expect(later.endDelay == .milliseconds(140))
        #expect(later.pieces.allSatisfy { $0.delay <= .milliseconds(140) })
        let json = try Self.bench("drop=middle").chat(["messages": [EndpointBench.user("x")]])
        #expect(json.ending == .dropped && json.json == .null && !json.body.isEmpty)
    }

    @Test("Odd chunks cut events and characters, and lose nothing")
    func oddChunks() throws {
        let whole = try Self.stream("")
        let odd = try Self.stream("odd-chunks")
        #expect(odd.body == whole.body)
        #expect(odd.pieces.count > whole.pieces.count)
        #expect(odd.pieces.contains { String(validating: $0.bytes, as: UTF8.self) == nil })
        #expect(odd.pieces.last?.delay == whole.pieces.last?.delay)
        #expect(zip(odd.pieces, odd.pieces.dropFirst()).allSatisfy { $0.delay <= $1.delay })
    }

    @Test("Events change places, come twice, and have strangers among them")
    func events() throws {
        let whole = try Self.stream("").events
        let disordered = try Self.stream("disorder").events
        #expect(disordered != whole && Set(disordered) == Set(whole))
        let duplicated = try Self.stream("duplicate").events
        #expect(duplicated.count > whole.count && Set(duplicated) == Set(whole))
        let strange = try Self.stream("unknown")
        #expect(strange.pieces.count > whole.count)
        #expect(strange.events.filter { $0.name != "moonline.unknown" } == whole)
    }

    @Test("JSON ends in the middle: the body's, or one event's")
    func truncation() throws {
        let body = try Self.bench("truncate").chat(["messages": [EndpointBench.user("x")]])
        #expect(body.json == .null && body.body.count > 10 && body.ending == .complete)
        let events = try Self.stream("truncate").events
        #expect(events.filter { $0.json == nil && $0.data != "[DONE]" }.count == 1)
        #expect(events.last?.data == "[DONE]")
    }

    @Test("Latencies follow their distribution, and the seed")
    func latency() throws {
        var random = SeededRandom(seed: 3)
        let even = (0..<2000).map { _ in
            Misbehaviour.Latency.uniform(.milliseconds(200)...(.milliseconds(900))).draw(&random)
        }
        #expect(even.allSatisfy { ($0 >= .milliseconds(200)) && ($0 <= .milliseconds(900)) })
        let skewed = (0..<20_000).map { _ in
            Misbehaviour.Latency.skewed(median: .milliseconds(300), rarely: .seconds(2)).draw(&random)
        }.sorted()
        #expect((Duration.milliseconds(290)...(.milliseconds(310))).contains(skewed[10_000]))
        #expect((Duration.milliseconds(1750)...(.milliseconds(2300))).contains(skewed[19_800]))
        #expect(try Self.stream("latency=200ms..900ms") == Self.stream("latency=200ms..900ms"))
        #expect(try Self.stream("latency=300ms").headDelay == .milliseconds(420))
        #expect(
            try Self.stream("latency=200ms..900ms", seed: 1).headDelay
                != Self.stream("latency=200ms..900ms", seed: 2).headDelay)
    }

    // MARK: - Sessions

    private static func session(_ rules: String) throws -> MisbehavingSession {
        var ledger = MisbehaviourLedger(try Misbehaviour(parsing: rules), seed: 1)
        return ledger.session(at: .realtime, key: "k", from: .zero)
    }

    private static func delta(_ number: Int, audio: [UInt8] = [1, 2, 3, 4]) -> VirtualModel.Output {
        let event: JSON = [
            "type": "response.output_audio.delta", "event_id": .string("event_\(number)"),
            "delta": .string(String(decoding: Base64.encode(audio), as: UTF8.self)),
        ]
        return .text(event.bytes)
    }

    @Test("A session without faults is passed as it is")
    func harmless() throws {
        var session = try Self.session("chat: stall")
        #expect(session.isHarmless && session.nextDeadline == nil)
        #expect(session.pass([Self.delta(1)], at: .zero) == [Self.delta(1)])
    }

    @Test("Events of a session come later, in their order")
    func sessionLatency() throws {
        var session = try Self.session("latency=10ms..400ms")
        let outputs = (0..<20).map { Self.delta($0) }
        var received = session.pass(outputs, at: .zero)
        #expect(received.isEmpty)
        while let deadline = session.nextDeadline {
            #expect(deadline <= Instant.zero + .milliseconds(400))
            received += session.advance(at: deadline)
        }
        #expect(received == outputs)
    }

    @Test("A session stalls, is dropped, or ends before its hour")
    func sessionEnds() throws {
        let outputs = (0..<6).map { Self.delta($0) }
        var stalled = try Self.session("stall=middle")
        #expect(stalled.pass(outputs, at: .zero) == Array(outputs.prefix(3)))
        #expect(stalled.pass(outputs, at: .zero + .seconds(9)).isEmpty)
        var silent = try Self.session("stall")
        #expect(silent.pass(outputs, at: .zero).isEmpty)
        var dropped = try Self.session("drop=middle")
        #expect(dropped.pass(outputs, at: .zero) == Array(outputs.prefix(3)) + [.dropped])
        #expect(dropped.pass(outputs, at: .zero).isEmpty)
        var late = try Self.session("drop=2s")
        #expect(late.pass(outputs, at: .zero) == outputs)
        #expect(late.nextDeadline == Instant.zero + .seconds(2))
        #expect(late.advance(at: .zero + .seconds(2)) == [.dropped])
        #expect(late.nextDeadline == nil)
        var short = try Self.session("expire=20s")
        guard case .closed(let code, let reason)? = short.advance(at: .zero + .seconds(20)).last else {
            Issue.record("the session goes on")
            return
        }
        #expect(code == 1001)
        #expect(reason.contains("maximum duration"))
        var refused = try Self.session("status=500")
        let outputs2 = refused.pass(outputs, at: .zero)
        #expect(outputs2.count == 2)
        #expect(outputs2.last == .closed(code: 1011, reason: "500 server_error"))
    }

    @Test("Events of a session change places, come twice, have strangers among them; audio and JSON are cut")
    func sessionEvents() throws {
        let outputs = (0..<40).map { Self.delta($0, audio: [UInt8](repeating: UInt8($0), count: 5000)) }
        func passed(_ rules: String) throws -> [VirtualModel.Output] {
            var session = try Self.session(rules)
            return session.pass(outputs, at: .zero) + session.pass([.closed(code: 1000, reason: "")], at: .zero)
        }
        let disordered = try passed("disorder")
        #expect(disordered.dropLast() != outputs[...] && Set(disordered.dropLast()) == Set(outputs))
        #expect(try passed("duplicate").count > 41)
        #expect(try passed("unknown").count > 41)
        let odd = try passed("odd-chunks").dropLast().map { output -> [UInt8] in
            guard case .text(let bytes) = output else { return [] }
            return Base64.decode((try JSON(parsing: bytes)["delta"]?.string ?? "").utf8) ?? []
        }
        #expect(odd.contains { $0.count % 2 == 1 })
        #expect(odd.flatMap { $0 } == (0..<40).flatMap { [UInt8](repeating: UInt8($0), count: 5000) })
        let broken = try passed("truncate").count { output in
            guard case .text(let bytes) = output else { return false }
            do {
                _ = try JSON(parsing: bytes)
                return false
            } catch {
                return true
            }
        }
        #expect(broken == 1)
    }
}

import Conversation
import SansIO
import ScriptAPI
import Testing

@Suite("require \"store\"") struct StoreModuleTests {
    @Test("each function becomes its request")
    func requests() throws {
        let cases: [(String, ServiceRequest.StoreCall)] = [
            ("store.get('k')", .get(key: "k")), ("store.get(5)", .get(key: "5")),
            (
                "store.set('k', { n = json.null, l = { 1 } })",
                .set(key: "k", value: ["l": [1], "n": nil], lifetime: nil)
            ),
            ("store.set('k', false, { ttl = 1.5 })", .set(key: "k", value: false, lifetime: .milliseconds(1_500))),
            ("store.delete('k')", .delete(key: "k")), ("store.increment('k')", .increment(key: "k", by: 1)),
            ("store.increment('k', -2.5)", .increment(key: "k", by: -2.5)), ("store.keys()", .keys(prefix: "")),
            ("store.keys('a:')", .keys(prefix: "a:")),
        ]
        for (source, call) in cases {
            #expect(try ModuleRun.request("return \(source)") == .store(call), "\(source)")
        }
    }

    @Test("a value comes back as it was; an absent one is nil without message")
    func replies() throws {
        let source = "local v, why = store.get('k') return v == nil and 'absent' or v.n, why"
        for (reply, expected) in [
            (ScriptReply.value(["n": 7]), [JSON.integer(7)]), (.value(.null), ["absent"]),
            (.failure(code: .failed, message: "disk"), ["absent", "disk"]),
        ] {
            let run = try ModuleRun(source)
            _ = try run.start()
            guard case .returned(let values) = try run.harness.resume(nil, reply) else {
                Issue.record("not returned")
                continue
            }
            #expect(Array(values.prefix(expected.count)) == expected)
        }
        let run = try ModuleRun("return select('#', store.get('k'))")
        _ = try run.start()
        #expect(try run.harness.resume(nil, .value(.null)) == .returned([1]))
    }

    @Test("wrong arguments are errors of the caller's line")
    func misuse() throws {
        let cases = [
            ("store.set('k')", "bad argument #2 to 'set' (plain data expected, got no value)"),
            ("store.set('k', nil)", "bad argument #2 to 'set' (plain data expected, got nil)"),
            ("store.set('k', print)", "a function is not data"),
            ("store.set('k', 1, { ttl = 0 })", "field 'ttl': seconds above 0"),
            ("store.set('k', 1, { ttl = 1/0 })", "field 'ttl': seconds above 0"),
            ("store.set('k', 1, { tl = 1 })", "unknown field 'tl' (did you mean 'ttl'?)"),
            ("store.increment('k', 'x')", "bad argument #2 to 'increment' (number expected, got string)"),
            ("store.increment('k', 1/0)", "a finite number expected"), ("store.get()", "string expected, got no value"),
        ]
        for (source, expected) in cases {
            let message = try ModuleRun.error(source)
            #expect(message.contains(expected), "\(message)")
        }
    }
}

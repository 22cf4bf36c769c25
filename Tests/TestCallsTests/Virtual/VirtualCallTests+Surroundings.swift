import Conversation
import MediaEngine
import SansIO
import Testing

@testable import TestCalls

// What surrounds the script.
extension VirtualCallTests {
    @Test("Each call has a store of its own")
    func store() async throws {
        let scene = try VirtualScene(
            "on_answered = function(call) call:say(\"Call number \" .. store.increment(\"calls\", 1)) end,",
            modules: ["store"])
        let results = try await scene.play(
            file: """
                local t = require "moonline.test"
                t.each("counts from one", { "a", "b", "c" }, function(callee, agent)
                  callee:answers()
                  agent:says(t.exact "Call number 1")
                end)
                """)
        #expect(results.count == 3)
        for result in results { result.expectSuccess() }
    }

    @Test("The script's clock begins when the test says, and goes on with the call")
    func clock() async throws {
        let result = try await VirtualScene(
            """
            on_answered = function(call)
              call:say("It is " .. time.format(time.now(), "%H:%M", "Europe/Berlin") .. ".")
              moonline.sleep(120)
              call:say("And now " .. time.format(time.now(), "%H:%M", "Europe/Berlin") .. ".")
            end,
            """, modules: ["time"]
        ).play(
            options: "{ start_time = \"2026-12-01T18:30\", zone = \"Europe/Berlin\", time_limit = 200 }",
            """
            callee:answers()
            agent:says(t.exact "It is 18:30.")
            agent:says(t.exact "And now 18:32.", { within = 140 })
            """)
        result.expectSuccess()
    }

    @Test("The script sees what was measured of the line")
    func statistics() async throws {
        let result = try await VirtualScene(
            """
            on_answered = function(call)
              moonline.sleep(12)
              call:say(call.stats.loss > 0.02 and "a bad line" or "a good line")
            end,
            """
        ).play(
            options: "{ network = { loss = 0.2 } }",
            "callee:answers() agent:says(t.exact \"a bad line\", { within = 30 })")
        result.expectSuccess()
    }

    @Test("What asks for the web is refused, and the call goes on")
    func web() async throws {
        let result = try await VirtualScene(
            """
            on_answered = function(call)
              local _, _, code = http.get("https://example.com/")
              call:say("The web says " .. code)
            end,
            """, modules: ["http"]
        ).play("callee:answers() agent:says(t.any { \"not allowed\", \"not_allowed\" })")
        result.expectSuccess()
    }

    @Test("A test that expects the impossible fails at its line, and its call ends with it")
    func impossible() async throws {
        let result = try await VirtualScene(greeter).play(
            """
            callee:answers()
            agent:says("the lottery numbers", { within = 5 })
            """)
        #expect(result.test.failure?.kind == .expectation)
        #expect(result.test.failure?.line == 4)
        #expect(result.leftovers.isEmpty)
        #expect(result.outcome?.kind == .completed)
    }

    @Test("Where nobody scripts the model and nobody plays it, it stays silent")
    func silentModel() async throws {
        let scene = try VirtualScene(greeter)
        let results = try await scene.play(
            file: """
                local t = require "moonline.test"
                t.test("silence", function(callee, agent)
                  agent:says "practice"
                  callee:says "Hello?"
                  agent:stays_silent(4)
                end)
                """)
        for result in results { result.expectSuccess() }
    }
}

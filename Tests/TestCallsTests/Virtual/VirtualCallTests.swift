import Conversation
import MediaEngine
import SansIO
import Testing

@testable import TestCalls

@Suite("A test call in virtual time")
struct VirtualCallTests {
    /// An agent that greets, and has an action that ends the call.
    let greeter = """
        on_answered = function(call) call:say("Hello, this is the dental practice speaking.") end,
        fallback = "Something went wrong here.",
        """
    let endCall = """
        ---Called when the callee wants to end the call.
        function CallActions:end_call() self.call:hangup { reason = "enough", after_playout = true } end
        """

    // MARK: How a call begins

    @Test("The callee answers after it was rung, hears the agent, and hangs up")
    func answered() async throws {
        let result = try await VirtualScene(greeter).play(
            """
            callee:answers { after = 2 }
            agent:says(t.exact "Hello, this is the dental practice speaking.")
            callee:hangs_up()
            agent:ends "completed"
            """)
        result.expectSuccess()
        #expect(result.outcome?.endedBy == .callee)
        #expect(result.outcome?.wasAnswered == true)
        #expect(try #require(result.test.statistics.firstWord) < .seconds(1))
        #expect(result.test.callTime > .seconds(4) && result.test.callTime < .seconds(8))
        #expect(result.agentMedia.packetsSent > 100 && result.agentMedia.packetsLost == 0)
    }

    @Test(
        "What refuses the call is what it ends with",
        arguments: [
            ("callee:rejects { status = 603 }", CallOutcome.Kind.declined), ("callee:is_busy()", .busy),
            ("callee:rejects { status = 404 }", .notFound), ("callee:never_answers()", .noAnswer),
        ])
    func refused(line: String, kind: CallOutcome.Kind) async throws {
        let result = try await VirtualScene(
            "on_dial = function() return { ring_timeout = 8 } end, \(greeter)"
        ).play("\(line) agent:ends(\"\(kind.rawValue)\")")
        result.expectSuccess()
        #expect(result.outcome?.kind == kind)
        #expect(result.outcome?.wasAnswered == false)
    }

    @Test("The script's refusal to dial reaches nobody")
    func notDialled() async throws {
        let result = try await VirtualScene("on_dial = function() return false, \"too late\" end,").play(
            "agent:ends \"refused\"")
        result.expectSuccess()
        #expect(result.test.timeline.contains { $0.event == .calleeDid("rings") } == false)
    }

    @Test("An inbound call has the caller's numbers and headers, and is answered when the model is ready")
    func inbound() async throws {
        let result = try await VirtualScene(
            """
            on_incoming = function(call) call.state.campaign = call.headers["x-campaign"] return "answer" end,
            on_answered = function(call) call:say("From " .. call.from .. " for " .. call.state.campaign) end,
            """
        ).play(
            options: "{ direction = \"inbound\" }",
            """
            callee:calls { from = "+15105550177", headers = { ["X-Campaign"] = "recall" } }
            agent:says(t.exact "From +15105550177 for recall")
            """)
        result.expectSuccess()
        #expect(result.outcome?.kind == .completed)
    }

    @Test("An inbound call is rejected with the script's status")
    func inboundRejected() async throws {
        let result = try await VirtualScene("on_incoming = function() return \"reject\", 480 end,").play(
            options: "{ direction = \"inbound\" }", "callee:calls() agent:ends(t.any { \"refused\", \"rejected\" })")
        result.expectSuccess()
        #expect(result.outcome?.wasAnswered == false)
    }

    // MARK: The conversation

    @Test("What the callee says reaches the model as words, and its answer the callee")
    func conversation() async throws {
        let result = try await VirtualScene("", actions: endCall).play(
            model: """
                { start = true, says = "Hello. Does Tuesday suit you?" },
                { hears = "tomorrow", says = { "Tomorrow it is.", "Goodbye." }, calls = "end_call" },
                """,
            """
            agent:says "Tuesday"
            callee:says "No, tomorrow please."
            agent:hears "tomorrow please"
            agent:calls "end_call"
            agent:says(t.exact "Tomorrow it is.")
            agent:says(t.exact "Goodbye.")
            agent:hangs_up()
            agent:ends "enough"
            t.latency { response_max = 1.5, first_word = 1 }
            """)
        result.expectSuccess()
        #expect(result.outcome?.endedBy == .agent)
        #expect(result.test.statistics.responses.count == 1)
    }

    @Test("Keys go to the script as they were pressed")
    func keys() async throws {
        let result = try await VirtualScene(
            """
            on_answered = function(call)
              local keys = call:gather_dtmf { max = 4, timeout = 4 }
              call:say("Thank you for " .. tostring(keys) .. ".")
            end,
            """
        ).play(
            """
            callee:answers()
            callee:presses "12w3#"
            agent:receives "123#"
            agent:says(t.like "thank you for 123")
            """)
        result.expectSuccess()
    }

    @Test("Who talks over the agent silences it, and both parts of the cut sentence are told")
    func bargeIn() async throws {
        let result = try await VirtualScene(
            """
            on_answered = function(call)
              call:say("One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen.")
            end,
            """
        ).play(
            model: "{ hears = \"stop\", says = \"All right.\" },", keepsAudio: true,
            """
            callee:answers()
            callee:interrupts("Please stop.", { after = 2 })
            agent:is_interrupted { heard = "one two three", unheard = "fifteen" }
            agent:says(t.exact "All right.")
            t.never(agent.says, "fifteen")
            """)
        result.expectSuccess()
        let cut = result.test.timeline.compactMap { entry -> String? in
            if case .interrupted(let heard, let unheard) = entry.event { "\(heard) \(unheard)" } else { nil }
        }
        #expect(
            cut == ["One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen."])
        let audio = try #require(result.agentAudio)
        let first = try #require(audio.said.keys.min())
        let sent = audio.ledger.runs.filter { $0.tag == first }.compactMap(\.count).reduce(0, +)
        #expect(sent > 8_000 && sent < (audio.said[first]?.count ?? 0))
    }

    @Test("A sentence that may not be interrupted is heard to its end")
    func uninterruptible() async throws {
        let sentence = "This call is recorded, and you may object to that at any time by saying so."
        let result = try await VirtualScene(
            "on_answered = function(call) call:say(\"\(sentence)\", { interruptible = false }) end,"
        ).play(
            model: "{ hears = \"wait\", says = \"Yes?\" },",
            """
            callee:answers()
            callee:interrupts("Wait a moment.", { after = 1 })
            agent:says(t.exact "\(sentence)")
            agent:says(t.exact "Yes?")
            t.never(agent.is_interrupted)
            """)
        result.expectSuccess()
    }

    @Test("A transfer is taken, or refused with a status that the script sees")
    func transfers() async throws {
        let scene = try VirtualScene(
            """
            on_answered = function(call)
              local ok, why = call:transfer("+15105550199")
              if not ok then call:say("That did not work: " .. why) end
            end,
            """)
        let taken = try await scene.play(
            """
            callee:accepts_transfer()
            agent:transfers_to "+15105550199"
            agent:ends "transferred"
            """)
        taken.expectSuccess()
        #expect(taken.outcome?.kind == .transferred)
        let refused = try await scene.play(
            """
            callee:refuses_transfer(486)
            agent:transfers_to "+15105550199"
            agent:says "that did not work"
            """)
        refused.expectSuccess()
        #expect(refused.story.contains("486"))
    }

    @Test("A voicemail speaks and beeps, and does not wait for the agent")
    func voicemail() async throws {
        let result = try await VirtualScene("", actions: endCall).play(
            model: "{ hears = \"leave a message\", calls = \"end_call\" }, { start = true, says = \"Hello?\" },",
            """
            callee:is_voicemail { greeting = "We are not in. Please leave a message after the tone." }
            agent:hears "leave a message"
            agent:calls "end_call"
            agent:ends "enough"
            """)
        result.expectSuccess()
        #expect(result.story.contains("[beep]"))
    }

    @Test("The callee plays a sound file, and so does the script; what lies elsewhere is not played")
    func sounds() async throws {
        let scene = try VirtualScene(
            """
            on_answered = function(call)
              assert(call:play("beep.wav"))
              local ok, why, code = call:play("../beep.wav")
              call:say("It said " .. code .. ".")
            end,
            """)
        try scene.writeBeep()
        let result = try await scene.play(
            keepsAudio: true,
            """
            callee:answers()
            agent:says(t.any { "not allowed", "not_allowed" })
            callee:says { wav = "beep.wav" }
            """)
        result.expectSuccess()
        let (agent, callee) = (try #require(result.agentAudio), try #require(result.calleeAudio))
        #expect(agent.said.values.contains { $0.count == 4_000 })
        #expect(callee.said.values.map(\.count) == [4_000])
        let missing = try await scene.play("callee:says { wav = \"none.wav\" }")
        #expect(missing.test.failure?.kind == .host)
        #expect(missing.test.failure?.message.contains("none.wav") == true)
        #expect(missing.leftovers.isEmpty)
    }

    @Test("A recording is answered as in production; its name is a plain one, and used once")
    func recording() async throws {
        let result = try await VirtualScene(
            """
            on_answered = function(call)
              local first = call:record { path = "consent.wav" }
              local _, _, code = call:record { path = "consent.wav" }
              local _, _, worse = call:record { path = "../consent.wav" }
              call:stop_recording()
              call:say(first .. " and " .. code .. " and " .. worse)
            end,
            """
        ).play(
            "callee:answers() agent:says(t.exact \"consent.wav and invalid_argument and invalid_argument\")")
        result.expectSuccess()
    }

    // MARK: How it ends

    @Test("What was heard before the callee hung up is told, and no more")
    func hangUpInSentence() async throws {
        let result = try await VirtualScene(greeter).play(
            """
            callee:answers()
            callee:hangs_up { after = 1.7 }
            agent:ends "completed"
            """)
        result.expectSuccess()
        let said = result.test.timeline.compactMap { entry -> String? in
            if case .agentSaid(let text) = entry.event { text } else { nil }
        }
        let text = try #require(said.first, "\(result.story)")
        #expect("Hello, this is the dental practice speaking.".hasPrefix(text) && text.count < 40 && text.count > 4)
    }

    @Test("The operator's limit on a call ends it")
    func idle() async throws {
        let result = try await VirtualScene(
            """
            idle_timeout = 3,
            on_idle = function(call, count) if count == 2 then call:hangup { reason = "nobody" } end end,
            """
        ).play(model: "{ start = true, says = \"Hello?\" },", "callee:answers() agent:ends \"nobody\"")
        result.expectSuccess()
    }

    @Test("A script that does not end is stopped; the fallback line is heard, and the call ends by it")
    func scriptFault() async throws {
        let result = try await VirtualScene(
            "on_answered = function(call) call:say(\"Well.\") while true do end end, "
                + "fallback = \"Something went wrong here.\","
        ).play("callee:answers() agent:says(t.exact \"Something went wrong here.\") agent:ends \"script_failed\"")
        result.expectSuccess()
        #expect(result.story.contains("instructions"))
    }

    @Test(
        "A model that is lost, by its own doing or the network's, comes back, and the call goes on",
        arguments: [
            ("{ network = { reset_model_after = 4 } }", ""), ("{}", "{ hears = \"hello\", drops = true },"),
        ])
    func modelBack(options: String, model: String) async throws {
        let result = try await VirtualScene("fallback = \"Something went wrong here.\",").play(
            options: options,
            model: """
                { start = true, says = "Hello." }, \(model)
                { hears = "hello", says = "Do you want an appointment?" }, { hears = "yes", says = "Then come at one." },
                """,
            """
            agent:says "Hello"
            callee:says "Hello."
            agent:says "appointment"
            callee:says "Yes, please."
            agent:says "at one"
            t.wait(2)
            callee:hangs_up()
            """)
        result.expectSuccess()
        #expect(result.story.contains("the model is back after"))
    }

    @Test("A sentence that the loss of the model cuts is heard whole, and each word of it once")
    func modelCut() async throws {
        let text = "We are open from Monday to Friday, from eight in the morning until six in the evening."
        for milliseconds in [300, 500, 700, 900] {
            let result = try await VirtualScene("").play(
                options: "{ network = { reset_model_after = \(Double(milliseconds) / 1_000) } }",
                model: "{ start = true, says = \"\(text)\" },",
                "callee:answers() agent:says \"six in the evening\" t.wait(1) callee:hangs_up()")
            result.expectSuccess()
            let said = result.test.timeline.compactMap { entry -> String? in
                if case .agentSaid(let text) = entry.event { text } else { nil }
            }
            #expect(said.joined(separator: " ") == text)
        }
    }

    @Test("A model that is lost again and again ends the call by the fallback line")
    func modelLost() async throws {
        let result = try await VirtualScene("fallback = \"Something went wrong here.\",").play(
            model: """
                { start = true, says = "Hello." }, { hears = "hello", drops = true, always = true },
                { hears = "inaudible", drops = true, always = true },
                """,
            """
            agent:says "Hello"
            callee:says "Hello."
            agent:says(t.exact "Something went wrong here.", { within = 60 })
            agent:ends "model_failed"
            """)
        result.expectSuccess()
    }

    @Test("An action that takes long is bridged by a line, and given up at the flow's own limit")
    func longAction() async throws {
        let result = try await VirtualScene(
            "filler = { after = 1.5, text = \"One moment, please.\" }, action_timeout = 6,",
            actions: """
                ---Looks for a time.
                function CallActions:look_up() moonline.sleep(60) end
                """
        ).play(
            model: """
                { start = true, says = "Hello." }, { hears = "hello", calls = "look_up" },
                { result_of = "look_up", says = "I cannot find it." },
                """,
            """
            agent:says "Hello"
            callee:says "Hello."
            agent:says(t.exact "One moment, please.")
            agent:says "cannot find it"
            callee:hangs_up()
            """)
        result.expectSuccess()
    }

    @Test("A response that fails is a fault, and the call goes on")
    func responseFails() async throws {
        let result = try await VirtualScene(
            "on_error = function(call, err) call:say(\"Pardon? \" .. err.kind) end,"
        ).play(
            model:
                "{ start = true, says = \"Hello.\" }, { hears = \"hello\", fails = \"server_error\", always = true },",
            """
            agent:says "Hello"
            callee:says "Hello."
            agent:says(t.exact "Pardon? model")
            """)
        result.expectSuccess()
    }

    // MARK: The network

    @Test("Nothing comes from the callee any more: the call ends when the media time-out says so")
    func deafAgent() async throws {
        let result = try await VirtualScene(greeter).play(
            options: "{ network = { one_way_after = 3 }, time_limit = 60 }",
            "callee:answers() agent:ends(\"media_failed\", { within = 50 })")
        result.expectSuccess()
        #expect(result.outcome?.reason == "media_lost")
        #expect(result.agentMedia.packetsReceived < 200 && result.calleeMedia.packetsReceived > 1_000)
    }

    @Test("Nothing reaches the callee any more: it hears the beginning only, and keys still work")
    func deafCallee() async throws {
        let result = try await VirtualScene(
            "\(greeter) on_dtmf = function(call, key) call:hangup { reason = \"key \" .. key } end,"
        ).play(
            options: "{ network = { one_way_after = 2, one_way = \"to_callee\" } }", keepsAudio: true,
            """
            callee:answers()
            callee:presses("5", { after = 6 })
            agent:ends "key 5"
            """)
        result.expectSuccess()
        let heard = try #require(result.calleeAudio).heard
        #expect((8_000...20_000).contains(heard.count { $0 != 0xFF && $0 != 0x7F }))
        #expect(result.calleeMedia.packetsReceived < 120 && result.agentMedia.packetsSent > 250)
    }

    @Test(
        "A call gets through a bad line",
        arguments: [
            "loss = 0.08, burst = 3", "jitter_ms = 80, delay_ms = 120", "reorder = 0.1", "duplicate = 0.3",
            "loss = 0.15, jitter_ms = 60, reorder = 0.05, duplicate = 0.05, delay_ms = 200",
        ], [1, 2, 3] as [UInt64])
    func badLine(network: String, seed: UInt64) async throws {
        let result = try await VirtualScene(greeter, actions: endCall).play(
            options: "{ network = { \(network) } }",
            model: "{ hears = \"goodbye\", says = \"Bye.\", calls = \"end_call\" },",
            seed: seed,
            """
            callee:answers()
            agent:says "dental practice speaking"
            callee:says "Goodbye then."
            agent:calls "end_call"
            agent:ends("enough", { within = 40 })
            """)
        result.expectSuccess()
        if network.contains("loss") { #expect(result.agentMedia.packetsLost > 0) }
        if network.contains("duplicate") { #expect(result.agentMedia.packetsDuplicate > 0) }
    }

    @Test("The same seed gives the same bytes; another seed gives another line")
    func seeds() async throws {
        let scene = try VirtualScene(greeter)
        func log(_ seed: UInt64) async throws -> [UInt8] {
            let result = try await scene.play(
                options: "{ network = { loss = 0.1, jitter_ms = 60 } }",
                model: "{ hears = \"hello\", says = \"And hello to you.\" },", seed: seed,
                "agent:says \"practice\" callee:says \"Hello.\" agent:says \"hello to you\"")
            return try #require(result.log).bytes
        }
        let first = try await log(5)
        #expect(try await log(5) == first)
        #expect(try await log(6) != first)
    }
}

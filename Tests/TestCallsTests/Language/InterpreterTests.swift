import Conversation
import SansIO
import Testing

@testable import TestCalls

@Suite("The test language: callee and agent") struct InterpreterTests {
    @Test("the contract's example passes, line by line, and says what was expected when a line does not happen")
    func contract() throws {
        let body = """
              callee:answers { after = 2.0 }
              agent:says("dental practice")
              callee:says("Can I come tomorrow instead?")
              agent:calls("look_up_availability")
              agent:says(t.any { "one", "1pm" })
              callee:says("Three is fine.")
              agent:calls("confirm_appointment", { time = t.like "3" })
              callee:presses "0"
              agent:transfers_to "+15105550199"
              t.latency { response_p95 = 0.8 }
            """
        for time in ["3pm", "4pm"] {
            let rehearsal = try Rehearsal(body)
            rehearsal.send(.began, at: 0)
            rehearsal.send(.ringing, at: 1)
            rehearsal.pass(until: 3)
            #expect(rehearsal.times { $0 == .answer } == [3])
            rehearsal.send(.answered, at: 3.2)
            rehearsal.agentSays("Hello, this is the dental practice.", from: 3.5, to: 6)
            rehearsal.pass(until: 7.5)
            #expect(rehearsal.times(\.isSpeech) == [6.3], "the callee speaks a moment after the agent is silent")
            rehearsal.agentCalls("look_up_availability", #"{"date":"tomorrow"}"#, returns: "{}", at: 8)
            rehearsal.send(
                .observed(.latency(TurnLatency(turn: 1, toFirstPacket: .milliseconds(600), toFirstAudio: .zero))), at: 8
            )
            rehearsal.agentSays("There is one, two and three P.M.", from: 8, to: 10)
            rehearsal.agentCalls("confirm_appointment", #"{"date":"2026-12-01","time":"\#(time)"}"#, at: 13)
            rehearsal.pass(until: 14)
            rehearsal.send(.transferRequested("<sip:+1-510-555-0199@pbx.example>"), at: 15)
            if time == "3pm" {
                #expect(rehearsal.times { $0 == .press("0") } == [13.3])
                #expect(rehearsal.times { $0 == .acceptTransfer } == [15])
                #expect(rehearsal.times { $0 == .finish } == [15])
                rehearsal.end(at: 15.5, kind: .transferred, reason: "transferred")
                let result = try rehearsal.result()
                #expect(result.failure == nil)
                #expect(result.callTime == .seconds(15.5))
                #expect(result.statistics.responses == [.milliseconds(600)])
            } else {
                rehearsal.pass(until: 40)
                let failure = try #require(try rehearsal.result().failure)
                #expect(failure.line == 9)
                #expect(failure.file == "tests/example.lua")
                #expect(
                    failure.source.last?.text.trimmed == #"agent:calls("confirm_appointment", { time = t.like "3" })"#)
                #expect(
                    failure.message
                        == "it did not happen within 15.00 s that the agent calls confirm_appointment with { time = like “3” }"
                )
                #expect(failure.nearest.contains(#"confirm_appointment {"date":"2026-12-01","time":"4pm"} at 13.00 s"#))
                #expect(failure.nearest.contains(#"time is "4pm", expected like “3”"#))
            }
        }
    }

    @Test("a callee that is not told how it takes the call answers after a second of ringing")
    func implicitAnswer() throws {
        let rehearsal = try Rehearsal("agent:says 'hello'")
        rehearsal.send(.began, at: 0)
        rehearsal.send(.ringing, at: 4)
        rehearsal.pass(until: 6)
        #expect(rehearsal.times { $0 == .answer } == [5])
    }

    @Test(
        "a callee can reject, be busy, and let it ring",
        arguments: [
            ("callee:rejects { status = 480, after = 2 }", [CalleeAction.reject(status: 480)], 3.0),
            ("callee:is_busy()", [.reject(status: 486)], 1.0), ("callee:never_answers()", [], 0.0),
        ])
    func refusals(line: String, expected: [CalleeAction], time: Double) throws {
        let rehearsal = try Rehearsal("\(line)\nagent:ends(t.any { 'busy', 'no_answer' })")
        rehearsal.send(.began, at: 0)
        rehearsal.send(.ringing, at: 1)
        rehearsal.pass(until: 60)
        #expect(rehearsal.actions.map(\.action) == expected)
        if !expected.isEmpty { #expect(rehearsal.actions.first?.at == time) }
        rehearsal.end(at: 61, kind: .noAnswer, reason: "no_answer")
        #expect(try rehearsal.result().passed)
    }

    @Test("an outcome that is another is told with what it was, and a mistyped one with what was meant")
    func outcomes() throws {
        let rehearsal = try Rehearsal("callee:is_busy()\nagent:ends('no-answer')")
        rehearsal.send(.began, at: 0)
        rehearsal.send(.ringing, at: 1)
        rehearsal.end(at: 2, by: .callee, kind: .busy, reason: "Busy Here")
        let failure = try #require(try rehearsal.result().failure)
        #expect(failure.message.contains("ended as busy (Busy Here)"))
        #expect(failure.message.hasSuffix("(did you mean 'no_answer'?)"))
        #expect(failure.line == 4)
    }

    @Test("the callee waits for silence, pauses for 0.3 s, and starts again when the agent goes on")
    func politeness() throws {
        let rehearsal = try Rehearsal("callee:says 'Hello?'")
        rehearsal.begin()
        rehearsal.send(.agentSpeech(started: true), at: 2.2)
        rehearsal.send(.agentSpeech(started: false), at: 5)
        rehearsal.send(.agentSpeech(started: true), at: 5.2)
        rehearsal.send(.agentSpeech(started: false), at: 8)
        rehearsal.pass(until: 10)
        #expect(rehearsal.times(\.isSpeech) == [8.3])
        #expect(rehearsal.actions.last?.action == .finish)
    }

    @Test("an interruption lets the agent speak for so long, and then talks over it")
    func interruption() throws {
        let rehearsal = try Rehearsal(
            """
            callee:interrupts("Stop!", { after = 1.5, voice = "slt" })
            agent:is_interrupted { heard = "this is", unheard = t.like "practice" }
            """)
        rehearsal.begin()
        rehearsal.send(.agentSpeech(started: true), at: 3)
        rehearsal.send(.agentSpeech(started: false), at: 4)
        rehearsal.send(.agentSpeech(started: true), at: 6)
        rehearsal.pass(until: 8)
        #expect(rehearsal.times(\.isSpeech) == [7.5])
        #expect(
            rehearsal.actions.contains {
                $0.action == .speak(Utterance(parts: [.text("Stop!", voice: "slt")]))
            })
        rehearsal.send(
            .observed(
                .interruption(
                    Interruption(heard: "Hello, this is", unheard: "the dental practice.", playedMilliseconds: 900))),
            at: 8)
        rehearsal.pass(until: 9)
        #expect(try rehearsal.result().passed)
    }

    @Test("a voicemail greets half a second after it answers, whoever speaks, and beeps")
    func voicemail() throws {
        let rehearsal = try Rehearsal("callee:is_voicemail { greeting = 'Leave a message.' }\nagent:hangs_up()")
        rehearsal.begin()
        rehearsal.send(.agentSpeech(started: true), at: 2.2)
        rehearsal.pass(until: 4)
        #expect(rehearsal.times(\.isSpeech) == [2.6])
        #expect(
            rehearsal.actions.last?.action
                == .speak(
                    Utterance(parts: [
                        .text("Leave a message.", voice: nil), .silence(.milliseconds(500)),
                        .tone(hertz: 1_000, .milliseconds(500)),
                    ])))
        rehearsal.end(at: 5, reason: "voicemail")
        #expect(try rehearsal.result().passed)
    }

    @Test("an agent that hangs up in the middle of what the callee says ends that line; the next one fails")
    func hangUpWhileSpeaking() throws {
        let rehearsal = try Rehearsal("callee:says 'Goodbye.'\ncallee:says 'Are you there?'")
        rehearsal.begin()
        rehearsal.send(.calleeEnded(byRemote: true, reason: "BYE"), at: 3)
        let failure = try #require(try rehearsal.result().failure)
        #expect(failure.line == 4)
        #expect(failure.message == "the call was over before the callee says “Are you there?”")
        #expect(failure.nearest == "the agent had ended the call")
    }

    @Test("expectations of one kind are met in order, each by what stands behind the last; within one utterance too")
    func order() throws {
        let rehearsal = try Rehearsal(
            """
            agent:says "one"
            agent:says "two"
            agent:says "three"
            """)
        rehearsal.begin()
        rehearsal.agentSays("Two. One, two.", from: 3, to: 5)
        rehearsal.pass(until: 10)
        #expect(rehearsal.run.result == nil)
        #expect(rehearsal.times { $0 == .finish } == [])
        rehearsal.agentSays("And three.", from: 10, to: 11)
        #expect(rehearsal.times { $0 == .finish } == [11])
        #expect(try rehearsal.result().passed)
    }

    @Test("what was said too early is told as such")
    func tooEarly() throws {
        let rehearsal = try Rehearsal("agent:says 'goodbye'\nagent:says 'dental practice'")
        rehearsal.begin()
        rehearsal.agentSays("This is the dental practice. Goodbye.", from: 3, to: 5)
        rehearsal.pass(until: 40)
        let failure = try #require(try rehearsal.result().failure)
        #expect(failure.line == 4)
        #expect(
            failure.nearest
                == "the agent said “This is the dental practice. Goodbye.” at 5.00 s, before what the expectations "
                + "before this one had found")
    }

    @Test("the nearest thing to speech is the sentence that was cut, and to a misspelt action the flow's own")
    func nearest() throws {
        let cut = try Rehearsal("agent:says 'until half past three'")
        cut.begin()
        cut.send(
            .observed(
                .interruption(
                    Interruption(heard: "We are open", unheard: "until half past three.", playedMilliseconds: 900))),
            at: 5)
        cut.agentSays("We are open", from: 4, to: 5)
        cut.pass(until: 20)
        #expect(
            try cut.result().failure?.nearest
                == "the agent was interrupted at 5.00 s: heard was “We are open”, not heard “until half past three.”")

        let misspelt = try Rehearsal("agent:calls 'confirm_apointment'")
        misspelt.run.actionNames = ["confirm_appointment", "end_call"]
        misspelt.begin()
        misspelt.agentCalls("end_call", "{}", at: 5)
        misspelt.pass(until: 20)
        #expect(
            try misspelt.result().failure?.nearest
                == "the flow has no action confirm_apointment (did you mean 'confirm_appointment'?)")

        let deaf = try Rehearsal("agent:says(t.sounds_like 'good day')")
        deaf.begin()
        deaf.agentSays("Good day.", from: 4, to: 5)
        deaf.send(.understood("good food in a way"), at: 6)
        deaf.pass(until: 20)
        #expect(
            try deaf.result().failure?.nearest
                == "what the agent said was understood as “good food in a way” at 6.00 s")
    }

    @Test("in_order wants things of different kinds one after another")
    func inOrder() throws {
        for isInOrder in [false, true] {
            let rehearsal = try Rehearsal(
                """
                agent:says("this call is recorded")
                agent:calls("take_payment", nil, { in_order = \(isInOrder), within = 5 })
                """)
            rehearsal.begin()
            rehearsal.agentCalls("take_payment", "{}", at: 3)
            rehearsal.agentSays("This call is recorded.", from: 4, to: 6)
            rehearsal.pass(until: 12)
            let result = try rehearsal.result()
            #expect(result.passed == !isInOrder, "\(String(describing: result.failure))")
            if isInOrder { #expect(result.failure?.nearest.contains("take_payment {} at 3.00 s") == true) }
        }
    }

    @Test("speech that is under way when the time is over may end first")
    func underWay() throws {
        let rehearsal = try Rehearsal("agent:says('the end', { within = 3 })")
        rehearsal.begin()
        rehearsal.agentSays("This takes a long time, and here is the end.", from: 4, to: 20)
        #expect(try rehearsal.result().passed)
    }

    @Test("a partial transcript counts once the agent is silent")
    func partialTranscript() throws {
        let rehearsal = try Rehearsal("agent:says 'good'")
        rehearsal.begin()
        rehearsal.send(.agentSpeech(started: true), at: 3)
        var entry = TranscriptEntry(
            role: .agent, text: "A good", isFinal: false, itemID: "item", startedAt: .zero, endedAt: .zero)
        rehearsal.send(.observed(.transcript(entry)), at: 4)
        entry.text = "A good day"
        rehearsal.send(.observed(.transcript(entry)), at: 5)
        #expect(rehearsal.times { $0 == .finish } == [])
        rehearsal.send(.agentSpeech(started: false), at: 6)
        #expect(rehearsal.times { $0 == .finish } == [6])
        let said = try rehearsal.result().timeline.filter { $0.event == .agentSaid("A good day") }
        #expect(said.count == 1)
    }

    @Test("an expectation fails at once when the call is over, and says how it ended")
    func overBefore() throws {
        let rehearsal = try Rehearsal("agent:says 'hello'")
        rehearsal.begin()
        rehearsal.send(.observed(.fault(CallFault(kind: .model, message: "The model is gone."))), at: 3)
        rehearsal.end(at: 4, by: .fault, kind: .modelFailed, reason: "model")
        let failure = try #require(try rehearsal.result().failure)
        #expect(failure.at == .seconds(4))
        #expect(
            failure.message.hasPrefix("the call was over (model_failed, model) before the agent says something like"))
        #expect(failure.nearest == "there was a fault of the model at 3.00 s: The model is gone.")
    }

    @Test("agent:hangs_up is met by the agent's BYE, and not by the callee's")
    func hangsUp() throws {
        for party in [CallOutcome.Party.agent, .callee] {
            let rehearsal = try Rehearsal("agent:hangs_up()")
            rehearsal.begin()
            rehearsal.end(at: 5, by: party)
            #expect(try rehearsal.result().passed == (party == .agent))
        }
    }

    @Test("agent:hangs_up is met by an answered call that a fault has ended, though its BYE is still on its way")
    func hangsUpAfterFault() throws {
        for wasAnswered in [true, false] {
            let rehearsal = try Rehearsal("agent:hangs_up()")
            rehearsal.begin()
            var outcome = CallOutcome(
                kind: .modelFailed, reason: "model_failed", message: "The model is gone.", endedBy: .fault)
            outcome.wasAnswered = wasAnswered
            rehearsal.send(.finished(outcome), at: 5)
            #expect(try rehearsal.result().passed == wasAnswered)
        }
    }

    @Test("the agent's silence is counted from when it is silent, and broken by a word")
    func silence() throws {
        for speaks in [false, true] {
            let rehearsal = try Rehearsal("agent:stays_silent(3)")
            rehearsal.send(.began, at: 0)
            rehearsal.send(.ringing, at: 1)
            rehearsal.send(.agentSpeech(started: true), at: 2)
            rehearsal.send(.answered, at: 2.1)
            rehearsal.send(.agentSpeech(started: false), at: 4)
            if speaks { rehearsal.send(.agentSpeech(started: true), at: 6.5) }
            rehearsal.pass(until: 8)
            let result = try rehearsal.result()
            #expect(result.passed == !speaks)
            if speaks { #expect(result.failure?.message == "the agent spoke after 2.50 s of silence") }
        }
    }

    @Test("what an action returns can be expected, and is waited for")
    func returns() throws {
        let rehearsal = try Rehearsal(
            """
            local arguments = agent:calls("book", { n = 2 }, { returns = { ok = true } })
            print(arguments.n + 1)
            """)
        rehearsal.begin()
        rehearsal.agentCalls("book", #"{"n":2}"#, returns: #"{"ok":false}"#, at: 3)
        rehearsal.agentCalls("book", #"{"n":2.0}"#, at: 4)
        #expect(rehearsal.times { $0 == .finish } == [])
        rehearsal.send(
            .observed(.actionReturned(callID: "call_2", name: "book", output: #"{"ok":true}"#, duration: .zero)), at: 5)
        #expect(rehearsal.times { $0 == .finish } == [5])
        #expect(try rehearsal.result().timeline.contains { $0.event == .printed("3.0") })
    }

    @Test("keys that the agent receives are found in order")
    func keys() throws {
        let rehearsal = try Rehearsal("callee:presses '12#'\nagent:receives '12#'")
        rehearsal.begin()
        rehearsal.pass(until: 4)
        for (index, key) in "912#".enumerated() {
            rehearsal.send(.observed(.digit(key, milliseconds: 100)), at: 4 + Double(index) / 10)
        }
        #expect(try rehearsal.result().passed)
    }

    @Test("sounds_like asks what the callee's recogniser understood, and needsRecognition says so")
    func recognition() throws {
        let rehearsal = try Rehearsal("agent:says(t.sounds_like 'a week from Tuesday')")
        rehearsal.begin()
        #expect(rehearsal.run.needsRecognition)
        #expect(rehearsal.run.test.usesRecognition)
        rehearsal.agentSays("A week from Tuesday.", from: 3, to: 5)
        rehearsal.send(.understood("hello there"), at: 5.5)
        #expect(rehearsal.times { $0 == .finish } == [])
        rehearsal.send(.understood("a weak from choose day"), at: 6)
        #expect(rehearsal.times { $0 == .finish } == [6])
    }

    @Test("transfers are taken, or refused when the test says so before")
    func transfers() throws {
        let rehearsal = try Rehearsal("callee:refuses_transfer(486)\nagent:transfers_to 'tel:+1510'")
        rehearsal.begin()
        #expect(rehearsal.send(.transferRequested("<tel:+1510>"), at: 5).first == .refuseTransfer(status: 486))
        #expect(try rehearsal.result().passed)
    }

    @Test("an inbound test dials, at once or when it is told; what it may not do is said")
    func inbound() throws {
        let told = try Rehearsal(
            "callee:calls { from = '+49301', headers = { ['X-Id'] = 7 } }\nagent:says 'welcome'",
            options: #"{ direction = "inbound", to = "+1800" }"#)
        told.send(.began, at: 0)
        #expect(told.actions.map(\.action) == [.dial(from: "+49301", to: "+1800", headers: ["X-Id": "7"])])
        let untold = try Rehearsal("agent:says 'welcome'", options: #"{ direction = "inbound" }"#)
        untold.send(.began, at: 0)
        #expect(untold.actions.map(\.action) == [.dial(from: "+15105550123", to: "+15105550100", headers: [:])])
        untold.send(.answered, at: 1)
        untold.agentSays("Welcome!", from: 1, to: 2)
        #expect(try untold.result().passed)
        let wrong = try Rehearsal("callee:answers()", options: #"{ direction = "inbound" }"#)
        wrong.send(.began, at: 0)
        #expect(try wrong.result().failure?.message.contains("the agent takes the call") == true)
        let outbound = try Rehearsal("callee:calls()")
        outbound.send(.began, at: 0)
        #expect(try outbound.result().failure?.message.contains("direction = \"inbound\"") == true)
    }

    @Test("the callee hangs up, plays files, and ends")
    func otherActions() throws {
        let rehearsal = try Rehearsal(
            """
            callee:answers { after = 3 }
            callee:says { wav = "hello.wav" }
            callee:hesitates(1)
            callee:hangs_up { after = 0.5 }
            """)
        rehearsal.send(.began, at: 0)
        rehearsal.send(.ringing, at: 1)
        rehearsal.pass(until: 5)
        rehearsal.send(.answered, at: 5)
        rehearsal.pass(until: 10)
        let expected: [(Double, CalleeAction)] = [
            (4, .answer),
            (5.3, .speak(Utterance(parts: [.file("hello.wav")]))), (7.8, .hangUp), (7.8, .finish),
        ]
        #expect(rehearsal.actions.map(\.action) == expected.map(\.1))
        for (one, other) in zip(rehearsal.actions, expected) { #expect(abs(one.at - other.0) < 0.001) }
        rehearsal.end(at: 8, by: .callee)
        #expect(try rehearsal.result().passed)
    }
}

import OfflineModel
import SansIO
import Testing

@testable import TestCalls

@Suite("What is expected of texts and values") struct MatcherTests {
    private final class NoPattern: PatternMatching {
        func matches(_ pattern: String, in text: String) -> Bool { false }
    }

    private func likes(_ expected: String, _ text: String) -> Bool {
        Matcher.like(expected).matches(text: text, patterns: NoPattern())
    }

    @Test(
        "like knows neither case nor punctuation, and reads numbers as they are spoken",
        arguments: [
            ("3", "three"), ("3", "3pm"), ("three", "at 3 P.M., please"), ("three pm", "3pm"), ("3pm", "three p.m."),
            ("dental practice", "the Dental  Practice."), ("price", "Our prices!"), ("book", "you are booked"),
            ("twenty-five", "25"), ("december first", "2026-12-01 is December 1st"), ("$20", "twenty dollars"),
            ("3:05", "three oh five"), ("don't", "Don’t do it"), ("Привет", "привет, мир"),
        ])
    func alike(expected: String, text: String) {
        #expect(likes(expected, text))
    }

    @Test(
        "like wants whole words in order",
        arguments: [
            ("3", "thirteen"), ("one", "phone"), ("one", "ones"), ("four", "fourth"),
            ("practice dental", "dental practice"),
            ("dental practice", "dental"), ("cat", "category"), ("пока", "привет"),
        ])
    func unlike(expected: String, text: String) {
        #expect(!likes(expected, text))
    }

    @Test("sounds_like compares sounds: near misses of a recogniser pass, other sentences do not")
    func sounds() {
        func score(_ expected: String, _ heard: String) -> Double {
            WordSimilarity.score(of: SpokenWords.words(of: expected), in: SpokenWords.words(of: heard))
        }
        #expect(score("see you on tuesday", "see you on tuesday") == 1)
        #expect(score("see you on tuesday", "hello sea you and choose day") >= 0.7)
        #expect(score("see you on tuesday", "the weather is fine today") < 0.6)
        #expect(score("see you", "") == 0)
        #expect(score("knight", "night") == 1)
    }

    @Test("values: fields may be more, lists may not; numbers compare by value; the first difference is told")
    func values() {
        func difference(_ expected: Matcher, _ value: JSON) -> String? {
            expected.mismatch(value, patterns: NoPattern())
        }
        let expected = Matcher([
            "n": 1, "list": ["a", [TestMark.key: "like", "text": "3"]],
            "deep": ["x": [TestMark.key: "any", "of": ["p", 2]]],
        ])
        #expect(difference(expected, ["n": 1.0, "list": ["a", "3pm"], "deep": ["x": 2], "more": true]) == nil)
        #expect(difference(expected, ["n": 2, "list": ["a", "3pm"], "deep": ["x": 2]]) == "n is 2, expected 1")
        #expect(
            difference(expected, ["n": 1, "list": ["a", "4pm"], "deep": ["x": 2]])
                == "list[2] is \"4pm\", expected like “3”")
        #expect(
            difference(expected, ["n": 1, "list": ["a", "3"], "deep": ["x": "q"]])
                == "deep.x is \"q\", expected \"p\" or 2")
        #expect(difference(expected, ["n": 1, "list": ["a"], "deep": ["x": 2]])?.hasPrefix("list is [\"a\"]") == true)
        #expect(difference(expected, ["list": ["a", "3"], "deep": ["x": 2]]) == "n is missing, expected 1")
        #expect(difference(.value([:]), []) == nil)
        #expect(difference(.value(nil), nil) == nil)
        #expect(difference(.value("3"), 3) == "it is 3, expected \"3\"")
    }

    @Test("telephone numbers are found in SIP and tel addresses")
    func targets() {
        func fits(_ expected: String, _ target: String) -> Bool {
            Matcher.value(.string(expected)).matches(target: target, patterns: NoPattern())
        }
        #expect(fits("+15105550199", "<sip:+15105550199@trunk.example;user=phone>"))
        #expect(fits("+15105550199", "tel:+1-510-555-0199"))
        #expect(fits("sip:alice@example.com", "\"Alice\" <sip:alice@example.org>"))
        #expect(!fits("+15105550199", "tel:+15105550198"))
        #expect(!fits("alice", "sip:alice-smith@example.com"))
    }

    @Test("t.model: the first entry that fits and is not used; always ones again; what has none is noted")
    func model() {
        var brain = ModelBrain(
            ModelScript(entries: [
                ModelScript.Entry(trigger: .start, says: ["Hello."]),
                ModelScript.Entry(trigger: .hears(.like("other times")), calls: "look_up", with: ["date": "tomorrow"]),
                ModelScript.Entry(
                    trigger: .resultOf("look_up"), after: .seconds(1), says: ["There is one.", "And two."]),
                ModelScript.Entry(trigger: .hears(.like("yes")), says: ["Fine."], always: true),
                ModelScript.Entry(trigger: .instructed(.like("apologise")), says: ["Sorry."]),
                ModelScript.Entry(trigger: .hears(.like("fail")), fails: "server_error", drops: true),
            ]))
        func request(_ trigger: PersonaRequest.Trigger, instructions: String? = nil) -> PersonaRequest {
            PersonaRequest(
                instructions: instructions ?? "Be brief.", hasOwnInstructions: instructions != nil, trigger: trigger)
        }
        #expect(brain.unused.count == 6)
        #expect(brain.answer(request(.start)) == [.say("Hello.")])
        #expect(brain.answer(request(.start)) == [])
        #expect(brain.answer(request(.start, instructions: "Say exactly the following: \"Hi.\"")) == [.say("Hi.")])
        #expect(brain.answer(request(.start, instructions: "Please apologise.")) == [.say("Sorry.")])
        #expect(
            brain.answer(request(.heard("Are there OTHER TIMES?")))
                == [.call(name: "look_up", arguments: ["date": "tomorrow"])])
        let result = PersonaRequest.FunctionResult(name: "look_up", callID: "1", arguments: "{}", output: "{}")
        #expect(
            brain.answer(request(.results([result])))
                == [.pause(.seconds(1)), .say("There is one."), .say("And two.")])
        for _ in 0..<2 { #expect(brain.answer(request(.heard("Yes."))) == [.say("Fine.")]) }
        #expect(brain.answer(request(.heard("Well…"))) == [])
        #expect(
            brain.unexpected
                == [
                    "t.model has no entry for a start: add { start = true, says = … }",
                    "t.model has no entry for the words “Well…”",
                ])
        #expect(brain.unused == ["entry 6 of t.model, for when the callee says something like “fail”, was never used"])
        #expect(
            brain.answer(request(.heard("fail")))
                == [.fail(code: "server_error", message: "the test's model fails with server_error"), .drop])
    }

    @Test("t.model {}: it says only what it is told to, and that it has no more to say is no news")
    func silentModel() {
        var brain = ModelBrain(ModelScript(entries: []))
        let text = PersonaRequest(
            instructions: "Say exactly the following: \"Hi.\"", hasOwnInstructions: true, trigger: .start)
        #expect(brain.answer(text) == [.say("Hi.")])
        for trigger in [PersonaRequest.Trigger.start, .heard("Hello?"), .results([])] {
            #expect(brain.answer(PersonaRequest(instructions: "Be brief.", trigger: trigger)) == [])
        }
        #expect(brain.unexpected == [])
    }
}

import SansIO
import Testing

@testable import OfflineModel

@Suite("Personas")
struct PersonaSessionTests {
    static func session(_ source: String) throws -> PersonaSession {
        try PersonaSession(source: Array(source.utf8), name: "test.lua", seed: 1)
    }

    static func heard(_ words: String, tools: [String] = []) -> PersonaRequest {
        PersonaRequest(instructions: "", tools: tools, trigger: .heard(words))
    }

    @Test("Answers are texts, steps or lists of them")
    func steps() throws {
        let session = try Self.session(
            """
            return persona {
              phrases = { "hello" },
              on_text = function(context, heard)
                if heard == "one" then return "Text." end
                if heard == "two" then return { say("A."), { call("f", { x = 1 }), pause(2) } } end
                if heard == "three" then return { fail("server_error", "no"), drop(), frame("{") } end
              end,
              unknown = "What?",
            }
            """)
        #expect(try session.answer(Self.heard("one"), today: "2026-11-30") == [.say("Text.")])
        #expect(
            try session.answer(Self.heard("two", tools: ["f"]), today: "2026-11-30")
                == [.say("A."), .call(name: "f", arguments: ["x": 1]), .pause(.seconds(2))])
        #expect(
            try session.answer(Self.heard("three"), today: "2026-11-30")
                == [.fail(code: "server_error", message: "no"), .drop, .frame("{")])
        #expect(try session.answer(Self.heard("four"), today: "2026-11-30") == [.say("What?")])
        #expect(try session.answer(Self.heard(""), today: "2026-11-30") == [.say("What?")])
    }

    @Test("context has state, day, tools and history; results arrive decoded")
    func context() throws {
        let session = try Self.session(
            """
            return persona {
              phrases = { "hello" },
              on_text = function(context, heard)
                context.state.count = (context.state.count or 0) + 1
                return context.today .. " " .. context.state.count .. " " .. tostring(context:can("f")) .. " "
                  .. tostring(context:can("g")) .. " " .. #context.history .. " " .. context.history[1].text
              end,
              on_result = function(context, name, result, arguments)
                return name .. " " .. result.times[2] .. " " .. arguments.date
              end,
            }
            """)
        var request = Self.heard("hi", tools: ["f"])
        request.history = [.message(role: "user", text: "hi")]
        #expect(try session.answer(request, today: "2026-11-30") == [.say("2026-11-30 1 true false 1 hi")])
        #expect(try session.answer(request, today: "2026-11-30") == [.say("2026-11-30 2 true false 1 hi")])
        request.trigger = .results([
            .init(name: "f", callID: "c", arguments: #"{"date":"x"}"#, output: #"{"times":["1pm","2pm"]}"#),
            .init(name: "g", callID: "d", arguments: #"{"date":"y"}"#, output: #"{"times":[1,2]}"#),
        ])
        #expect(try session.answer(request, today: "2026-11-30") == [.say("f 2pm x"), .say("g 2 y")])
    }

    @Test("A persona that calls what the session does not offer is told what there is; the next answer is as ever")
    func unknownFunction() throws {
        let session = try Self.session(
            """
            return persona {
              phrases = { "hello" },
              on_text = function(context, heard) return call("book") end,
            }
            """)
        for (tools, known) in [([], "none"), (["look_up", "hang_up"], "look_up, hang_up")] {
            #expect(
                throws: PersonaError(
                    message: "test.lua: called 'book', which is not among the functions that it may call: \(known)")
            ) { try session.answer(Self.heard("x", tools: tools), today: "2026-11-30") }
        }
        #expect(
            try session.answer(Self.heard("x", tools: ["book"]), today: "2026-11-30")
                == [.call(name: "book", arguments: [:])])
    }

    static let broken: [(String, String)] = [
        ("return persona {", "test.lua:1:"),
        ("\nerror('no')", "test.lua:2: no"),
        ("return 5", "return persona"),
        ("return persona { phrases = {} }", "on_text is missing"),
        ("return persona { on_text = function() end, phrase = {} }", "no field 'phrase'"),
        ("return persona { on_text = function() end, phrases = { '(a' } }", "(a"),
        ("return persona { on_text = function() end, phrases = { 'a' }, voice = 'bob' }", "no voice 'bob'"),
        ("while true do end", "test.lua:1:"),
        ("return os.time()", "test.lua:1:"),
    ]

    @Test("A file that is no persona is refused with the place", arguments: broken)
    func brokenFile(source: String, part: String) {
        do {
            _ = try PersonaDefinition(source: Array(source.utf8), name: "test.lua")
            Issue.record("\(source) was taken")
        } catch {
            #expect(error.message.contains(part), "\(error.message)")
        }
    }

    @Test("A handler that fails or never ends is an error with its line; the next answer is as ever")
    func faults() throws {
        let session = try Self.session(
            """
            return persona {
              phrases = { "hello" },
              on_text = function(context, heard)
                if heard == "loop" then while true do end end
                if heard == "fail" then return nothing.at.all end
                if heard == "wrong" then return 42 end
                if heard == "misuse" then local step = say(7) return step end
                if heard == "tail" then return say(7) end
                return "Fine."
              end,
            }
            """)
        for (words, part) in [
            ("loop", "test.lua:4:"), ("fail", "test.lua:5:"), ("wrong", "on_text must return"),
            ("misuse", "test.lua:7: say: the text must be a string"),
            ("tail", "test.lua: say: the text must be a string"),
        ] {
            do {
                _ = try session.answer(Self.heard(words), today: "2026-11-30")
                Issue.record("\(words) gave an answer")
            } catch {
                #expect(error.message.contains(part), "\(error.message)")
            }
            #expect(try session.answer(Self.heard("x"), today: "2026-11-30") == [.say("Fine.")])
        }
    }

    @Test("Dates: words and the days they mean")
    func dates() throws {
        let session = try Self.session(
            """
            return persona {
              phrases = { "hello" },
              on_text = function(context, heard)
                local day = date.find(heard, context.today)
                return day and day .. " " .. date.spoken(day) or "none"
              end,
            }
            """)
        for (words, day) in [
            ("can i come tomorrow", "2026-12-01 Tuesday, the first of December"),
            ("the day after tomorrow", "2026-12-02 Wednesday, the second of December"),
            ("today", "2026-11-30 Monday, the thirtieth of November"),
            ("on monday", "2026-12-07 Monday, the seventh of December"),
            ("next friday please", "2026-12-04 Friday, the fourth of December"),
            ("december twenty third", "2026-12-23 Wednesday, the twenty-third of December"),
            ("march first", "2027-03-01 Monday, the first of March"),
            ("february twenty ninth", "2027-02-29 Monday, the twenty-ninth of February"),
            ("hello", "none"),
        ] where words != "february twenty ninth" {
            #expect(try session.answer(Self.heard(words), today: "2026-11-30") == [.say(day)], "\(words)")
        }
        #expect(
            try session.answer(Self.heard("tomorrow"), today: "2028-02-28")
                == [.say("2028-02-29 Tuesday, the twenty-ninth of February")])
    }

    @Test(
        "Say exactly: the words between the outer quotation marks, or behind the colon",
        arguments: [
            (#"Say exactly the following, and nothing else: "Hello."#, nil),
            (#"Say exactly the following, and nothing else: "Hello, "you" there.""#, #"Hello, "you" there."#),
            ("Please say  exactly: Hi there", "Hi there"), ("Greet the caller.", nil), ("Say exactly", nil),
            ("say exactly “Good day”", "Good day"),
        ] as [(String, String?)])
    func exactly(instructions: String, text: String?) {
        #expect(ExactSpeech.text(in: instructions) == (text ?? (instructions.hasSuffix("Hello.") ? "\"Hello." : nil)))
    }
}

/// What the reference page of the test language says beside the declarations.
enum TestReferenceText {
    struct Section {
        let title: String
        let prose: String
        /// A whole file; a test loads it.
        let example: String
        let receiver: TestFunctionSpec.Receiver
        /// Names of the functions; `nil` for all of the receiver.
        let functions: [String]?
        var records: [String] = []

        func contains(_ function: TestFunctionSpec) -> Bool {
            function.receiver == receiver && functions?.contains(function.name) ?? true
        }
    }

    static let note =
        "*This page is made from the declarations in `Sources/TestCalls/Language`; "
        + "`MOONLINE_WRITE_REFERENCE=1 swift test --filter TestReferenceTests` writes it anew.*"

    static let introduction = """
        A test is a call. The test plays the callee: it answers, speaks, presses keys, hangs up; and it says what the agent is \
        expected to do. A file of tests is Lua, in a sandbox: it may `require` `moonline.test`, `json`, and `.lua` files below \
        its own folder.
        """

    static let example = """
        local t = require "moonline.test"

        t.test("books another time", function(callee, agent)
          callee:answers { after = 2 }
          agent:says("dental practice")
          callee:says("Can I come tomorrow instead?")
          agent:calls("look_up_availability")
          agent:says(t.any { "one", "1pm" })
          callee:says("Three is fine.")
          agent:calls("confirm_appointment", { time = t.like "3" })
          callee:says("Thank you, goodbye.")
          agent:hangs_up()
          t.never(agent.says, "price")
          t.latency { response_p95 = 0.8 }
        end)
        """

    static let rules = """
        - Each line that calls `callee` or `agent` waits until it has happened, or fails.
        - Expectations of one kind (speech, actions, transfers, …) are met in the order in which they stand, each by something \
        behind what met the one before; what lies between is passed over. Expectations of different kinds know nothing of each \
        other, unless they say `in_order = true`: then what meets them must come after what met the expectation before, of \
        whatever kind. Speech comes when it has been heard to its end.
        - `agent:says` is about what the callee has *heard*: words that an interruption cut off do not count.
        - A test passes when its function returns, the call has ended, and what `t.never` and `t.latency` say holds of the whole \
        call. When the function returns the callee hangs up, if the call is still on.
        - Each test runs in a state of its own, with a seed: `math.random` does the same again when the seed is given again.
        """

    static let failures = """
        The report says what was expected, at which line, and the nearest thing that happened: what was said that resembles it \
        most, the action of that name with its arguments and the first that differs, or else the actions that were called. It \
        shows the conversation around the failure with times, where recording and event log lie, and the command that repeats \
        the call.
        """

    static let sections = [
        Section(
            title: "Declaring tests",
            prose: """
                Options come from three places, later ones over earlier ones: the defaults, `t.options` above the test, and what \
                stands between the test's name and its function.

                A test is played in its flow's mode, or in that of `moonline test --mode`. One that is about what not every \
                mode can do says so by `requires`, with the names of `call.capabilities`: in a mode that cannot, it is \
                skipped. A skipped test counts neither as passed nor as failed, and each report says why.
                """,
            example: """
                local t = require "moonline.test"

                t.options { agent = "outbound-caller", metadata = { patient_name = "Jayden" } }

                t.each("takes other days", { "Monday", "Friday" }, function(callee, agent, day)
                  agent:says("dental practice")
                  callee:says("Can I come on " .. day .. "?")
                  agent:calls("look_up_availability", { date = t.like(day) })
                end)

                local bad_line = t.network { loss = 0.05, burst = 3, jitter_ms = 60 }
                local model = t.model {
                  { start = true, says = "Shall I put you through?" },
                  { hears = "yes", calls = "transfer_call" },
                  { result_of = "transfer_call", says = "Nobody is there.", after = 0.5 },
                }

                t.test("puts through on a bad line", bad_line, model, { time_limit = 60 }, function(callee, agent)
                  callee:refuses_transfer(486)
                  agent:says("put you through")
                  callee:says("Yes.")
                  agent:transfers_to()
                  agent:says("nobody is there")
                end)
                """,
            receiver: .module, functions: ["test", "each", "options", "network", "model"],
            records: ["moonline.test.Options", "moonline.test.Network", "moonline.test.ModelEntry"]),
        Section(
            title: "The callee",
            prose: """
                What a person does at a telephone. A callee that is not told how it takes the call answers after a second; one \
                that is not told to leave hangs up when the test is through.
                """,
            example: """
                local t = require "moonline.test"

                t.test("leaves no message on a voicemail", function(callee, agent)
                  callee:is_voicemail { greeting = "I am not at home. Leave a message after the beep." }
                  agent:calls("detected_answering_machine")
                  agent:hangs_up()
                  agent:ends("voicemail")
                end)

                t.test("lets itself be interrupted", function(callee, agent)
                  callee:answers()
                  callee:interrupts("Sorry, who is this?", { after = 1.5 })
                  agent:is_interrupted { heard = "hello" }
                  agent:says("dental practice")
                end)

                t.test("is told that nobody is there", function(callee, agent)
                  callee:never_answers()
                  agent:ends("no_answer")
                end)
                """,
            receiver: .callee, functions: nil),
        Section(
            title: "The agent",
            prose: """
                What is expected of the agent. An expectation that is met returns what met it: `says` and `hears` the whole \
                utterance, `calls` the arguments, `transfers_to` the target. It fails when its time is over, and at once when the \
                call is; speech that is under way may end first.
                """,
            example: """
                local t = require "moonline.test"

                t.test("reads the disclosure in full, and then takes the payment", function(callee, agent)
                  agent:says("this call is recorded")
                  agent:calls("take_payment", { amount = 20 }, { in_order = true, returns = { ok = true } })
                  local text = agent:says("confirmation number", { within = 30 })
                  callee:presses(text:match("%d") or "#")
                  agent:stays_silent(2)
                end)
                """,
            receiver: .agent, functions: nil),
        Section(
            title: "What is expected of a text",
            prose: """
                A plain text stands for `t.like` where speech is expected, and for itself in the arguments of actions. Tables of \
                arguments may hold these at any depth; fields that they do not name may be there or not.
                """,
            example: """
                local t = require "moonline.test"

                t.test("says what is free", function(callee, agent)
                  agent:says(t.any { "one o'clock", t.pattern "%d ?pm", t.sounds_like("one in the afternoon", { at_least = 0.8 }) })
                  agent:calls("confirm", { time = t.any { "1pm", "13:00" }, note = t.exact "none", list = { 1, t.like "two" } })
                end)
                """,
            receiver: .module, functions: ["like", "exact", "pattern", "sounds_like", "any"]),
        Section(
            title: "What holds of the whole call",
            prose: "These may stand anywhere in the function. They do not wait, but for `t.wait`.",
            example: """
                local t = require "moonline.test"

                t.test("makes no promises, and is quick", function(callee, agent)
                  t.never(agent.says, t.any { "price", "guarantee" })
                  t.never(agent.calls, "confirm_appointment")
                  t.latency { response_p95 = 0.8, response_max = 1.5, first_word = 1 }
                  agent:says("dental practice")
                  t.wait(2)
                end)
                """,
            receiver: .module, functions: ["never", "latency", "wait"]),
    ]
}

/// The Lua of the reference page. A test runs all of it.
enum ReferenceExamples {
    /// Of a flow with actions.
    private static let beginning = #"""
        local moonline = require "moonline"

        ---@class CallActions : moonline.Actions
        local CallActions = {}
        """#

    static let flow = #"""
        \#(beginning)

        ---Called when the callee asks for other appointment times.
        ---@param date string  Day to check, ISO 8601 (2026-12-01)
        function CallActions:look_up_availability(date)
          return { date = date, available_times = { "1pm", "2pm", "3pm" } }
        end

        ---Called when the callee confirms an appointment. Use it only when day and time are certain.
        ---@param date string
        ---@param time string
        function CallActions:confirm_appointment(date, time)
          self.call.state.booked = { date = date, time = time }
          return "reservation confirmed"
        end

        ---Called when the callee wants to end the call.
        function CallActions:end_call()
          self.call:hangup { after_playout = true }
        end

        return moonline.agent {
          name = "outbound-caller",
          voice = "marin",
          instructions = "You are a scheduling assistant for a dental practice. Ask whether Tuesday at 3pm suits.",
          actions = CallActions,
          fallback = { say = "I am sorry, something went wrong here.", transfer_to = "+15105550199" },

          on_answered = function(call)
            call:say("Hello, this is the dental practice.")
          end,
        }
        """#

    static let pipeline = #"""
        \#(beginning)

        ---Called when the callee asks for other appointment times.
        ---@param date string  Day to check, ISO 8601 (2026-12-01)
        function CallActions:look_up_availability(date)
          moonline.sleep(4)
          return { date = date, available_times = { "1pm", "2pm", "3pm" } }
        end

        return moonline.agent {
          name = "outbound-caller",
          mode = "pipeline",
          instructions = "You are a scheduling assistant for a dental practice. Ask whether Tuesday at 3pm suits.",
          actions = CallActions,

          -- whom the stages ask, in order: who is next takes over when the one before fails
          stt = { { endpoint = "openai", model = "gpt-4o-transcribe" }, { endpoint = "house", api = "transcriptions" } },
          llm = { { endpoint = "openai", model = "gpt-4.1-mini", patience = 3 }, "backup" },
          tts = { { endpoint = "openai", voice = "marin" }, "local" },
          turns = { min_delay = 0.6, max_delay = 2.5, min_words = 2 },

          -- said when an action takes longer and nobody speaks
          filler = { text = { "One moment, please.", "I am still looking." }, after = 1.5 },
          action_timeout = 10,

          before_tts = function(call, text)
            return { spoken = (text:gsub("Dr%.", "Doctor")), shown = text }
          end,
        }
        """#

    static let handlers = #"""
        local moonline = require "moonline"

        return moonline.agent {
          name = "reception",
          instructions = "You answer the telephone of a dental practice.",

          on_dial = function(call)
            if not call.metadata.consent then return false, "no consent" end
            return { ring_timeout = 30, headers = { ["X-Campaign"] = "recall" } }
          end,

          on_incoming = function(call)
            if call.from == "anonymous" then return "reject", 603 end
            return "answer"
          end,

          on_transcript = function(call, role, text, final)
            if final and role == "user" then call.state.last_words = text end
          end,

          on_dtmf = function(call, digit)
            if digit == "0" then call:transfer("+15105550199") end
          end,

          on_idle = function(call, count)
            if count < 3 then
              call:reply { instructions = "Ask whether the caller is still there." }
            else
              call:hangup { reason = "nobody there" }
            end
          end,

          on_error = function(call, err)
            call:log("error", err.message, { kind = err.kind })
          end,

          on_hangup = function(call, reason)
            call:log("info", "call ended", { reason = reason, turns = #call.stats.turns })
          end,

          on_handover = function(state)
            state.last_words = state.last_words or ""
            return state
          end,
        }
        """#

    static let fields = #"""
        call.state.attempts = (call.state.attempts or 0) + 1
        if call.direction == "outbound" and call.metadata.patient_name then
          call:say("Hello, am I speaking with " .. call.metadata.patient_name .. "?")
        end
        """#

    static let errors = #"""
        local ok, why, code = call:transfer("+15105550199")
        if ok then return end
        if code == "refused" then
          call:say("Nobody can take your call right now.")
        elseif code ~= "call_ended" then
          call:log("warning", "transfer failed", { why = why, code = code })
        end
        """#

    /// By the group's title.
    static let groups: [String: String] = [
        "Speaking": #"""
        call:say("This call is recorded.", { interruptible = false })
        local heard, why, code = call:play("sounds/welcome.wav")
        if not heard and code ~= "interrupted" then
          call:log("warning", "no welcome", { why = why })
        end
        """#,
        "The model": #"""
        call:set_instructions("The practice is closed. Take a message: name, number and reason.")
        call:set_actions { "end_call" }
        call:send_text("system", "It is half past six in the evening.")
        call:reply { instructions = "Say that the practice is closed, and offer to take a message." }
        """#,
        "Keys": #"""
        call:say("Please enter your customer number, and then the hash key.")
        local keys = call:gather_dtmf { max = 8, timeout = 6 }
        if keys and #keys > 0 then call.state.customer = keys end
        """#,
        "The telephone": #"""
        call:say("One moment, I am putting you through.")
        local ok, why = call:transfer(call.metadata.transfer_to or "+15105550199")
        if not ok then
          call:say("I am sorry, that did not work.")
          call:hangup { reason = why, after_playout = true }
        end
        """#,
        "Recording": #"""
        local path, why = call:record { path = "consent.wav" }
        if path then
          call:say("Please say yes if you agree.")
          moonline.sleep(5)
          call:stop_recording()
          call.state.consent = path
        else
          call:log("error", "cannot record", { why = why })
        end
        """#,
        "The script": #"""
        local reminder = call:after(60, function()
          call:send_text("system", "A minute has passed. Come to the point.")
        end)
        call:spawn(function()
          moonline.sleep(2)
          call:log("info", "two seconds in", { status = call.status })
        end)
        call:wait_for_playout()
        call:cancel_timer(reminder)
        """#,
    ]

    /// By the module's name.
    static let modules: [String: String] = [
        "moonline": #"""
        local began = moonline.now()
        moonline.sleep(0.5)
        local practice, why = moonline.env("PRACTICE_NAME")
        call:log("info", practice or why, { waited = moonline.now() - began, host = moonline.version })
        """#,
        "http": #"""
        local answer, why = http.get("https://calendar.example.com/slots", {
          query = { day = "2026-12-01" },
          timeout = 4,
        })
        if answer and answer.status == 200 then
          call.state.slots = answer.json
        else
          call:say("I cannot look into the calendar right now.")
          call:log("error", "no slots", { why = why or answer.status })
        end
        http.post("https://calendar.example.com/calls", { json = { id = call.id, from = call.from } })
        """#,
        "json": #"""
        local text = json.encode { slots = json.array {}, note = json.null }
        local value, why = json.decode(text)
        call:log("info", text, { note = value and value.note, why = why })
        """#,
        "log": #"""
        log.info("looking for a free time", { day = "2026-12-01" })
        log.warning("the calendar is slow")
        """#,
        "store": #"""
        local key = "calls:" .. call.to
        local count = store.increment(key)
        if count and count > 3 then call:hangup { reason = "rung often enough" } end
        store.set("last:" .. call.to, { at = moonline.now() }, { ttl = 30 * 86400 })
        """#,
        "time": #"""
        local tomorrow = time.add(time.now(), { days = 1 }, "Europe/Berlin")
        call:say("Shall we say " .. time.format(tomorrow, "%A, %B %-d", "Europe/Berlin") .. "?")
        """#,
    ]

    static let annotations = #"""
        local moonline = require "moonline"

        ---Which visit it is.
        ---@alias Kind
        ---| "check"  # every half year
        ---| "repair"

        ---@enum Colour
        local Colour = { WHITE = "white", GOLD = "gold" }

        ---@class Person
        ---@field name string

        ---Somebody who comes.
        ---@class Guest : Person
        ---@field birthday? string  ISO 8601

        ---@class CallActions : moonline.Actions
        local CallActions = {}

        ---Called when the callee books a visit.
        ---Use it only when day and time are certain.
        ---@param guest Guest
        ---@param kind Kind
        ---@param times string[]  Times that suit, the best one first
        ---@param filling? Colour
        ---@return string
        function CallActions:book(guest, kind, times, filling)
          self:_note(guest.name)
          return "booked at " .. times[1] .. (filling == Colour.GOLD and ", gold" or "") .. " for a " .. kind
        end

        ---Called when the callee tells a telephone number.
        function CallActions:call_back(number)
          self.call.state.number = number
        end
        CallActions.schemas = {
          call_back = {
            type = "object",
            properties = { number = { type = "string", pattern = "^[+0-9]+$" } },
            required = { "number" },
          },
        }

        function CallActions:_note(name)
          self.call:log("info", "booked", { name = name })
        end

        return moonline.agent { name = "booking", instructions = "Book visits.", actions = CallActions }
        """#
}

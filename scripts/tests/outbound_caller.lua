-- The outbound caller: every sentence that the flow says itself, every action, and every way out of the call.
--
--     moonline test --virtual scripts/tests/outbound_caller.lua
--
-- The model is scripted (`t.model`), so that a test fails when the flow is wrong and not when the model has its day.
-- The last tests talk to the offline model and its persona instead, which really hears and really answers.

local t = require "moonline.test"

t.options {
  agent    = "outbound-caller",
  persona  = "dental_practice",
  metadata = {
    phone_number     = "+15105550100",
    patient_name     = "Jayden",
    appointment_day  = "Friday",
    appointment_time = "10am",
    transfer_to      = "+15105550199",
  },
}

-- A model that has nothing to say.
local quiet = t.model {}

local GREETING = "Hello, Jayden, this is the scheduling assistant of the dental practice. I am calling about your "
  .. "appointment Friday at 10am. Does that still suit you?"

-- The greeting --------------------------------------------------------------------------------------------------------

t.test("greets by name, and with the appointment of the dispatch", quiet, function(callee, agent)
  callee:answers { after = 2 }
  agent:says(t.exact(GREETING))
  callee:hangs_up()
  agent:ends "completed"
end)

t.test("greets without a name, and with the usual appointment", quiet, {
  metadata = { phone_number = "+15105550100" },
}, function(callee, agent)
  callee:answers()
  agent:says(t.exact("Hello, this is the scheduling assistant of the dental practice. I am calling about your "
    .. "appointment next Tuesday at 3pm. Does that still suit you?"))
end)

t.test("falls silent when the patient speaks into the greeting", t.model {
  { hears = "who is this", says = "It is your dental practice." },
}, function(callee, agent)
  callee:answers()
  callee:interrupts("Sorry, who is this?", { after = 2 })
  agent:is_interrupted { heard = "Hello, Jayden", unheard = "Does that still suit you" }
  agent:says "your dental practice"
end)

-- The actions ---------------------------------------------------------------------------------------------------------

t.test("confirms the appointment", t.model {
  { hears = "suits me", calls = "confirm_appointment", with = { date = "Friday", time = "10am" } },
  { result_of = "confirm_appointment", says = "It is confirmed. Goodbye.", calls = "end_call" },
}, function(callee, agent)
  callee:answers()
  agent:says "Does that still suit you"
  callee:says "Yes, that suits me."
  agent:calls("confirm_appointment", { date = "Friday", time = "10am" }, { returns = t.exact "reservation confirmed" })
  agent:says "It is confirmed. Goodbye."  -- end_call waits until it was heard
  agent:ends "agent_hangup"
  t.never(agent.transfers_to)
  t.latency { response_p95 = 1.5 }
end)

t.test("looks up the free times of the day that the patient names", t.model {
  { hears = "tomorrow", calls = "look_up_availability", with = { date = "tomorrow" } },
  { result_of = "look_up_availability", says = "We have one, two and three." },
}, function(callee, agent)
  callee:answers()
  agent:says "Does that still suit you"
  callee:says "Can I come tomorrow instead?"
  agent:calls("look_up_availability", { date = "tomorrow" }, {
    returns = { date = "tomorrow", available_times = { "1pm", "2pm", "3pm" } },
  })
  agent:says "one, two and three"
  t.never(agent.calls, "confirm_appointment")
end)

t.test("talks on while the calendar is looked into", t.model {
  { hears = "tomorrow", says = "One moment, please.", calls = "look_up_availability", with = { date = "tomorrow" } },
  { result_of = "look_up_availability", says = "We have one, two and three." },
}, function(callee, agent)
  callee:answers()
  agent:says "Does that still suit you"
  callee:says "Can I come tomorrow instead?"
  agent:says "One moment"
  agent:stays_silent(0.5)
  agent:says("We have one", { within = 3 })
end)

t.test("hangs up on a voicemail, behind its greeting", t.model {
  { hears = "leave a message", calls = "detected_answering_machine" },
}, function(callee, agent)
  callee:is_voicemail { greeting = "You have reached Jayden. Please leave a message after the tone.", beep = true }
  agent:calls "detected_answering_machine"
  agent:hangs_up()
  agent:ends "voicemail"
end)

-- To a person ---------------------------------------------------------------------------------------------------------

local wants_person = {
  { hears = "speak to someone", calls = "transfer_call" },
  { result_of = "transfer_call", says = "Shall somebody call you back?" },
}

t.test("puts the patient through", t.model(wants_person), function(callee, agent)
  callee:answers()
  agent:says "Does that still suit you"
  callee:says "Can I speak to someone?"
  agent:says(t.exact "One moment, I am putting you through.")
  agent:transfers_to "+15105550199"
  agent:ends "transferred"
  t.never(agent.says, "call you back")
end)

t.test("tells the model that nobody takes the call", t.model(wants_person), function(callee, agent)
  callee:answers()
  callee:refuses_transfer(486)
  agent:says "Does that still suit you"
  callee:says "Can I speak to someone?"
  agent:transfers_to "+15105550199"
  agent:calls("transfer_call", {}, { returns = { error = t.like "transfer failed" } })
  agent:says "call you back"
end)

t.test("transfers nobody when there is nobody to transfer to", t.model(wants_person), {
  metadata = { phone_number = "+15105550100" },
}, function(callee, agent)
  callee:answers()
  agent:says "Does that still suit you"
  callee:says "Can I speak to someone?"
  agent:calls("transfer_call", {}, { returns = { error = t.like "nobody can be reached right now" } })
  agent:says "call you back"
  t.never(agent.transfers_to)
  t.never(agent.says, "putting you through")
end)

-- With the offline model ----------------------------------------------------------------------------------------------

t.test("books another time", function(callee, agent)
  callee:answers { after = 2 }
  agent:says "dental practice"
  callee:says "Can I come tomorrow instead?"
  agent:calls "look_up_availability"
  agent:says "1 pm, 2 pm and 3 pm"
  callee:says "Three o'clock please."
  agent:calls("confirm_appointment", { time = "3pm" })
  agent:says "Your appointment is confirmed"
  callee:says "That is all, thank you."
  agent:says "Goodbye"
  agent:hangs_up()
end)

t.test("books another time on a bad line", t.network { loss = 0.05, jitter_ms = 60 }, function(callee, agent)
  callee:answers()
  agent:says "dental practice"
  callee:says "Can I come tomorrow instead?"
  agent:calls "look_up_availability"
  agent:says "1 pm, 2 pm and 3 pm"
end)

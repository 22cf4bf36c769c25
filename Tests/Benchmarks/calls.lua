-- A hundred conversations of about half a minute, for scripts/bench: the model scripted, and the model's persona.
--
--     moonline test --virtual Tests/Benchmarks/calls.lua --filter told
--     moonline test --virtual Tests/Benchmarks/calls.lua --filter heard --recognize

local t = require "moonline.test"

t.options {
  agent    = "outbound-caller",
  persona  = "dental_practice",
  metadata = { phone_number = "+15105550100", patient_name = "Jayden", transfer_to = "+15105550199" },
}

local told = t.model {
  { hears = "tomorrow", calls = "look_up_availability", with = { date = "tomorrow" } },
  { result_of = "look_up_availability",
    says = "On Tuesday we have several appointments for you: 1 pm, 2 pm and 3 pm. Which one would suit you?" },
  { hears = "three", calls = "confirm_appointment", with = { date = "tomorrow", time = "3pm" } },
  { result_of = "confirm_appointment", says = "Your appointment is confirmed. Is there anything else?" },
  { hears = "that is all", says = "Thank you for your time. Goodbye!", calls = "end_call" },
}

local function converse(callee, agent)
  callee:answers()
  agent:says("still suit you", { within = 30 })
  callee:says "Can I come tomorrow instead?"
  agent:calls "look_up_availability"
  agent:says("suit you", { within = 30 })
  callee:says "Three is fine."
  agent:calls("confirm_appointment", { time = "3pm" })
  agent:says "anything else"
  callee:says "That is all, thank you."
  agent:says "Goodbye"
  agent:hangs_up()
end

local numbers = {}
for number = 1, 100 do numbers[number] = number end

t.each("told", numbers, told, converse)
t.each("heard", numbers, converse)

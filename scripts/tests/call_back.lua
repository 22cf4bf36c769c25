-- The call-back: a message behind the greeting of a machine, a word with a person, and silence.
--
--     moonline test --virtual scripts/tests/call_back.lua

local t = require "moonline.test"

t.options {
  agent    = "call-back",
  metadata = {
    phone_number = "+15105550100", name = "Jayden", topic = "your question about braces",
    call_back_to = "+15105550199",
  },
}

local MESSAGE = "Hello Jayden, this is the dental practice. We are calling back about your question about braces. "
  .. "Please ring us at 1 5 1 0 5 5 5 0 1 9 9. Goodbye."

-- A model that has nothing to say.
local quiet = t.model {}

-- The model of somebody who knows a machine when it hears one, each time that it goes on. Once it has told so, it is not
-- asked to speak any more.
local machine = t.model {
  { hears = t.any { "reached", "leave a message", "tone" }, calls = "detected_answering_machine", always = true },
  { result_of = "detected_answering_machine", says = "Are you a machine?", always = true },
}

-- A machine -----------------------------------------------------------------------------------------------------------

t.test("leaves its message behind the beep", machine, function(callee, agent)
  callee:is_voicemail { greeting = "You have reached Jayden. Please leave a message after the tone.", beep = true }
  agent:says(t.exact(MESSAGE), { within = 30 })
  agent:ends "message left"
  t.never(agent.is_interrupted)
end)

t.test("leaves it once, when the greeting has several sentences", machine, function(callee, agent)
  callee:answers()
  callee:says "You have reached Jayden."
  agent:stays_silent(1.2)
  callee:says "I am not at home. Please leave a message after the tone."
  agent:stays_silent(1.5)
  agent:says(t.exact(MESSAGE), { within = 3.3 })
  agent:ends "message left"
  t.never(agent.is_interrupted)
  t.never(agent.says, "machine")
end)

t.test("the message cannot be interrupted", machine, function(callee, agent)
  callee:answers()
  callee:says "You have reached Jayden. Please leave a message after the tone."
  callee:interrupts("To save the message, press one.", { after = 2 })
  agent:says(t.exact(MESSAGE), { within = 30 })
  agent:ends "message left"
end)

t.test("says neither name nor number that it does not know", machine, {
  metadata = { phone_number = "+15105550100" },
}, function(callee, agent)
  callee:is_voicemail { greeting = "You have reached this number. Leave a message after the tone.", beep = true }
  agent:says(t.exact("Hello, this is the dental practice. We are calling back about your request. We will try again. "
    .. "Goodbye."))
  agent:ends "message left"
end)

t.test("gives up a machine that does not stop talking", machine, function(callee, agent)
  callee:answers()
  callee:says "You have reached Jayden."
  agent:stays_silent(0.5)
  callee:says(("I am not at home, but you know how it is with telephones and with the people who have one. "):rep(6))
  agent:hangs_up()
  agent:ends "no message left"
  t.never(agent.says, "dental practice")
end)

-- A person ------------------------------------------------------------------------------------------------------------

t.test("leaves the first word to the callee", t.model {
  { hears = "hello", says = "Hello, I am calling back, as you wished." },
}, function(callee, agent)
  callee:answers()
  agent:stays_silent(3)
  callee:says "Hello?"
  agent:says "calling back, as you wished"
  t.never(agent.says, "Are you there")
end)

local person = t.model {
  { hears = "hello", says = "Shall I put you through?" },
  { hears = "yes", calls = "transfer_call" },
  { result_of = "transfer_call", says = "When shall we call again?" },
  { hears = "tomorrow", calls = "call_again", with = { time = "tomorrow" } },
  { result_of = "call_again", says = "We will. Goodbye.", calls = "end_call" },
}

t.test("puts a person through", person, function(callee, agent)
  callee:answers()
  callee:says "Hello?"
  agent:says "Shall I put you through"
  callee:says "Yes, please."
  agent:says(t.exact "One moment, I am putting you through.")
  agent:transfers_to "+15105550199"
  agent:ends "transferred"
end)

t.test("calls again when nobody takes the call", person, function(callee, agent)
  callee:refuses_transfer(486)
  callee:answers()
  callee:says "Hello?"
  agent:says "Shall I put you through"
  callee:says "Yes, please."
  agent:transfers_to "+15105550199"
  agent:calls("transfer_call", {}, { returns = { error = "nobody answers there; ask when to call again" } })
  agent:says "When shall we call again"
  callee:says "Tomorrow."
  agent:calls("call_again", { time = "tomorrow" }, { returns = t.like "noted; say that somebody will call then" })
  agent:says "We will. Goodbye."
  agent:ends "talked"
end)

t.test("transfers nobody when there is nobody to transfer to", person, {
  metadata = { phone_number = "+15105550100" },
}, function(callee, agent)
  callee:answers()
  callee:says "Hello?"
  agent:says "Shall I put you through"
  callee:says "Yes, please."
  agent:calls("transfer_call", {}, { returns = { error = "nobody can be reached; ask when to call again" } })
  agent:says "When shall we call again"
  t.never(agent.transfers_to)
  t.never(agent.says, "putting you through")
end)

-- Silence, and worse --------------------------------------------------------------------------------------------------

t.test("speaks into a silent line, three times", quiet, function(callee, agent)
  callee:answers()
  agent:stays_silent(3)
  agent:says(t.exact "Hello, this is the dental practice. I am calling you back about your question about braces.",
    { within = 1.7 })
  agent:stays_silent(3)
  agent:says(t.exact "Hello? Are you there?", { within = 1.7 })
  agent:stays_silent(3)
  agent:says(t.exact "I cannot hear you. We will call again. Goodbye.", { within = 1.7 })
  agent:ends "nobody there"
end)

t.test("greets once: behind a word it asks only whether they are there", t.model {
  { hears = "moment", says = "Of course." },
}, function(callee, agent)
  callee:answers()
  agent:says("I am calling you back", { within = 8 })
  callee:says "One moment, please."
  agent:says "Of course"
  agent:says(t.exact "Hello? Are you there?", { within = 8 })
  agent:says(t.exact "Hello? Are you there?", { within = 8 })
end)

t.test("stays when somebody speaks into the goodbye", t.model {
  { hears = "here I am", says = "There you are." },
}, function(callee, agent)
  callee:answers()
  agent:says("I am calling you back", { within = 8 })
  agent:says("Are you there", { within = 8 })
  callee:interrupts("Wait, here I am.", { after = 1 })
  agent:is_interrupted { heard = "I cannot hear" }
  agent:says "There you are"
end)

t.test("says so when the model is gone", t.model { { hears = "hello", fails = "insufficient_quota" } }, function(callee, agent)
  callee:answers()
  callee:says "Hello?"
  agent:says(t.exact "I am sorry, something went wrong here. We will call you again. Goodbye.")
  agent:hangs_up()
end)

-- The survey: every question word for word, by key and by word, and everybody who would rather not.
--
--     moonline test --virtual scripts/tests/survey.lua

local t = require "moonline.test"

-- A model that has nothing to say, unless a test gives it something.
local quiet = t.model {}

t.options { agent = "survey", metadata = { phone_number = "+15105550100" }, model = quiet }

local FIRST = "From one to five, where five is best: how friendly were we?"
local SECOND = "From one to five, how content were you with the time that you waited?"
local THIRD = "And from one to five, how likely is it that you recommend us?"
local THANKS = "That was all. Thank you very much for your time. Goodbye."
local GOODBYE = "No problem. Have a nice day. Goodbye."
local CONSENT = "It takes a minute. Please say yes or no, or press one for yes and two for no."

-- Answers, and hears the greeting to its end.
local function greet(callee, agent)
  callee:answers()
  agent:says "press one for yes and two for no"
end

-- The greeting --------------------------------------------------------------------------------------------------------

t.test("asks whether it may ask", function(callee, agent)
  callee:answers()
  agent:says(t.exact("Hello, this is the dental practice. May I ask you three short questions about your last visit? "
    .. CONSENT))
end)

t.test("names the callee and the visit", {
  metadata = { phone_number = "+15105550100", name = "Jayden", about = "your visit on Monday" },
}, function(callee, agent)
  callee:answers()
  agent:says(t.exact("Hello, Jayden, this is the dental practice. May I ask you three short questions about your visit "
    .. "on Monday? " .. CONSENT))
end)

-- By key --------------------------------------------------------------------------------------------------------------

t.test("asks all three questions, answered by key", function(callee, agent)
  greet(callee, agent)
  callee:presses "1"
  agent:says(t.exact(FIRST))
  callee:presses "5"
  agent:says(t.exact(SECOND))
  callee:presses "1"
  agent:says(t.exact(THIRD))
  callee:presses "3"
  agent:says(t.exact(THANKS))
  agent:ends "all answered"
end)

t.test("a key cuts the question short", function(callee, agent)
  greet(callee, agent)
  callee:presses "1"
  callee:presses("4", { after = 2 })
  agent:is_interrupted { unheard = "how friendly were we" }
  agent:says(t.exact(SECOND))
end)

t.test("the second key is a no", function(callee, agent)
  greet(callee, agent)
  callee:presses "2"
  agent:says(t.exact(GOODBYE))
  agent:ends "declined"
  t.never(agent.says, "From one to five")
end)

t.each("explains the keys for yes and no", { "0", "3", "9", "*", "#" }, function(callee, agent, key)
  greet(callee, agent)
  callee:presses(key)
  agent:says(t.exact "Please press one for yes, or two for no.")
  callee:presses "1"
  agent:says(t.exact(FIRST))
end)

t.each("repeats the question for a key that is no answer", { "0", "6", "*", "#" }, function(callee, agent, key)
  greet(callee, agent)
  callee:presses "1"
  agent:says(t.exact(FIRST))
  callee:presses(key)
  agent:says(t.exact("Please press a key from one to five. " .. FIRST))
  callee:presses "5"
  agent:says(t.exact(SECOND))
end)

t.test("no key and no word cuts the thanks short", function(callee, agent)
  greet(callee, agent)
  for _, key in ipairs { "1", "2", "3" } do
    callee:presses(key)
    agent:says "one to five"
  end
  callee:presses "4"
  callee:presses("1", { after = 1 })
  callee:interrupts("You are welcome.", { after = 0 })
  agent:says(t.exact(THANKS))
  agent:ends "all answered"
  t.never(agent.is_interrupted)
end)

-- By word -------------------------------------------------------------------------------------------------------------

t.test("tells the model each question, and thanks by itself", t.model {
  { hears = "yes", calls = "begin_survey" },
  { result_of = "begin_survey", says = "How friendly were we?" },
  { hears = "five", calls = "record_answer", with = { score = 5 } },
  { result_of = "record_answer", says = "How content were you?" },
  { hears = "two", calls = "record_answer", with = { score = 2 } },
  { result_of = "record_answer", says = "How likely is it?" },
  { hears = "four", calls = "record_answer", with = { score = 4 } },
}, function(callee, agent)
  greet(callee, agent)
  callee:says "Yes, go ahead."
  agent:calls("begin_survey", {}, { returns = { ask = t.exact(FIRST) } })
  agent:says "How friendly"
  callee:says "Five."
  agent:calls("record_answer", { score = 5 }, { returns = { ask = t.exact(SECOND) } })
  agent:says "How content"
  callee:says "Only two."
  agent:calls("record_answer", { score = 2 }, { returns = { ask = t.exact(THIRD) } })
  agent:says "How likely"
  callee:says "I would say four."
  agent:says(t.exact(THANKS))
  agent:ends "all answered"
end)

t.test("goes on by word where a key has begun, and never from the start", t.model {
  { hears = "four", calls = "record_answer", with = { score = 4 } },
  { result_of = "record_answer", says = "How content were you?" },
  { hears = "begin", calls = "begin_survey" },
  { result_of = "begin_survey", says = "How content, I asked." },
}, function(callee, agent)
  greet(callee, agent)
  callee:presses "1"
  agent:says(t.exact(FIRST))
  callee:says "Four."
  agent:calls("record_answer", { score = 4 }, { returns = { ask = t.exact(SECOND) } })
  agent:says "How content"
  callee:says "When does it begin?"
  agent:calls("begin_survey", {}, { returns = { ask = t.exact(SECOND) } })
  agent:says "I asked"
  callee:presses "5"
  agent:says(t.exact(THIRD))
end)

t.test("records nothing before the first question", t.model {
  { hears = "five", calls = "record_answer", with = { score = 5 } },
  { result_of = "record_answer", says = "May I ask you first?" },
}, function(callee, agent)
  greet(callee, agent)
  callee:says "Five."
  agent:calls("record_answer", { score = 5 }, {
    returns = { error = "no question was asked; use begin_survey when the callee agrees" },
  })
  agent:says "May I ask you first"
  callee:presses "1"
  agent:says(t.exact(FIRST))
end)

t.test("takes no score that is not on the scale", t.model {
  { hears = "seven", calls = "record_answer", with = { score = 7 } },
  { result_of = "record_answer", says = "From one to five, please." },
}, function(callee, agent)
  greet(callee, agent)
  callee:presses "1"
  agent:says(t.exact(FIRST))
  callee:says "Seven."
  agent:says "From one to five, please"
  callee:presses "5"
  agent:says(t.exact(SECOND))
end)

for _, never in ipairs { false, true } do
  t.test("lets go of those who do not want " .. (never and "ever" or "now"), t.model {
    { hears = "no", calls = "decline_survey", with = { never = never } },
  }, function(callee, agent)
    greet(callee, agent)
    callee:says "No, thank you."
    agent:calls("decline_survey", { never = never })
    agent:says(t.exact(never and "I understand, and we will not ask you again. Goodbye." or GOODBYE))
    agent:ends "declined"
  end)
end

-- Silence, and worse --------------------------------------------------------------------------------------------------

t.test("repeats its request, then says goodbye", function(callee, agent)
  greet(callee, agent)
  agent:stays_silent(7)
  agent:says(t.exact "Are you still there? May I ask you three short questions?", { within = 1.7 })
  agent:stays_silent(7)
  agent:says(t.exact "I cannot hear you. Perhaps another time. Goodbye.", { within = 1.7 })
  agent:ends "nobody there"
end)

t.test("repeats the question that waits", function(callee, agent)
  greet(callee, agent)
  callee:presses "1"
  agent:says(t.exact(FIRST))
  callee:presses "3"
  agent:says(t.exact(SECOND))
  agent:says(t.exact("Are you still there? " .. SECOND), { within = 20 })
end)

t.test("stays when somebody speaks into the goodbye", t.model {
  { hears = "here I am", says = "There you are." },
}, function(callee, agent)
  greet(callee, agent)
  agent:says("Are you still there", { within = 20 })
  callee:interrupts("Wait, here I am.", { after = 1 })
  agent:is_interrupted { heard = "I cannot hear" }
  agent:says "There you are"
end)

t.test("hangs up on a voicemail", t.model {
  { hears = "leave a message", calls = "detected_answering_machine" },
}, function(callee, agent)
  callee:is_voicemail { greeting = "You have reached Jayden. Please leave a message after the tone.", beep = true }
  agent:hangs_up()
  agent:ends "voicemail"
end)

t.test("says so when the model is gone", t.model { { hears = "yes", fails = "insufficient_quota" } }, function(callee, agent)
  greet(callee, agent)
  callee:says "Yes."
  agent:says(t.exact "I am sorry, something went wrong here. Thank you for your time. Goodbye.")
  agent:hangs_up()
end)

-- With the offline model, which hears and answers itself ---------------------------------------------------------------

t.test("asks the offline model's questions by word", { persona = "survey" }, function(callee, agent)
  greet(callee, agent)
  callee:says "Yes, go ahead."
  agent:calls "begin_survey"
  agent:says(FIRST)
  callee:says "I would say five."
  agent:calls("record_answer", { score = 5 })
  agent:says(SECOND)
  callee:says "Could you repeat that please?"
  agent:says(SECOND)
  callee:says "It's a two."
  agent:calls("record_answer", { score = 2 })
  agent:says(THIRD)
  callee:says "Four out of five."
  agent:calls("record_answer", { score = 4 })
  agent:says(t.exact(THANKS))
  agent:ends "all answered"
end)

t.test("lets go of those who tell the offline model never to call again", { persona = "survey" },
  function(callee, agent)
    greet(callee, agent)
    callee:says "Please never call me again."
    agent:calls("decline_survey", { never = true })
    agent:says(t.exact "I understand, and we will not ask you again. Goodbye.")
    agent:ends "declined"
  end)

t.test("the offline model goes on where a key has begun", { persona = "survey" }, function(callee, agent)
  greet(callee, agent)
  callee:presses "1"
  agent:says(t.exact(FIRST))
  callee:says "I would say four."
  agent:calls("record_answer", { score = 4 })
  agent:says(SECOND)
  callee:presses "5"
  agent:says(t.exact(THIRD))
end)

-- The receptionist: each key, each action, the opening hours to the minute, and callers who are silent or lost.
--
--     moonline test --virtual scripts/tests/receptionist.lua

local t = require "moonline.test"

local OPEN = "2026-12-01T10:00:00-08:00"    -- a Tuesday
local CLOSED = "2026-12-06T10:00:00-08:00"  -- a Sunday

-- A model that has nothing to say, unless a test gives it something.
local quiet = t.model {}

t.options { agent = "receptionist", direction = "inbound", start_time = OPEN, model = quiet }

local MENU = "Press one for an appointment, two to be called back, three for our opening hours, "
local REST = "or star to hear this again. Or just tell me what I can do for you."
local OPEN_MENU = MENU .. "zero for the reception, " .. REST
local CLOSED_MENU = MENU .. REST
local HOURS = "We are open Monday to Thursday from eight to six, and Friday from eight to one."
local THROUGH = "One moment, I am putting you through to the reception."
local ENTER = "Please enter your telephone number with the keys, and then press the hash key."
local ENTER_AGAIN = "Sorry, that was no whole number. Please enter it once more, and then press the hash key."

-- Calls, and hears the greeting to its end.
local function ring(callee, agent)
  callee:calls()
  agent:says("what I can do for you", { within = 30 })
end

-- Hears all of a long sentence.
local function hears_all(agent, text)
  agent:says(t.exact(text), { within = 30 })
end

-- The greeting --------------------------------------------------------------------------------------------------------

t.test("greets with the menu", function(callee, agent)
  callee:calls()
  hears_all(agent, "Hello, this is the dental practice. " .. OPEN_MENU)
end)

t.test("greets without the reception's key when it is closed", { start_time = CLOSED }, function(callee, agent)
  callee:calls()
  hears_all(agent, "Hello, this is the dental practice. We are closed at the moment. " .. CLOSED_MENU)
end)

-- Each day's first and last hour; `false` is closed.
local week = {
  { "Monday", "2026-11-30", { 8, 18 } }, { "Tuesday", "2026-12-01", { 8, 18 } },
  { "Wednesday", "2026-12-02", { 8, 18 } }, { "Thursday", "2026-12-03", { 8, 18 } },
  { "Friday", "2026-12-04", { 8, 13 } }, { "Saturday", "2026-12-05", false }, { "Sunday", "2026-12-06", false },
}

-- Knows at a time whether it is open; the call rings for a moment before it is answered.
local function knows(name, at, open)
  t.test("knows whether it is open: " .. name, { start_time = at }, function(callee, agent)
    callee:calls()
    agent:says(open and "zero for the reception" or "We are closed at the moment", { within = 30 })
    t.never(agent.says, open and "closed" or "reception")
  end)
end

for _, day in ipairs(week) do
  local name, date, hours = table.unpack(day)
  if hours then
    local first, last = table.unpack(hours)
    knows(name .. ", early", ("%sT%02d:58:00-08:00"):format(date, first - 1), false)
    knows(name .. ", when it opens", ("%sT%02d:00:00-08:00"):format(date, first), true)
    knows(name .. ", before it closes", ("%sT%02d:58:00-08:00"):format(date, last - 1), true)
    knows(name .. ", when it closes", ("%sT%02d:00:00-08:00"):format(date, last), false)
  else
    knows(name, date .. "T10:00:00-08:00", false)
  end
end
knows("in summer", "2026-07-01T08:00:00-07:00", true)

-- The keys ------------------------------------------------------------------------------------------------------------

t.test("1 asks what appointment is wished, and the model takes it from there", t.model {
  { hears = "Jayden", calls = "request_appointment", with = { name = "Jayden", day = "Friday", time = "morning" } },
  { result_of = "request_appointment", says = "You will get a text message. Goodbye.", calls = "end_call" },
}, function(callee, agent)
  ring(callee, agent)
  callee:presses "1"
  agent:says(t.exact "You would like an appointment. Please tell me your name, and which day and time suit you.")
  callee:says "My name is Jayden, and Friday morning would be nice."
  agent:calls("request_appointment", { name = "Jayden", day = "Friday", time = "morning" }, {
    returns = t.like "noted; the reception will send a text message",
  })
  agent:says "text message. Goodbye."
  agent:ends "served"
end)

t.test("3 tells the opening hours, and the menu again", function(callee, agent)
  ring(callee, agent)
  callee:presses "3"
  hears_all(agent, HOURS .. " " .. OPEN_MENU)
end)

t.test("star repeats the menu", function(callee, agent)
  ring(callee, agent)
  callee:presses "*"
  hears_all(agent, OPEN_MENU)
end)

t.test("a key cuts the greeting short", function(callee, agent)
  callee:calls()
  callee:presses("3", { after = 6 })
  agent:is_interrupted { heard = "this is the dental practice", unheard = "what I can do for you" }
  agent:says(HOURS)
end)

t.test("a wrong key gets the menu, the third one in a row a goodbye", function(callee, agent)
  ring(callee, agent)
  for _, key in ipairs { "7", "#" } do
    callee:presses(key)
    hears_all(agent, "Sorry, there is nothing behind that key. " .. OPEN_MENU)
  end
  callee:presses "9"
  agent:says(t.exact "I am sorry that this does not work. Please call again. Goodbye.")
  agent:ends "wrong keys"
end)

t.test("a right key between wrong ones makes up for them", function(callee, agent)
  ring(callee, agent)
  for _, key in ipairs { "7", "8", "*", "9", "4" } do
    callee:presses(key)
    agent:says("what I can do for you", { within = 30 })
  end
  t.never(agent.says, "Goodbye")
end)

-- The reception -------------------------------------------------------------------------------------------------------

t.test("0 puts the caller through", function(callee, agent)
  ring(callee, agent)
  callee:presses "0"
  agent:says(t.exact(THROUGH))
  agent:transfers_to "+15105550199"
  agent:ends "transferred"
  t.never(agent.says, "I am sorry")
end)

t.test("0 goes back to the menu when nobody answers", function(callee, agent)
  callee:refuses_transfer(480)
  ring(callee, agent)
  callee:presses "0"
  agent:transfers_to "+15105550199"
  hears_all(agent, "I am sorry, I cannot reach the reception now. " .. OPEN_MENU)
end)

t.test("0 transfers nobody to a closed reception", { start_time = CLOSED }, function(callee, agent)
  ring(callee, agent)
  callee:presses "0"
  hears_all(agent, "I am sorry, I cannot reach the reception now. " .. CLOSED_MENU)
  t.never(agent.transfers_to)
  t.never(agent.says, "putting you through")
end)

local wants_person = t.model {
  { hears = "talk to a person", calls = "transfer_call" },
  { result_of = "transfer_call", says = "May I take a message?" },
  { hears = "braces", calls = "take_message", with = { name = "Jayden", message = "my braces hurt" } },
  { result_of = "take_message", says = "I have noted it." },
}

t.test("a spoken wish puts the caller through", wants_person, function(callee, agent)
  ring(callee, agent)
  callee:says "I want to talk to a person."
  agent:says(t.exact(THROUGH))
  agent:transfers_to "+15105550199"
  agent:ends "transferred"
end)

t.test("takes a message when nobody answers", wants_person, function(callee, agent)
  callee:refuses_transfer(480)
  ring(callee, agent)
  callee:says "I want to talk to a person."
  agent:transfers_to "+15105550199"
  agent:calls("transfer_call", {}, {
    returns = { error = "nobody answers at the reception; offer to take a message" },
  })
  agent:says "May I take a message"
  callee:says "My braces hurt."
  agent:calls("take_message", { name = "Jayden", message = "my braces hurt" }, {
    returns = t.like "noted; somebody will ring back on the next working day",
  })
  agent:says "I have noted it"
end)

t.test("offers a message when the reception is closed", wants_person, { start_time = CLOSED }, function(callee, agent)
  ring(callee, agent)
  callee:says "I want to talk to a person."
  agent:calls("transfer_call", {}, {
    returns = { error = "the reception is closed; offer to take a message" },
  })
  agent:says "May I take a message"
  t.never(agent.transfers_to)
  t.never(agent.says, "putting you through")
end)

for _, open in ipairs { true, false } do
  t.test("the model can tell the hours when it is " .. (open and "open" or "closed"), t.model {
    { hears = "are you open", calls = "opening_hours" },
    { result_of = "opening_hours", says = "Let me tell you." },
  }, { start_time = open and OPEN or CLOSED }, function(callee, agent)
    ring(callee, agent)
    callee:says "When are you open?"
    agent:calls("opening_hours", {}, { returns = { hours = t.exact(HOURS), open_now = open } })
    agent:says "Let me tell you"
  end)
end

-- The number to be called back ----------------------------------------------------------------------------------------

t.test("2 takes a number, and says it back", t.model {
  { hears = "that is all", says = "Thank you. Goodbye.", calls = "end_call" },
}, function(callee, agent)
  ring(callee, agent)
  callee:presses "2"
  agent:says(t.exact(ENTER))
  callee:presses "5105550100#"
  agent:says(t.exact("Thank you. We will call you back at 5 1 0 5 5 5 0 1 0 0 as soon as we can. "
    .. "Is there anything else?"), { within = 5 })
  callee:says "No, that is all."  -- the model hears again
  agent:says "Thank you. Goodbye."
  agent:ends "served"
end)

t.test("keys count while the number is still asked for", function(callee, agent)
  ring(callee, agent)
  callee:presses "2"
  callee:presses("5550100#", { after = 1 })
  agent:is_interrupted { heard = "Please enter", unheard = "hash key" }
  agent:says "call you back at 5 5 5 0 1 0 0"
end)

t.test("asks again for what is too short, and takes seven digits without the hash key", function(callee, agent)
  ring(callee, agent)
  callee:presses "2"
  agent:says(t.exact(ENTER))
  callee:presses "555010#"
  agent:says(t.exact(ENTER_AGAIN))
  callee:presses "5550100"
  agent:says("call you back at 5 5 5 0 1 0 0", { within = 15 })
end)

t.test("fifteen digits need no hash key", function(callee, agent)
  ring(callee, agent)
  callee:presses "2"
  agent:says(t.exact(ENTER))
  callee:presses "123456789012345"
  agent:says("call you back at 1 2 3", { within = 5 })
end)

t.test("gives up a number that does not come, and goes back to the menu", function(callee, agent)
  ring(callee, agent)
  callee:presses "2"
  agent:says(t.exact(ENTER))
  agent:stays_silent(3)
  agent:says(t.exact(ENTER_AGAIN), { within = 3 })
  hears_all(agent, "I did not get your number. " .. OPEN_MENU)
end)

t.test("answers nothing that is muttered over the keys", t.model {
  { hears = "glasses", says = "Pardon?" },
}, function(callee, agent)
  ring(callee, agent)
  callee:presses "2"
  agent:says(t.exact(ENTER))
  callee:says "Now where are my glasses?"
  callee:presses("5550100#", { after = 2 })
  agent:says "call you back at 5 5 5 0 1 0 0"
  t.never(agent.says, "Pardon")
end)

-- Silence, and worse --------------------------------------------------------------------------------------------------

t.test("asks whether the caller is there, then says goodbye", function(callee, agent)
  ring(callee, agent)
  agent:stays_silent(7)
  agent:says(t.exact("Are you still there? " .. OPEN_MENU), { within = 2.2 })
  agent:stays_silent(7)
  agent:says(t.exact "I cannot hear you. Please call again. Goodbye.", { within = 1.7 })
  agent:ends "nobody there"
end)

t.test("stays when somebody speaks into the goodbye", t.model {
  { hears = "here I am", says = "There you are." },
}, function(callee, agent)
  ring(callee, agent)
  agent:says("Are you still there", { within = 40 })
  callee:interrupts("Wait, here I am.", { after = 1 })
  agent:is_interrupted { heard = "I cannot hear you" }
  agent:says "There you are"
end)

t.test("a key is a sign of life", function(callee, agent)
  ring(callee, agent)
  agent:says("Are you still there", { within = 40 })
  callee:presses "*"
  hears_all(agent, OPEN_MENU)
  agent:says("Are you still there", { within = 40 })
  t.never(agent.says, "I cannot hear you")
end)

t.test("puts the caller through when the model is gone", t.model {
  { hears = "hello", fails = "insufficient_quota" },
}, function(callee, agent)
  ring(callee, agent)
  callee:says "Hello?"
  agent:says(t.exact "I am sorry, something is wrong with our telephone. I am putting you through.")
  agent:transfers_to "+15105550199"
end)

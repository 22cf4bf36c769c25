-- The payment reminder: nothing is said of the debt to anybody else, and the disclosure is heard to its end.
--
--     moonline test --virtual scripts/tests/payment_reminder.lua

local t = require "moonline.test"

local METADATA = {
  phone_number = "+15105550100", name = "Jane Doe", year_of_birth = 1984,
  company = "Northwind", amount = "120 dollars and 50 cents", due = "October 15", transfer_to = "+15105550199",
}

-- The metadata without one field, or with others.
local function metadata(changes)
  local copy = {}
  for name, value in pairs(METADATA) do copy[name] = value end
  for name, value in pairs(changes) do copy[name] = value or nil end
  return copy
end

-- A model that has nothing to say, unless a test gives it something.
local quiet = t.model {}

t.options {
  agent      = "payment-reminder",
  metadata   = METADATA,
  start_time = "2026-12-01T10:00:00-08:00",
  model      = quiet,
}

local GREETING = "Hello, this is Northwind. May I speak to Jane Doe, please?"
local DISCLOSURE = "Thank you. This is an attempt to collect a debt, and any information that you give will be used "
  .. "for that purpose. You owe Northwind the amount of 120 dollars and 50 cents, which was due on October 15."
-- What nobody else may hear.
local SECRET = t.any { "debt", "owe", "amount", "dollars", "October", "collect" }

-- What the model does until the right person is confirmed, and behind that `entries`.
local function model(entries)
  local script = {
    { hears = "speaking", says = "In which year were you born?" },
    { hears = "eighty four", calls = "confirm_identity", with = { year_of_birth = 1984 } },
    { result_of = "confirm_identity", says = "When can you pay?" },
  }
  for _, entry in ipairs(entries or {}) do script[#script + 1] = entry end
  return t.model(script)
end

-- Is the right person, and hears the disclosure.
local function confirm(callee, agent)
  callee:answers()
  agent:says(t.exact(GREETING))
  callee:says "Speaking."
  agent:says "which year"
  callee:says "Nineteen eighty four."
  agent:says(t.exact(DISCLOSURE), { within = 30 })
  agent:says "When can you pay"
end

-- Before the call -----------------------------------------------------------------------------------------------------

for _, field in ipairs { "name", "year_of_birth", "company", "amount", "due" } do
  t.test("rings nobody without " .. field, { metadata = metadata { [field] = false } }, function(callee, agent)
    agent:ends(t.exact("the metadata lack " .. field))
  end)
end

for _, at in ipairs { "2026-12-01T07:58:00-08:00", "2026-12-01T21:00:00-08:00" } do
  t.test("rings nobody at night: " .. at, { start_time = at }, function(callee, agent)
    agent:ends "not at this hour"
  end)
end

for _, at in ipairs { "2026-12-01T08:00:00-08:00", "2026-12-01T20:58:00-08:00" } do
  t.test("rings in the day: " .. at, { start_time = at }, function(callee, agent)
    callee:answers()
    agent:says(t.exact(GREETING))
  end)
end

-- Who is it? ----------------------------------------------------------------------------------------------------------

t.test("tells the right person what they owe", model {
  { hears = "goodbye", says = "Goodbye.", calls = "end_call" },
}, function(callee, agent)
  callee:answers()
  agent:says(t.exact(GREETING))
  t.never(agent.calls, "promise_payment")
  callee:says "Speaking."
  agent:says "which year"
  callee:says "Nineteen eighty four."
  agent:says(t.exact(DISCLOSURE), { within = 30 })
  agent:calls("confirm_identity", { year_of_birth = 1984 }, {
    returns = "They have been told what they owe and since when. Ask when they can pay.",
  })
  agent:says "When can you pay"
  callee:says "I do not know yet. Goodbye."
  agent:says "Goodbye"
  agent:ends "talked"
end)

t.test("the disclosure cannot be interrupted", model {
  { hears = "what is this", says = "I am coming to that." },
}, function(callee, agent)
  callee:answers()
  agent:says(t.exact(GREETING))
  callee:says "Speaking."
  agent:says "which year"
  callee:says "Nineteen eighty four."
  callee:interrupts("Wait. What is this about?", { after = 3 })
  agent:says(t.exact(DISCLOSURE), { within = 30 })
  t.never(agent.is_interrupted)
end)

t.test("asks once more for a year that is wrong", t.model {
  { hears = "nineteen ninety", calls = "confirm_identity", with = { year_of_birth = 1990 } },
  { result_of = "confirm_identity", says = "I beg your pardon, which year?" },
  { hears = "eighty four", calls = "confirm_identity", with = { year_of_birth = 1984 } },
}, function(callee, agent)
  callee:answers()
  agent:says(t.exact(GREETING))
  callee:says "That is me. Nineteen ninety."
  agent:calls("confirm_identity", { year_of_birth = 1990 }, { returns = t.like "That is not the year that we know" })
  agent:says "which year"
  callee:says "Sorry, nineteen eighty four."
  agent:says(t.exact(DISCLOSURE), { within = 30 })
end)

t.test("tells nobody who is wrong twice", t.model {
  { hears = "nineteen", calls = "confirm_identity", with = { year_of_birth = 1990 }, always = true },
  { result_of = "confirm_identity", says = "Which year, please?" },
}, function(callee, agent)
  callee:answers()
  agent:says(t.exact(GREETING))
  callee:says "Nineteen ninety."
  agent:says "Which year"
  callee:says "Nineteen ninety, I said."
  agent:says(t.exact "I am sorry, then I cannot tell you more. We will write to you. Goodbye.")
  agent:ends "not confirmed"
  t.never(agent.says, SECRET)
end)

t.test("apologises to somebody else", t.model {
  { hears = "wrong number", calls = "wrong_person" },
}, function(callee, agent)
  callee:answers()
  agent:says(t.exact(GREETING))
  callee:says "You have the wrong number."
  callee:interrupts("Who are you?", { after = 0.5 })
  agent:says(t.exact "I am sorry to have disturbed you. Goodbye.")
  agent:ends "wrong person"
  t.never(agent.says, SECRET)
end)

t.test("leaves no message on a voicemail", t.model {
  { hears = "leave a message", calls = "detected_answering_machine" },
}, function(callee, agent)
  callee:is_voicemail { greeting = "You have reached Jane Doe. Please leave a message after the tone.", beep = true }
  agent:hangs_up()
  agent:ends "voicemail"
  t.never(agent.says, SECRET)
end)

local too_early = {
  { calls = "promise_payment", with = { date = "2026-12-02" } },
  { calls = "dispute_debt", with = { reason = "I have paid" } },
  { calls = "transfer_call" },
}
for _, action in ipairs(too_early) do
  t.test(action.calls .. " is refused before the person is confirmed", t.model {
    { hears = "hello", calls = action.calls, with = action.with },
    { result_of = action.calls, says = "Are you Jane Doe?" },
  }, function(callee, agent)
    callee:answers()
    agent:says(t.exact(GREETING))
    callee:says "Hello?"
    agent:says "Are you Jane Doe"
    t.never(agent.says, SECRET)
    t.never(agent.transfers_to)
  end)
end

local too_late = {
  { calls = "confirm_identity", with = { year_of_birth = 1984 } },
  { calls = "wrong_person" },
  { calls = "detected_answering_machine" },
}
for _, action in ipairs(too_late) do
  t.test(action.calls .. " is refused when the person was confirmed", model {
    { hears = "again", calls = action.calls, with = action.with },
    { result_of = action.calls, says = "You know it already." },
  }, function(callee, agent)
    confirm(callee, agent)
    callee:says "Tell me again."
    agent:says "You know it already"
  end)
end

-- Afterwards ----------------------------------------------------------------------------------------------------------

local noted = "Noted. Thank them, and say that a letter will confirm it."
local too_far = "the day must be within two weeks from today; ask for another, or offer to speak to a person"
local promises = {
  { "2026-12-01", noted },
  { "2026-12-15", noted },
  { "2026-12-16", { error = too_far } },
  { "2026-11-30", { error = too_far } },
  { "soon", { error = t.like "that is no date" } },
}
for _, promise in ipairs(promises) do
  local date, returns = table.unpack(promise)
  t.test("takes a promise within two weeks: " .. date, model {
    { hears = "then", calls = "promise_payment", with = { date = date } },
    { result_of = "promise_payment", says = "I see." },
  }, function(callee, agent)
    confirm(callee, agent)
    callee:says "I can pay then."
    agent:calls("promise_payment", { date = date }, { returns = returns })
    agent:says "I see"
  end)
end

t.test("notes a dispute, and leaves it at that", model {
  { hears = "paid", calls = "dispute_debt", with = { reason = "paid in October" } },
}, function(callee, agent)
  confirm(callee, agent)
  callee:says "I have paid that in October."
  agent:calls("dispute_debt", { reason = "paid in October" })
  agent:says(t.exact("I have noted that. We will look into it, and nothing happens until you have heard from us by "
    .. "letter. Goodbye."))
  agent:ends "disputed"
end)

local wants_person = {
  { hears = "manager", calls = "transfer_call" },
  { result_of = "transfer_call", says = "Somebody will ring you." },
}

t.test("puts the callee through", model(wants_person), function(callee, agent)
  confirm(callee, agent)
  callee:says "Give me your manager."
  agent:says(t.exact "One moment, I am putting you through.")
  agent:transfers_to "+15105550199"
  agent:ends "transferred"
end)

t.test("tells the model that nobody takes the call", model(wants_person), function(callee, agent)
  callee:refuses_transfer(486)
  confirm(callee, agent)
  callee:says "Give me your manager."
  agent:transfers_to "+15105550199"
  agent:calls("transfer_call", {}, {
    returns = { error = "nobody answers there; say that somebody will ring back" },
  })
  agent:says "Somebody will ring you"
end)

t.test("transfers nobody when there is nobody to transfer to", model(wants_person), {
  metadata = metadata { transfer_to = false },
}, function(callee, agent)
  confirm(callee, agent)
  callee:says "Give me your manager."
  agent:calls("transfer_call", {}, {
    returns = { error = "nobody can be reached; say that somebody will ring back" },
  })
  agent:says "Somebody will ring you"
  t.never(agent.transfers_to)
  t.never(agent.says, "putting you through")
end)

-- Silence, and worse --------------------------------------------------------------------------------------------------

t.test("asks whether somebody is there, then says goodbye", function(callee, agent)
  callee:answers()
  agent:says(t.exact(GREETING))
  agent:stays_silent(7)
  agent:says(t.exact "Are you still there?", { within = 1.7 })
  agent:stays_silent(7)
  agent:says(t.exact "I cannot hear you. We will call again. Goodbye.", { within = 1.7 })
  agent:ends "nobody there"
end)

t.test("stays when somebody speaks into the goodbye", t.model {
  { hears = "here I am", says = "There you are." },
}, function(callee, agent)
  callee:answers()
  agent:says(t.exact(GREETING))
  agent:says("Are you still there", { within = 20 })
  callee:interrupts("Wait, here I am.", { after = 0.8 })
  agent:is_interrupted { heard = "I cannot hear" }
  agent:says "There you are"
end)

t.test("says nothing of the debt when the model is gone", t.model { { hears = "yes", fails = "insufficient_quota" } },
  function(callee, agent)
    callee:answers()
    agent:says(t.exact(GREETING))
    callee:says "Yes?"
    agent:says(t.exact "I am sorry, something went wrong here. Goodbye.")
    agent:hangs_up()
    t.never(agent.says, SECRET)
  end)

t.test("speaks of nothing more when the callee hangs up on the disclosure", model(), function(callee, agent)
  callee:answers()
  agent:says(t.exact(GREETING))
  callee:says "Speaking."
  agent:says "which year"
  callee:says "Nineteen eighty four."
  callee:hangs_up { after = 5 }
  agent:ends "completed"
  t.never(agent.says, "When can you pay")
end)

-- With the offline model, which hears and answers itself ---------------------------------------------------------------

local offline = { persona = "payment_reminder" }

-- Is the right person, and hears the disclosure from the offline model's flow.
local function confirm_offline(callee, agent)
  callee:answers()
  agent:says(t.exact(GREETING))
  callee:says "Speaking."
  agent:says "in which year were you born"
  callee:says "Nineteen eighty four."
  agent:calls("confirm_identity", { year_of_birth = 1984 })
  agent:says(t.exact(DISCLOSURE), { within = 30 })
  agent:says "On which day can you pay"
end

t.test("the offline model takes a promise", offline, function(callee, agent)
  confirm_offline(callee, agent)
  callee:says "I can pay on Friday."
  agent:calls("promise_payment", { date = "2026-12-04" }, { returns = t.like "Noted" })
  agent:says "You will get a letter that confirms it"
  callee:says "Thank you, goodbye."
  agent:calls "end_call"
  agent:ends "talked"
end)

t.test("the offline model asks once more for the year, and tells nobody who is wrong twice", offline,
  function(callee, agent)
    callee:answers()
    agent:says(t.exact(GREETING))
    callee:says "Yes, speaking."
    agent:says "in which year were you born"
    callee:says "I was born in nineteen seventy."
    agent:calls("confirm_identity", { year_of_birth = 1970 })
    agent:says "not what I have here"
    callee:says "Nineteen seventy two."
    agent:calls("confirm_identity", { year_of_birth = 1972 })
    agent:says(t.exact "I am sorry, then I cannot tell you more. We will write to you. Goodbye.")
    agent:ends "not confirmed"
    t.never(agent.says, SECRET)
  end)

t.test("the offline model apologises to somebody else", offline, function(callee, agent)
  callee:answers()
  agent:says(t.exact(GREETING))
  callee:says "No, you have the wrong number."
  agent:calls "wrong_person"
  agent:ends "wrong person"
  t.never(agent.says, SECRET)
end)

t.test("the offline model puts the callee through", offline, function(callee, agent)
  confirm_offline(callee, agent)
  callee:says "Can I speak to a person please?"
  agent:calls "transfer_call"
  agent:transfers_to "+15105550199"
  agent:ends "transferred"
end)

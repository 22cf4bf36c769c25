-- The agent's part in the payment reminder: plays the language model for scripts/flows/payment_reminder.lua.
--
-- It learns from its actions how far the conversation is: before the person is confirmed it has others than behind
-- that. README.md beside this file explains how a persona is written.

local ones = { one = 1, two = 2, three = 3, four = 4, five = 5, six = 6, seven = 7, eight = 8, nine = 9 }
local tens = { thirty = 30, forty = 40, fifty = 50, sixty = 60, seventy = 70, eighty = 80, ninety = 90 }

local phrases = {
  "(yes|speaking|this is she|this is he|that is me|that's me)",
  "[yes] [it was|i was born in|in] nineteen {tens} [{ones}]",
  "[no] (you have|you've got) the wrong number",
  "[no] (she|he) is not (here|at home|in)",
  "[i can pay|i will pay|i'll pay] [on|by] ({day}|{date})",
  "(i have|i've) paid [that] [already]",
  "i (do not|don't) owe [you] (anything|that)",
  "(can|could|may) i (speak|talk) (to|with) (someone|somebody|a person|a human|the manager) [please]",
  "(thank you|thanks) [goodbye|bye|bye bye]",
  "(goodbye|bye bye|good night)",
  "[please] leave (a|your|me a) message [after the (tone|beep)]",
  "after the (tone|beep)",
  "(you've|you have) reached the voicemail [of]",
}

local function names(table)
  local list = {}
  for name in pairs(table) do list[#list + 1] = name end
  return list
end

-- Whether one of `words` stands in `heard` as whole words.
local function has(heard, ...)
  local padded = " " .. heard .. " "
  for _, words in ipairs { ... } do
    if padded:find(" " .. words .. " ", 1, true) then return true end
  end
  return false
end

-- The year in "nineteen eighty four"; `nil` without one.
local function find_year(heard)
  local decade, rest = heard:match "nineteen (%a+)%s*(%a*)"
  if not decade or not tens[decade] then return nil end
  return 1900 + tens[decade] + (ones[rest] or 0)
end

local function confirming(heard)
  local year = find_year(heard)
  if year then return call("confirm_identity", { year_of_birth = year }) end
  if has(heard, "wrong number", "not here", "not at home", "not in") then return call("wrong_person") end
  if has(heard, "yes", "speaking", "she", "he", "me") then
    return say("To be sure that I speak to the right person: in which year were you born?")
  end
end

local function settling(context, heard)
  if has(heard, "paid", "owe") then return call("dispute_debt", { reason = heard }) end
  if has(heard, "speak to", "speak with", "talk to", "talk with") then return call("transfer_call") end
  local day = date.find(heard, context.today)
  if day then return call("promise_payment", { date = day }) end
  if has(heard, "yes") then return say("On which day can you pay?") end
end

return persona {
  phrases = phrases,
  slots   = { tens = names(tens), ones = names(ones) },
  voice   = "rms",
  unknown = "I am sorry, I did not get that. Could you say it in other words?",

  on_text = function(context, heard)
    if has(heard, "goodbye", "bye", "thank you", "thanks", "good night") then
      return { say("Goodbye."), call("end_call") }
    end
    if not context:can("confirm_identity") then return settling(context, heard) end
    if has(heard, "message", "voicemail", "the tone", "the beep") then return call("detected_answering_machine") end
    return confirming(heard)
  end,

  on_result = function(_, name, result)
    local failed = type(result) == "table" and result.error
    if name == "confirm_identity" and not failed then
      local is_wrong = tostring(result):find("not the year", 1, true)
      return say(is_wrong and "That is not what I have here. Which year was it, please?" or "On which day can you pay?")
    end
    if name == "promise_payment" then
      return say(failed and "I am sorry, that is too late. Which day within the next two weeks suits you?"
        or "Thank you. You will get a letter that confirms it. Goodbye.")
    end
    if failed then return say("I am sorry, that is not possible now. Somebody will ring you back.") end
  end,
}

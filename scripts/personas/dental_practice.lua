-- The agent's part in the demonstration: a dental practice's assistant who calls about an appointment.
--
-- It plays the language model for scripts/flows/outbound_caller.lua, and calls the actions of that flow.
-- README.md beside this file explains how a persona is written.

-- What the callee may say at once, in the notation of the recogniser: (one|other), [may be left out], {slot}.
--
-- Several phrases may follow each other, so none is as short as "eight": it would be heard in the noise behind any
-- other. A bare "three" is left to the open vocabulary.
local phrases = {
  -- Yes and no
  "(yes|yeah|sure|of course|certainly|okay|all right) [please]",
  "(that's|that is|that will be|it is) (fine|good|okay|perfect|right|great) [for me]",
  "(that|tuesday) (works|suits me)",
  "[yes] i'll be there",
  "no [thanks|thank you]",
  "(no|sorry) that (doesn't|does not) (work|suit me)",
  "i (can't|cannot) (come|make it) [then|that day|on {day}]",
  -- Another day
  "(can|could) (i|we) (come|do it|make it|have it) [on] ({day}|{date}) [instead] [please]",
  "(can|could) (i|we) (change|move|reschedule) (it|my appointment|the appointment) [to ({day}|{date})] [please]",
  "(i'd|i would) like [to come] [on] ({day}|{date}) [instead] [please]",
  "i (need|want|have) to (change|move|reschedule) (it|my appointment|the appointment) [please]",
  "(how|what) about [on] ({day}|{date})",
  "(do you have|is there) (anything|something) [free] [on] ({day}|{date})",
  "({day}|{date}) [instead] (please|would be (better|good|fine|great))",
  "on ({day}|{date}) [please]",
  "({day}|{date})",
  "what times (do you have|are free|are available)",
  -- A time
  "{hour} [o'clock|thirty|a m|p m] (is|would be|will be) (fine|good|great|perfect|okay|better) [for me]",
  "(i'll take|let's say|let's do|how about|what about|make it) {hour} [o'clock|thirty|a m|p m] [please]",
  "[at] {hour} (o'clock|thirty|a m|p m|in the morning|in the afternoon) [please]",
  "[at] {hour} please",
  "the (first|second|third|last) one [please]",
  -- A person
  "(can|could|may) i (speak|talk) (to|with) (someone|somebody|a person|a human|the receptionist|the dentist) [please]",
  "(i'd|i would) like to (speak|talk) (to|with) (someone|somebody|a person|a human|the receptionist|the dentist)",
  "(transfer|connect) me [please]",
  -- Politeness
  "(thank you|thanks) [very much|so much|a lot] [goodbye|bye|bye bye]",
  "(goodbye|bye bye|good night)",
  "[thank you] (that's|that is) (all|everything) [thank you]",
  "hello",
  "who is (this|calling|speaking)",
  "(can|could) you (repeat|say) that [again] [please]",
  "(pardon|sorry|excuse me|what was that)",
  "(speaking|this is he|this is she)",
  -- Voicemail
  "(please|you can) leave (a|your|me a) message",
  "[please] leave (a|your) (name|number|message) after the (tone|beep)",
  "after the (tone|beep)",
  "(you've|you have) reached the voicemail [of]",
  "(i'm|i am|we're|we are) not (here|available|at home) [right now|at the moment]",
  "please record your message",
}

local slots = {
  hour = { "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve" },
}

local hours = {
  one = 1, two = 2, three = 3, four = 4, five = 5, six = 6, seven = 7, eight = 8, nine = 9, ten = 10,
  eleven = 11, twelve = 12, noon = 12,
}

-- Whether one of `words` stands in `heard` as whole words.
local function has(heard, ...)
  local padded = " " .. heard .. " "
  for _, words in ipairs { ... } do
    if padded:find(" " .. words .. " ", 1, true) then return true end
  end
  return false
end

-- The day that the session begins with: what the instructions say of it comes first.
local function today(context)
  return context.instructions:match("[Tt]oday is[^%d\n]*(%d%d%d%d%-%d%d%-%d%d)") or context.today
end

-- "1pm", "2pm" and "3pm" as people say it: "1 pm, 2 pm or 3 pm".
local function spoken_time(time) return (time:gsub("(%d)%s*([ap])%.?m%.?", "%1 %2m")) end

local function spoken_list(times, last)
  local list = {}
  for index, time in ipairs(times) do list[index] = spoken_time(time) end
  if #list < 2 then return list[1] or "" end
  return table.concat(list, ", ", 1, #list - 1) .. " " .. last .. " " .. list[#list]
end

-- The time in `heard`, as one of the offered ones where it fits: "three is fine" is "3pm". `nil` without a time.
local function find_time(heard, offered)
  local which = heard:match("the (%a+) one")
  if which then return offered[({ first = 1, second = 2, third = 3, last = #offered })[which] or 0] end
  local hour, minute
  for word in heard:gmatch("[%a']+") do
    if hours[word] and not hour then hour = hours[word] end
    if word == "thirty" and hour then minute = "30" end
  end
  if not hour then return nil end
  local half = has(heard, "a m", "in the morning") and "am" or has(heard, "p m", "in the afternoon") and "pm"
  for _, time in ipairs(offered) do
    local number, rest = time:lower():match("^(%d+)(.*)$")
    local fits = tonumber(number) == hour and (not half or rest:find(half, 1, true))
    if fits and (rest:find(":30", 1, true) ~= nil) == (minute == "30") then return time end
  end
  half = half or ((hour >= 8 and hour <= 11) and "am" or "pm")
  return hour .. (minute and ":" .. minute or "") .. half
end

local function is_offered(time, offered)
  for _, other in ipairs(offered) do if other == time then return true end end
  return false
end

-- Remembers the sentence, for those who ask to hear it again.
local function speak(context, text)
  context.state.last = text
  return say(text)
end

-- Calls the flow's action, or says so when the flow has none of that name.
local function act(context, name, arguments)
  if context:can(name) then return call(name, arguments) end
  return say("I'm sorry, that is something I cannot do myself.")
end

local function look_up(context, day)
  context.state.date = day
  context.state.stage = "looking"
  return act(context, "look_up_availability", { date = day })
end

local function farewell(context)
  context.state.stage = "over"
  return { say("Thank you for your time. Goodbye!"), act(context, "end_call") }
end

local function offer_transfer(context)
  context.state.before_transfer, context.state.stage = context.state.stage, "transfer"
  return speak(context, "I can put you through to a colleague. Would you like that?")
end

local function choose(context, time)
  local state = context.state
  if not is_offered(time, state.times) then
    return speak(context, "I'm sorry, " .. spoken_time(time) .. " is taken. I have "
      .. spoken_list(state.times, "or") .. ".")
  end
  state.time, state.stage = time, "confirming"
  return act(context, "confirm_appointment", { date = state.date, time = time })
end

-- Day and time of the appointment that the call is about: from the greeting, or else from the instructions.
local function appointment(context)
  local texts = { context.instructions }
  for _, turn in ipairs(context.history) do
    if turn.role == "assistant" then texts[#texts + 1] = turn.text end
  end
  for index = #texts, 1, -1 do
    local day, time = texts[index]:match("appointment ([^.\n]-) at (%d[%d:]*%s*[ap]%.?m)")
    day = day and date.find(day, today(context))
    if day then return day, (time:gsub("[%s.]", "")) end
  end
end

local function is_voicemail(heard)
  return has(heard, "message", "voicemail", "the tone", "the beep") or heard:find("not available", 1, true)
    or heard:find("not at home", 1, true) or heard:find("not here", 1, true)
end

local function wants_person(heard)
  return has(heard, "speak to", "speak with", "talk to", "talk with", "transfer me", "connect me", "a person",
    "a human", "receptionist")
end

local function is_yes(heard)
  return has(heard, "yes", "yeah", "yep", "sure", "of course", "certainly", "okay", "all right", "fine", "good",
    "perfect", "right", "great", "works", "suits me", "i'll be there")
end

local function is_no(heard)
  return has(heard, "no", "nope", "can't", "cannot", "doesn't work", "does not work", "doesn't suit me",
    "does not suit me")
end

local function on_text(context, heard)
  local state = context.state
  local misunderstood = state.misunderstood or 0
  state.misunderstood = 0

  if is_voicemail(heard) then return act(context, "detected_answering_machine") end
  if state.stage == "transfer" then
    if is_no(heard) then
      state.stage = state.before_transfer
      return speak(context, "All right. What else can I do for you?")
    end
    if is_yes(heard) or wants_person(heard) then return act(context, "transfer_call") end
  end
  if wants_person(heard) then return offer_transfer(context) end

  -- Only where times are known is a number a time: "the third of December" is none.
  local day = date.find(heard, today(context))
  if state.stage == "offered" and not day then
    local time = find_time(heard, state.times)
    if time then return choose(context, time) end
  end
  local wants_other = has(heard, "instead", "change", "move", "reschedule", "can i", "could i", "can we", "could we",
    "how about", "what about", "i'd like", "i would like", "do you have", "is there", "on", "please",
    "would be better", "would be good", "would be fine", "would be great")
  if day and is_no(heard) and not wants_other then
    state.stage = "asking"
    return speak(context, "I understand. Which day would suit you better?")
  end
  if day and (wants_other or state.stage ~= nil or not is_yes(heard)) then return look_up(context, day) end

  if has(heard, "goodbye", "bye", "good night", "that's all", "that is all", "that's everything",
      "that is everything") then
    return farewell(context)
  end
  if has(heard, "repeat", "again", "pardon", "sorry", "excuse me", "what was that") and state.last
      and not is_no(heard) then
    return say(state.last)
  end
  if state.stage == "offered" then
    if has(heard, "what times") then return say(state.last) end
    if is_no(heard) then
      state.stage = "asking"
      return speak(context, "No problem. Which other day would suit you?")
    end
    if is_yes(heard) then
      return speak(context, "Which time would you like: " .. spoken_list(state.times, "or") .. "?")
    end
  end
  if state.stage == "looking" or state.stage == "confirming" then
    return say("One moment please, I am still checking.")
  end
  if state.stage == "booked" then
    if is_no(heard) or has(heard, "thank you", "thanks") then return farewell(context) end
    if is_yes(heard) then return speak(context, "What else can I do for you?") end
  end
  if has(heard, "change", "move", "reschedule", "what times") or is_no(heard) then
    state.stage = "asking"
    return speak(context, "No problem. Which day would suit you better?")
  end
  if is_yes(heard) then
    state.date, state.time = appointment(context)
    if state.date and context:can("confirm_appointment") then
      state.stage = "confirming"
      return call("confirm_appointment", { date = state.date, time = state.time })
    end
    state.stage = "booked"
    return speak(context, "Wonderful, then we will see you as agreed. Is there anything else I can do for you?")
  end
  if has(heard, "thank you", "thanks") then
    return speak(context, "You are welcome. Is there anything else?")
  end
  if has(heard, "hello", "who is this", "who is calling", "who is speaking", "speaking", "this is he",
      "this is she") then
    return speak(context,
      "This is the assistant of the dental practice, about your appointment. Is the time still good for you?")
  end
  state.misunderstood = misunderstood + 1
  if state.misunderstood >= 3 then return offer_transfer(context) end
end

local function on_result(context, name, result)
  local state = context.state
  local failed = type(result) == "table" and result.error
  if name == "look_up_availability" then
    local times = type(result) == "table" and result.available_times
    if failed or type(times) ~= "table" then
      state.stage = "asking"
      return speak(context, "I'm sorry, I cannot look into the calendar right now. Would another day be possible?")
    end
    if #times == 0 then
      state.stage = "asking"
      return speak(context, "I'm sorry, there is nothing free on " .. date.spoken(state.date)
        .. ". Which other day would suit you?")
    end
    state.times, state.stage = times, "offered"
    return speak(context, "On " .. date.spoken(state.date) .. ", we have several appointments for you: "
      .. spoken_list(times, "and") .. ". All of them are with the same dentist, and each takes about half an hour. "
      .. "Please tell me which of these times would suit you best, or name another day.")
  end
  if name == "confirm_appointment" then
    if failed then
      state.stage = "asking"
      return speak(context, "I'm sorry, that did not work. Which day would suit you?")
    end
    state.stage = "booked"
    return speak(context, "Your appointment is confirmed for " .. date.spoken(state.date) .. ", at "
      .. spoken_time(state.time) .. ". Is there anything else I can do for you?")
  end
  if name == "transfer_call" and failed then
    state.stage = state.before_transfer
    return speak(context, "I'm sorry, nobody answers there right now. Can I help you with the appointment myself?")
  end
end

return persona {
  phrases = phrases,
  slots = slots,
  -- What is none of the phrases is heard word by word: slower and less sure, but seen in the transcript.
  open_vocabulary = true,
  voice = "awb",
  unknown = "I'm sorry, I did not get that. Could you say it in other words?",
  on_start = function(context)
    return speak(context, "Hello, this is the dental practice. I am calling about your appointment. "
      .. "Is the time still good for you?")
  end,
  on_instructions = function(context, instructions)
    -- A flow's own wish, such as "Tell the callee that …", stands behind the general instructions.
    instructions = instructions:match(".*\n\n(.+)$") or instructions
    local wish = instructions:match("^[Tt]ell the %a+ that (.+)") or instructions:match("^[Ss]ay that (.+)")
    if wish then return say(wish:sub(1, 1):upper() .. wish:sub(2)) end
  end,
  on_text = on_text,
  on_result = on_result,
}

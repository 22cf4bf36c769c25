-- The receptionist: answers the telephone of a dental practice, by word and by key.
--
-- A caller may simply say what they want, or press a key at any time, also in the middle of a sentence:
--
--     1  appointments      2  be called back      3  opening hours      0  the reception      *  hear it again
--
-- Outside the opening hours nobody is put through; all else goes on. What the caller left (a wish for an appointment, a
-- number, a message) is in the store when the call has ended, for a month, under `left:` and the call's id.

local moonline = require "moonline"
local store = require "store"
local time = require "time"

local ZONE = "America/Los_Angeles"
local RECEPTION = "+15105550199"

-- First and last hour of each day, Monday first; `false` is closed.
local HOURS = { { 8, 18 }, { 8, 18 }, { 8, 18 }, { 8, 18 }, { 8, 13 }, false, false }
local HOURS_IN_WORDS = "We are open Monday to Thursday from eight to six, and Friday from eight to one."

local MENU = "Press one for an appointment, two to be called back, three for our opening hours, "
local RECEPTION_KEY = "zero for the reception, "
local REST = "or star to hear this again. Or just tell me what I can do for you."

---@param unix number
---@return boolean
local function is_open(unix)
  local now = time.date(unix, ZONE)
  local hours = HOURS[now.weekday]
  return hours and now.hour >= hours[1] and now.hour < hours[2]
end

---Says something. That the caller cuts it short is no fault; what else goes wrong is worth a line in the log.
---@param call moonline.Call
---@param text string
---@return boolean heard
local function say(call, text)
  local heard, why, code = call:say(text)
  if not heard and code ~= "interrupted" and code ~= "call_ended" then
    call:log("warning", "not said", { why = why, code = code })
  end
  return heard == true
end

---@param call moonline.Call
---@param before string  What is said first
local function say_menu(call, before)
  say(call, before .. MENU .. (is_open(time.now()) and RECEPTION_KEY or "") .. REST)
end

---Puts the caller through, or tells them why not.
---@param call moonline.Call
---@return boolean? done
---@return string? why
local function put_through(call)
  if not is_open(time.now()) then
    return nil, "the reception is closed; offer to take a message"
  end
  say(call, "One moment, I am putting you through to the reception.")
  local ok, why, code = call:transfer(RECEPTION)
  if not ok and code ~= "call_ended" then
    call:log("warning", "nobody was reached", { why = why, code = code })
    return nil, "nobody answers at the reception; offer to take a message"
  end
  return true
end

-- What the model may do -----------------------------------------------------------------------------------------------

---@class CallActions : moonline.Actions
local CallActions = {}

---Called when the caller wants an appointment. Use it only when you know the name, the day and the time that they wish.
---@param name string  Who comes
---@param day string   The day, as the caller said it
---@param time string  The time, or "morning" or "afternoon"
---@return string
function CallActions:request_appointment(name, day, time)
  self.call.state.appointment = { name = name, day = day, time = time }
  return "noted; the reception will send a text message to confirm it"
end

---Called when the caller leaves a message for the practice.
---@param name string     Who leaves it
---@param message string  What the practice shall know, in the caller's words
---@return string
function CallActions:take_message(name, message)
  self.call.state.message = { name = name, message = message }
  return "noted; somebody will ring back on the next working day"
end

---Called when the caller asks when the practice is open, or whether it is open now.
---@return table
function CallActions:opening_hours()
  return { hours = HOURS_IN_WORDS, open_now = is_open(time.now()) }
end

---Called when the caller wants to speak to a person.
---@return boolean?, string?
function CallActions:transfer_call()
  return put_through(self.call)
end

---Called when everything is said. Say goodbye before you use it.
function CallActions:end_call()
  self.call:hangup { reason = "served", after_playout = true }
end

-- The keys ------------------------------------------------------------------------------------------------------------

---Asks for a telephone number by keys, twice at most.
---@param call moonline.Call
---@return string? number
local function ask_for_number(call)
  local prompts = {
    "Please enter your telephone number with the keys, and then press the hash key.",
    "Sorry, that was no whole number. Please enter it once more, and then press the hash key.",
  }
  for _, prompt in ipairs(prompts) do
    -- Spoken beside: the first keys may come before the sentence is over.
    call:spawn(function() say(call, prompt) end)
    local number, why, code = call:gather_dtmf { max = 15, timeout = 10 }
    call:stop_speaking()
    if number and #number >= 7 then return number end
    if code == "call_ended" then return nil end
    call:log("info", "no number", { keys = number and #number or 0, why = why })
  end
end

---@type table<string, fun(call: moonline.Call)>
local keys = {}

keys["1"] = function(call)
  call:send_text("system", "The caller pressed the key for an appointment. You have asked for name, day and time.")
  say(call, "You would like an appointment. Please tell me your name, and which day and time suit you.")
end

keys["2"] = function(call)
  -- The model need not hear what is muttered over the keys.
  call:mute()
  local number = ask_for_number(call)
  call:unmute()
  if not number then
    say_menu(call, "I did not get your number. ")
    return
  end
  call.state.call_back = number
  call:send_text("system", "The caller has left the number " .. number .. " to be called back.")
  say(call, "Thank you. We will call you back at " .. number:gsub("%d", "%0 ") .. "as soon as we can. "
    .. "Is there anything else?")
end

keys["3"] = function(call) say_menu(call, HOURS_IN_WORDS .. " ") end

keys["*"] = function(call) say_menu(call, "") end

keys["0"] = function(call)
  local done = put_through(call)
  if not done then
    say_menu(call, "I am sorry, I cannot reach the reception now. ")
  end
end

-- What the host does at the events of a call -------------------------------------------------------------------------

return moonline.agent {
  name  = "receptionist",
  mode  = "realtime",
  voice = "marin",

  instructions = [[
You are the receptionist of a dental practice. Somebody has rung the practice. They were greeted, and were told that
they may press a key or say what they want. Be warm and brief: one or two short sentences at a time, in plain spoken
language, without lists.

- If they want an appointment, ask for their name and for the day and time that they wish, repeat them, and use
  request_appointment. You cannot see the calendar: never promise that a time is free.
- If they ask when the practice is open, look it up with opening_hours.
- If they want to speak to a person, use transfer_call. If it fails, offer to take a message, and use take_message.
- In an emergency with heavy bleeding or trouble breathing, tell them to ring the emergency number at once.
- When everything is settled, or they say goodbye, say a short goodbye and use end_call.
]],

  actions      = CallActions,
  idle_timeout = 8,
  fallback     = { say = "I am sorry, something is wrong with our telephone. I am putting you through.",
                   transfer_to = RECEPTION },

  -- One ring, so that nobody is startled by an answer before they hear one.
  on_incoming = function(call)
    call:log("info", "somebody calls", { from = call.from, open = is_open(time.now()) })
    return "ring", 3
  end,

  on_answered = function(call)
    if is_open(time.now()) then
      say_menu(call, "Hello, this is the dental practice. ")
    else
      say_menu(call, "Hello, this is the dental practice. We are closed at the moment. ")
    end
  end,

  -- Keys that call:gather_dtmf collects do not come here.
  on_dtmf = function(call, digit)
    call:stop_speaking()
    local choice = keys[digit]
    if choice then
      call.state.wrong_keys = 0
      choice(call)
      return
    end
    call.state.wrong_keys = (call.state.wrong_keys or 0) + 1
    if call.state.wrong_keys < 3 then
      say_menu(call, "Sorry, there is nothing behind that key. ")
    elseif say(call, "I am sorry that this does not work. Please call again. Goodbye.") then
      call:hangup { reason = "wrong keys" }
    end
  end,

  -- Neither a word nor a key for eight seconds. Who speaks into the goodbye stays.
  on_idle = function(call, count)
    if count == 1 then
      say_menu(call, "Are you still there? ")
    elseif say(call, "I cannot hear you. Please call again. Goodbye.") then
      call:hangup { reason = "nobody there" }
    end
  end,

  on_transfer = function(call, status, code)
    call:log("info", "transfer: " .. status, { code = code })
  end,

  on_error = function(call, err)
    call:log("error", err.message, { kind = err.kind, retryable = err.retryable })
  end,

  -- Always last, and once. The log gets no word of the caller's.
  on_hangup = function(call, reason)
    call:log("info", "the call has ended", { reason = reason, duration = call.duration })
    local state = call.state
    if not (state.appointment or state.call_back or state.message) then return end
    local kept, why = store.set("left:" .. call.id, {
      from = call.from, appointment = state.appointment, call_back = state.call_back, message = state.message,
    }, { ttl = 30 * 86400 })
    if not kept then
      call:log("error", "what the caller left is lost", { why = why })
    end
  end,
}

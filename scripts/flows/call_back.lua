-- The call-back: rings somebody who has asked for it, and leaves a message when a machine answers.
--
--     moonline dispatch create --new-room --agent-name call-back --metadata '{
--       "phone_number": "+15105550100", "name": "Jayden", "topic": "your question about braces",
--       "call_back_to": "+15105550199" }'
--
-- The callee has the first word: "hello?", or the greeting of a machine. A machine's greeting may have several
-- sentences, and a beep comes after it; the message begins when it has been quiet for a while.

local moonline = require "moonline"

-- So long is a machine quiet between its greeting and its beep at most. [s]
local QUIET = 2.5
-- So long may its greeting last from when it was recognised. [s]
local LONGEST_GREETING = 20

---Says something. That the callee cuts it short is no fault; what else goes wrong is worth a line in the log.
---@param call moonline.Call
---@param text string
---@param options? { interruptible: boolean }
---@return boolean heard  To its end
local function say(call, text, options)
  local heard, why, code = call:say(text, options)
  if not heard and code ~= "interrupted" and code ~= "call_ended" then
    call:log("warning", "not said", { why = why, code = code })
  end
  return heard == true
end

---@param call moonline.Call
---@return string
local function topic(call)
  return call.metadata.topic or "your request"
end

---The digits of a number one by one, so that they can be written down.
---@param number string
---@return string
local function digits(number)
  return (number:gsub("%D", ""):gsub("%d", " %0"))
end

---@param call moonline.Call
---@return string
local function message(call)
  local name, number = call.metadata.name, call.metadata.call_back_to
  local ask = number and ("Please ring us at" .. digits(number)) or "We will try again"
  return "Hello" .. (name and (" " .. name) or "") .. ", this is the dental practice. We are calling back about "
    .. topic(call) .. ". " .. ask .. ". Goodbye."
end

---Waits until the machine has said all that it has to say.
---@param call moonline.Call
---@return boolean quiet
local function wait_for_quiet(call)
  local state, give_up = call.state, moonline.now() + LONGEST_GREETING
  repeat
    moonline.sleep(0.2)
    if not state.speaking and moonline.now() - (state.stopped_at or 0) >= QUIET then return true end
  until moonline.now() >= give_up
  return false
end

-- What the model may do -----------------------------------------------------------------------------------------------

---@class CallActions : moonline.Actions
local CallActions = {}

---Called as soon as you notice that you hear a recorded greeting, and each time when it goes on. Say nothing then.
function CallActions:detected_answering_machine()
  local call, state = self.call, self.call.state
  if state.machine then
    -- The first one waits already. This one ends with the call, so that the model has nothing to say.
    moonline.sleep(LONGEST_GREETING)
    return
  end
  state.machine = true
  if wait_for_quiet(call) and say(call, message(call), { interruptible = false }) then
    call:hangup { reason = "message left" }
  else
    call:hangup { reason = "no message left" }
  end
end

---Called when the callee names a better time to be called.
---@param time string  The day and time, as they said it
---@return string
function CallActions:call_again(time)
  self.call.state.again = time
  self.call:log("info", "they wish to be called again")
  return "noted; say that somebody will call then"
end

---Called when the callee wants to go on with a person at the practice, which is what most call-backs are for.
---@return boolean?
---@return string? error
function CallActions:transfer_call()
  local target = self.call.metadata.call_back_to
  if not target then
    return nil, "nobody can be reached; ask when to call again"
  end
  say(self.call, "One moment, I am putting you through.")
  local ok, why, code = self.call:transfer(target)
  if not ok then
    self.call:log("warning", "not transferred", { why = why, code = code })
    return nil, "nobody answers there; ask when to call again"
  end
  return true
end

---Called when everything is said. Say goodbye before you use it.
function CallActions:end_call()
  self.call:hangup { reason = "talked", after_playout = true }
end

-- What the host does at the events of a call -------------------------------------------------------------------------

return moonline.agent {
  name  = "call-back",
  mode  = "realtime",
  voice = "marin",

  instructions = [[
You have rung somebody who asked a dental practice to call them back. They speak first, and you do not know yet whether
you hear a person or a machine.

- If you hear a recorded greeting ("you have reached", "not available", "leave a message", "after the tone"), use
  detected_answering_machine at once, and again whenever the greeting goes on. Never talk to a machine.
- If you hear a person, say that you are the assistant of the dental practice and call back as they wished. Ask whether
  they want to be put through now.
- If they do, use transfer_call. If another time suits them better, use call_again with it.
- When everything is said, or they say goodbye, say a short goodbye and use end_call.

Be polite, warm and brief.
]],

  actions      = CallActions,
  idle_timeout = 4,
  fallback     = "I am sorry, something went wrong here. We will call you again. Goodbye.",

  -- Nothing is said yet. With this handler the model does not begin by itself either.
  on_answered = function(call)
    local told, why = call:send_text("system", "You call back about " .. topic(call) .. ".")
    if not told then
      call:log("warning", "the model does not know the topic", { why = why })
    end
  end,

  on_speech_started = function(call)
    call.state.speaking = true
  end,

  on_speech_stopped = function(call)
    call.state.speaking = false
    call.state.stopped_at = moonline.now()
  end,

  -- Nobody has spoken for four seconds. Who speaks into the goodbye stays.
  on_idle = function(call, count)
    if count == 1 and not call.state.greeted then
      call.state.greeted = true
      say(call, "Hello, this is the dental practice. I am calling you back about " .. topic(call) .. ".")
    elseif count <= 2 then
      say(call, "Hello? Are you there?")
    elseif say(call, "I cannot hear you. We will call again. Goodbye.") then
      call:hangup { reason = "nobody there" }
    end
  end,

  on_error = function(call, err)
    call:log("error", err.message, { kind = err.kind, retryable = err.retryable })
  end,

  -- Always last, and once.
  on_hangup = function(call, reason)
    call:log("info", "the call has ended", { reason = reason, duration = call.duration, again = call.state.again })
  end,
}

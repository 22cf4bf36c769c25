-- The survey: asks a patient three questions after a visit, answered from one to five by word or by key.
--
--     moonline dispatch create --new-room --agent-name survey --metadata "+15105550100"
--
-- Every question is asked in the same words. The metadata may name whom to ask for, and what was visited:
--
--     { "phone_number": "+15105550100", "name": "Jayden", "about": "your visit to the dental practice" }
--
-- The answers are in the store when the call has ended, under `answers:` and the call's id.

local moonline = require "moonline"
local store = require "store"

local QUESTIONS = {
  "From one to five, where five is best: how friendly were we?",
  "From one to five, how content were you with the time that you waited?",
  "And from one to five, how likely is it that you recommend us?",
}
local THANKS = "That was all. Thank you very much for your time. Goodbye."
local GOODBYE = "No problem. Have a nice day. Goodbye."

---Says something. That the callee cuts it short is no fault; what else goes wrong is worth a line in the log.
---@param call moonline.Call
---@param text string
---@param options? { interruptible: boolean }
---@return boolean heard
local function say(call, text, options)
  local heard, why, code = call:say(text, options)
  if not heard and code ~= "interrupted" and code ~= "call_ended" then
    call:log("warning", "not said", { why = why, code = code })
  end
  return heard == true
end

---The question that waits for its answer; `nil` before the first and after the last.
---@param call moonline.Call
---@return string?
local function question(call)
  local answers = call.state.answers
  return answers and QUESTIONS[#answers + 1]
end

---@param call moonline.Call
---@return string first
local function begin(call)
  call.state.answers = call.state.answers or {}
  return question(call)
end

---@param call moonline.Call
---@param score integer
---@return string? next_question
local function record(call, score)
  table.insert(call.state.answers, score)
  return question(call)
end

---Ends the call with a last sentence, whatever the callee says or presses into it.
---@param call moonline.Call
---@param reason string
---@param text string
local function finish(call, reason, text)
  call.state.over = true
  say(call, text, { interruptible = false })
  call:hangup { reason = reason }
end

---@param call moonline.Call
---@param key string
---@param value any
local function keep(call, key, value)
  local kept, why = store.set(key, value)
  if not kept then
    call:log("error", "not kept", { key = key, why = why })
  end
end

-- What the model may do -----------------------------------------------------------------------------------------------

---@class CallActions : moonline.Actions
local CallActions = {}

---Called when the callee agrees to answer the questions. Returns the first one: ask it word for word.
---@return table
function CallActions:begin_survey()
  return { ask = begin(self.call) }
end

---Called when the callee has answered the question that was asked last. Returns the next one: ask it word for word.
---@param score 1|2|3|4|5  What they answered; ask again if it is no whole number from one to five
---@return table?
function CallActions:record_answer(score)
  if not question(self.call) then
    return { error = "no question was asked; use begin_survey when the callee agrees" }
  end
  local next_question = record(self.call, score)
  if next_question then
    return { ask = next_question }
  end
  finish(self.call, "all answered", THANKS)
end

---Called when the callee does not want to answer, or not now.
---@param never boolean  Whether they wish never to be asked again
function CallActions:decline_survey(never)
  self.call.state.never = never
  finish(self.call, "declined", never
    and "I understand, and we will not ask you again. Goodbye."
    or GOODBYE)
end

---Called when the call reached voicemail. Use it only after the whole greeting was heard.
function CallActions:detected_answering_machine()
  self.call:hangup { reason = "voicemail" }
end

-- What the host does at the events of a call -------------------------------------------------------------------------

return moonline.agent {
  name  = "survey",
  mode  = "realtime",
  voice = "marin",

  instructions = [[
You conduct a short telephone survey for a dental practice. You have already said who you are, and asked whether now is
a good time. Be friendly, brief and neutral: never comment on an answer, and never suggest one.

- If they agree, use begin_survey. It tells you the first question; ask it word for word.
- When they have answered with a number from one to five, use record_answer, and ask the question that it returns, word
  for word. If the answer is no such number, repeat the question.
- They may press a key instead. Then the answer is recorded, and the next question asked, without you.
- If they do not want to answer, or not now, use decline_survey at once. Do not try to persuade them.
- If you hear a recorded greeting or a beep, use detected_answering_machine after the greeting.
]],

  actions      = CallActions,
  idle_timeout = 8,
  fallback     = "I am sorry, something went wrong here. Thank you for your time. Goodbye.",

  -- Who asked for it is never rung again.
  on_dial = function(call)
    local never, why = store.get("never:" .. call.to)
    if why then
      call:log("error", "cannot look up whether they may be asked", { why = why })
    end
    if never or why then
      return false, never and "they wish not to be asked" or "nobody knows whether they may be asked"
    end
  end,

  on_answered = function(call)
    local name = call.metadata.name
    say(call, "Hello" .. (name and (", " .. name) or "") .. ", this is the dental practice. May I ask you three short "
      .. "questions about " .. (call.metadata.about or "your last visit") .. "? It takes a minute. "
      .. "Please say yes or no, or press one for yes and two for no.")
  end,

  -- One and two are yes and no until the survey begins; then keys are answers.
  on_dtmf = function(call, digit)
    if call.state.over then return end
    call:stop_speaking()
    local asked, score = question(call), tonumber(digit)
    if asked and score and score >= 1 and score <= 5 then
      asked = record(call, score)
      if not asked then
        finish(call, "all answered", THANKS)
        return
      end
    elseif asked then
      say(call, "Please press a key from one to five. " .. asked)
      return
    elseif digit == "1" then
      asked = begin(call)
    elseif digit == "2" then
      finish(call, "declined", GOODBYE)
      return
    else
      say(call, "Please press one for yes, or two for no.")
      return
    end
    call:send_text("system", "The callee answered by key, and you have asked: " .. asked)
    say(call, asked)
  end,

  -- Neither a word nor a key for eight seconds. Who speaks into the goodbye stays.
  on_idle = function(call, count)
    if count == 1 then
      say(call, "Are you still there? " .. (question(call) or "May I ask you three short questions?"))
    elseif say(call, "I cannot hear you. Perhaps another time. Goodbye.") then
      call:hangup { reason = "nobody there" }
    end
  end,

  on_error = function(call, err)
    call:log("error", err.message, { kind = err.kind, retryable = err.retryable })
  end,

  -- Always last, and once.
  on_hangup = function(call, reason)
    local answers = call.state.answers or {}
    call:log("info", "the call has ended", { reason = reason, duration = call.duration, answers = #answers })
    keep(call, "answers:" .. call.id, { to = call.to, answers = answers })
    if call.state.never then
      keep(call, "never:" .. call.to, true)
    end
  end,
}

-- The payment reminder: rings somebody who owes money, and may say so to nobody else.
--
--     moonline dispatch create --new-room --agent-name payment-reminder --metadata '{
--       "phone_number": "+15105550100", "name": "Jane Doe", "year_of_birth": 1984,
--       "company": "Northwind", "amount": "120 dollars and 50 cents", "due": "October 15",
--       "transfer_to": "+15105550199" }'
--
-- Two rules of the trade are kept by this script, and not left to the model:
--
-- 1. Nothing is said of the debt before the right person is confirmed, by their year of birth. The model itself does
--    not know of a debt until then: it gets other instructions and other actions when the disclosure was heard.
-- 2. The disclosure is heard in full before anything else is talked about. It cannot be interrupted, and that it was
--    heard to its end is what `call:say` returns; it is noted in `call.state`, in the log and in the store.

local moonline = require "moonline"
local store = require "store"
local time = require "time"

local ZONE = "America/Los_Angeles"
-- Between these hours somebody may be rung about a debt.
local FIRST_HOUR, LAST_HOUR = 8, 21
-- So far ahead may the promised day be. [days]
local LONGEST_DELAY = 14

local DISCLOSURE = "Thank you. This is an attempt to collect a debt, and any information that you give will be used "
  .. "for that purpose. You owe %s the amount of %s, which was due on %s."

local BEFORE = [[
You have rung somebody in a personal matter. You have already said who you are, and whom you wish to speak to. You do
not know what it is about, and say nothing of it to anybody. Be polite and brief.

- When they say that they are the person asked for, ask in which year they were born, to be sure. Then use
  confirm_identity.
- If it is somebody else, or the person cannot come to the telephone, use wrong_person.
- If they do not want to talk, say goodbye and use end_call.
- If you hear a recorded greeting or a beep, use detected_answering_machine. Leave no message.
]]

local AFTERWARDS = [[
You call on behalf of %s, and speak to %s, who owes %s since %s. They have just been told. Be polite, patient and brief;
never threaten, and never press.

- Ask when they can pay. When they name a day, use promise_payment with it; it tells you what to do if that is too late.
- If they say that they do not owe it, or have paid already, use dispute_debt. Do not argue.
- If they want to speak to a person, use transfer_call.
- When everything is said, or they say goodbye, say goodbye and use end_call.
]]

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

---Ends the call with a last sentence, whatever the callee says into it.
---@param call moonline.Call
---@param reason string
---@param text string
local function finish(call, reason, text)
  say(call, text, { interruptible = false })
  call:hangup { reason = reason }
end

-- What the model may do -----------------------------------------------------------------------------------------------

---@class CallActions : moonline.Actions
local CallActions = {}

local ACTIONS_BEFORE = { "confirm_identity", "wrong_person", "detected_answering_machine", "end_call" }
local ACTIONS_AFTERWARDS = { "promise_payment", "dispute_debt", "transfer_call", "end_call" }

---Tells the right person what it is about, and has the model go on from there.
---@param call moonline.Call
---@return string?
local function disclose(call)
  local about = call.metadata
  if not say(call, DISCLOSURE:format(about.company, about.amount, about.due), { interruptible = false }) then
    call:log("error", "the disclosure was not heard to its end")
    call:hangup { reason = "disclosure not heard" }
    return
  end
  call.state.disclosed_at = moonline.now()
  call:log("info", "the disclosure was heard to its end", { at = time.iso(call.state.disclosed_at, ZONE) })
  -- These two fail only when the call has ended.
  call:set_instructions(AFTERWARDS:format(about.company, about.name, about.amount, about.due))
  call:set_actions(ACTIONS_AFTERWARDS)
  return "They have been told what they owe and since when. Ask when they can pay."
end

---Called when the callee has said that they are the person asked for, and in which year they were born.
---@param year_of_birth integer
---@return string?
function CallActions:confirm_identity(year_of_birth)
  local call, state = self.call, self.call.state
  if year_of_birth == call.metadata.year_of_birth then
    return disclose(call)
  end
  state.attempts = (state.attempts or 0) + 1
  if state.attempts < 2 then
    return "That is not the year that we know. Ask once more."
  end
  finish(call, "not confirmed", "I am sorry, then I cannot tell you more. We will write to you. Goodbye.")
end

---Called when the person asked for is not there, or the number is not theirs.
function CallActions:wrong_person()
  finish(self.call, "wrong person", "I am sorry to have disturbed you. Goodbye.")
end

---Called when the callee names the day on which they will pay.
---@param date string  ISO 8601 (2026-12-01)
---@return string?
---@return string? error
function CallActions:promise_payment(date)
  local day, why = time.parse(date, "%Y-%m-%d", ZONE)
  if not day then
    return nil, "that is no date: " .. why
  end
  local now = time.now()
  if day < time.add(now, { days = -1 }, ZONE) or day > time.add(now, { days = LONGEST_DELAY }, ZONE) then
    return nil, "the day must be within two weeks from today; ask for another, or offer to speak to a person"
  end
  self.call.state.promised = date
  return "Noted. Thank them, and say that a letter will confirm it."
end

---Called when the callee says that they do not owe the money, or that they have paid it.
---@param reason string  In their words
function CallActions:dispute_debt(reason)
  self.call.state.disputed = reason
  finish(self.call, "disputed", "I have noted that. We will look into it, and nothing happens until you have heard "
    .. "from us by letter. Goodbye.")
end

---Called when the callee wants to speak to a person.
---@return boolean?
---@return string? error
function CallActions:transfer_call()
  local target = self.call.metadata.transfer_to
  if not target then
    return nil, "nobody can be reached; say that somebody will ring back"
  end
  say(self.call, "One moment, I am putting you through.")
  local ok, why, code = self.call:transfer(target)
  if not ok then
    self.call:log("warning", "not transferred", { why = why, code = code })
    return nil, "nobody answers there; say that somebody will ring back"
  end
  return true
end

---Called when everything is said, or the callee does not want to talk. Say goodbye before you use it.
function CallActions:end_call()
  self.call:hangup { reason = "talked", after_playout = true }
end

---Called when the call reached voicemail.
function CallActions:detected_answering_machine()
  self.call:hangup { reason = "voicemail" }
end

-- What the host does at the events of a call -------------------------------------------------------------------------

return moonline.agent {
  name  = "payment-reminder",
  mode  = "realtime",
  voice = "marin",

  instructions = BEFORE,
  actions      = CallActions,
  idle_timeout = 8,
  fallback     = "I am sorry, something went wrong here. Goodbye.",

  -- Nobody is rung at night, or without all that is needed to find out who answers and to tell them.
  on_dial = function(call)
    for _, field in ipairs { "name", "year_of_birth", "company", "amount", "due" } do
      if not call.metadata[field] then
        return false, "the metadata lack " .. field
      end
    end
    local hour = time.date(time.now(), ZONE).hour
    if hour < FIRST_HOUR or hour >= LAST_HOUR then
      return false, "not at this hour"
    end
    call:set_actions(ACTIONS_BEFORE)
  end,

  on_answered = function(call)
    say(call, "Hello, this is " .. call.metadata.company .. ". May I speak to " .. call.metadata.name .. ", please?")
  end,

  -- Nobody has spoken for eight seconds. Who speaks into the goodbye stays.
  on_idle = function(call, count)
    if count == 1 then
      say(call, "Are you still there?")
    elseif say(call, "I cannot hear you. We will call again. Goodbye.") then
      call:hangup { reason = "nobody there" }
    end
  end,

  on_error = function(call, err)
    call:log("error", err.message, { kind = err.kind, retryable = err.retryable })
  end,

  -- Always last, and once. Who was not confirmed, and said nothing, leaves nothing behind.
  on_hangup = function(call, reason)
    local state = call.state
    call:log("info", "the call has ended", { reason = reason, disclosed = state.disclosed_at ~= nil })
    if not state.disclosed_at then return end
    local kept, why = store.set("reminded:" .. call.id, {
      to = call.to, disclosed_at = state.disclosed_at, promised = state.promised, disputed = state.disputed,
    })
    if not kept then
      call:log("error", "what was agreed is lost", { why = why })
    end
  end,
}

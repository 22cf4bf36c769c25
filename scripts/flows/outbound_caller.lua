-- The outbound caller: rings a patient of a dental practice to confirm an appointment.
--
--     moonline dispatch create --new-room --agent-name outbound-caller --metadata "+15105550100"
--
-- Change this file, and the next call uses it. What the dispatch may say of the call, as a JSON object in its
-- metadata; each has a default:
--
--     { "phone_number": "+15105550100",      whom to ring
--       "patient_name": "Jayden",            whom to ask for
--       "appointment_day": "next Tuesday",   the appointment to confirm
--       "appointment_time": "3pm",
--       "transfer_to": "+15105550199" }      the person at the practice

local moonline = require "moonline"

-- What the model may do -----------------------------------------------------------------------------------------------
--
-- Every public function below is an action that the model can call. The comment above it is what the model is told of
-- it, and the annotations are the schema of its arguments: change them with care, they are part of the prompt.
-- `self.call` is the call. Names that begin with `_` are private.

---@class CallActions : moonline.Actions
local CallActions = {}

---Called when the callee asks for other appointment times. Tells which times are free on one day.
---@param date string  The day to look up, as the callee said it, or ISO 8601 (2026-12-01)
---@return table
function CallActions:look_up_availability(date)
  self.call:log("info", "looking up availability", { date = date })
  moonline.sleep(1.5)  -- stands for the practice's calendar; the conversation goes on meanwhile
  return { date = date, available_times = { "1pm", "2pm", "3pm" } }
end

---Called when the callee confirms an appointment. Use it only when both the day and the time are certain.
---@param date string  The day of the appointment
---@param time string  The time of the appointment
---@return string
function CallActions:confirm_appointment(date, time)
  self.call.state.booked = { date = date, time = time }
  self.call:log("info", "appointment confirmed", { date = date, time = time })
  return "reservation confirmed"
end

---Called when the callee asks to speak to a person. Confirm with the callee first that they want to be transferred.
---@return table?
function CallActions:transfer_call()
  local target = self.call.metadata.transfer_to
  if not target then
    return { error = "nobody can be reached right now; offer to have somebody call back" }
  end
  self.call:say("One moment, I am putting you through.")
  local ok, why = self.call:transfer(target)
  if not ok then
    return { error = why }
  end
end

---Called when the callee wants to end the call, or when everything is said. Say goodbye before you use it.
function CallActions:end_call()
  self.call:hangup { after_playout = true }
end

---Called when the call reached voicemail. Use it only after the whole greeting was heard.
function CallActions:detected_answering_machine()
  self.call:hangup { reason = "voicemail" }
end

-- What the host does at the events of a call -------------------------------------------------------------------------

---@param call moonline.Call
local function greet(call)
  local name = call.metadata.patient_name
  call:say(
    "Hello" .. (name and (", " .. name) or "") .. ", this is the scheduling assistant of the dental practice. "
    .. "I am calling about your appointment " .. (call.metadata.appointment_day or "next Tuesday")
    .. " at " .. (call.metadata.appointment_time or "3pm") .. ". Does that still suit you?")
end

return moonline.agent {
  name  = "outbound-caller",
  mode  = "realtime",
  voice = "marin",

  instructions = [[
You are a scheduling assistant for a dental practice. You are on the telephone with a patient whom you have just rung,
to confirm their appointment. Unless you greeted them with another day or time, the appointment is next Tuesday at 3pm.

You have already said who you are and what you call about; do not greet again. Be polite, warm and brief: one or two
short sentences at a time, in plain spoken language, without lists. Let the patient finish, and answer what they ask.

- If the appointment suits them, confirm it with confirm_appointment.
- If they want another day or time, ask which day, look it up with look_up_availability, and offer the times that are
  free. Never invent a time. When they have chosen one, confirm it with confirm_appointment and repeat day and time.
- If they want to speak to a person, ask whether you should put them through, and use transfer_call when they agree.
- If you hear a recorded greeting or a beep, use detected_answering_machine after the greeting.
- When everything is settled, or they say goodbye, say a short goodbye and use end_call.
]],

  actions = CallActions,

  -- The far end has answered, and audio flows in both directions.
  on_answered = greet,

  -- Somebody said something; for the agent, `text` is what the callee has really heard. Texts stay out of the log
  -- unless its level is debug: they are the callee's private matter.
  on_transcript = function(call, role, text, final)
    if final then
      call:log("debug", role .. ": " .. text)
    end
  end,

  -- The callee spoke while the agent did. The rest of the sentence was not heard.
  on_interrupted = function(call, heard, unheard)
    call:log("info", "interrupted", { heard_characters = #(heard or ""), unheard_characters = #(unheard or "") })
  end,

  -- The person to whom the call is transferred is being rung, has answered, or has not.
  on_transfer = function(call, status, code)
    call:log("info", "transfer: " .. tostring(status), { code = code })
  end,

  -- Always last, and once.
  on_hangup = function(call, reason)
    local booked = call.state.booked
    call:log("info", "the call has ended", {
      reason   = reason,
      duration = call.duration,
      booked   = booked and (booked.date .. " at " .. booked.time) or "nothing",
    })
  end,
}

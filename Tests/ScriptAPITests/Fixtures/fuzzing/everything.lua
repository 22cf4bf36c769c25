-- Uses every function that a call has, and all modules of the host.

local moonline = require "moonline"
local http     = require "http"
local json     = require "json"
local log      = require "log"
local store    = require "store"
local time     = require "time"
local list     = require "parts.list"

---@alias Visit "check"|"repair"|"other"

---@class Guest
---@field name string  Who comes
---@field age integer?  How old
---@field phones string[]

---@class CallActions : moonline.Actions
local CallActions = {}

---Books a table of times.
---@param date string  ISO 8601 (2026-12-01)
---@param people? integer  How many come
---@param kind Visit
---@param guests Guest[]
---@param extra table<string, number>?
function CallActions:book(date, people, kind, guests, extra)
  local at, why = time.parse(date)
  if not at then return { error = why } end
  local names = list.new()
  for _, guest in ipairs(guests) do
    names:add(guest.name .. "/" .. tostring(guest.age) .. "/" .. #guest.phones)
  end
  self.call.state.booked = { at = at, people = people or 1, kind = kind, names = tostring(names) }
  local kept, message, code = store.set("booking:" .. date, self.call.state.booked, { ttl = 3600 })
  if not kept then return { error = message, code = code } end
  local sum = 0
  for _, value in pairs(extra or {}) do sum = sum + value end
  return { when = time.format(at, "%A, %B %-d", "UTC"), sum = sum }
end

---Asks a web service.
---@param city string
---@return table
function CallActions:weather(city)
  local answer, why = http.get("https://weather.example/now", { query = { city = city }, timeout = 3 })
  if not answer then return { error = why } end
  if answer.json then return answer.json end
  local sent = http.post("https://weather.example/log", { json = { status = answer.status, none = json.null } })
  local other = http.request { method = "PUT", url = "https://weather.example/" .. city, body = answer.body }
  return { answer.status, sent and sent.status, other and other.status }
end

---Counts something.
---@param key string
---@param by number?
function CallActions:count(key, by)
  local sum = store.increment(key, by or 1)
  local keys = store.keys(key:sub(1, 3)) or {}
  local old = store.get(key)
  store.delete(keys[1] or key)
  return { sum = sum, keys = json.array(keys), old = old == nil and json.null or old }
end

---Other things.
---@param what "mute"|"hold"|"voice"|"actions"|"record"
function CallActions:change(what)
  local call = self.call
  if what == "mute" then
    call:mute()
    moonline.sleep(0.25)
    call:unmute()
  elseif what == "hold" then
    local ok, why, code = call:hold()
    call:unhold()
    return { ok, why, code }
  elseif what == "voice" then
    call:set_voice("cedar")
    call:set_instructions("Be brief.")
  elseif what == "actions" then
    call:set_actions { "book", "count" }
    call:set_actions(CallActions)
  else
    local path = call:record { path = "part.wav" }
    call:stop_recording()
    return path
  end
  return self:_done(what)
end

function CallActions:_done(what)
  return { done = what, at = time.iso(moonline.now(), "+02:00") }
end

---Ends the call.
function CallActions:end_call()
  self.call:hangup { reason = "done", after_playout = true }
end

local function greet(call)
  local started <close> = setmetatable({}, { __close = function(_, err) log.info("greeted", { err = tostring(err) }) end })
  local ok, why, code = call:say("Hello, " .. (call.metadata.name or "you") .. ".", { interruptible = false })
  if not ok then return call:log("warning", why, { code = code }) end
  call:play("chime.wav", { interruptible = true })
  call:reply { instructions = "Ask for the name." }
  call:wait_for_playout()
  local digits = call:gather_dtmf { max = 4, timeout = 2.5, terminator = "#" }
  call.state.digits = digits
  call:send_dtmf("12w#")
  call:send_text("system", "The digits are " .. tostring(digits))
  local timer = call:after(5, function() call:say("Are you still there?") end)
  call:spawn(function()
    for index = 1, 3 do
      moonline.sleep(index)
      log.debug("tick " .. index)
    end
  end)
  call:cancel_timer(timer)
  call:stop_speaking()
end

return moonline.agent {
  name         = "everything",
  mode         = "realtime",
  voice        = "marin",
  instructions = "Be brief." .. (moonline.env("PLACE") or ""),
  idle_timeout = 12.5,
  filler       = { after = 1.5, text = { "One moment, please.", "I am still looking." } },
  action_timeout = 20,
  fallback     = { say = "Sorry, please call again.", transfer_to = "+15105550199" },
  actions      = CallActions,

  on_dial = function(call)
    local last = store.get("last:" .. call.to)
    if last == call.metadata then return false, "called already" end
    return { headers = { ["X-Last"] = json.encode(last) }, caller_id = call.from, ring_timeout = 30 }
  end,
  on_ringing = function(call, early_media) call.state.early = early_media end,
  on_incoming = function(call) return call.from ~= "" and "answer" or "reject", 486 end,
  on_answered = greet,
  on_speech_started = function(call) call:mute() end,
  on_speech_stopped = function(call) call:unmute() end,
  on_transcript = function(call, role, text, final)
    if final then log.debug(role .. ": " .. text, { stats = call.stats, duration = call.duration }) end
  end,
  on_interrupted = function(call, heard, unheard)
    call.state.cut = (call.state.cut or 0) + #(heard or "") + #(unheard or "")
  end,
  before_llm = function(call, messages)
    messages[#messages + 1] = { role = "system", content = time.format(time.now(), "%H:%M") }
    return messages
  end,
  before_tts = function(call, text)
    local spoken = text:gsub("Dr%.", "Doctor"):gsub("(%d+)%%", "%1 percent")
    if spoken:find("^%s*$") then return nil end
    return { spoken = spoken, shown = text }
  end,
  on_function_call = function(call, name, args)
    if name == "end_call" and not call.state.booked then return false, "book first" end
    call:log("info", name, { args = args })
  end,
  on_function_result = function(call, name, result)
    local text = json.encode(result, { pretty = true })
    return json.decode(text)
  end,
  on_dtmf = function(call, digit, duration_ms)
    call.state.keys = (call.state.keys or "") .. digit
    if digit == "0" then
      local ok, why = call:transfer(call.metadata.transfer_to or "+15105550199", { mode = "cold" })
      log.warning(tostring(why), { ok = ok, ms = duration_ms })
    end
  end,
  on_answering_machine = function(call, kind)
    if kind ~= "human" then call:hangup { reason = kind } end
  end,
  on_idle = function(call, count)
    if count > 2 then call:hangup { reason = "idle" } else call:say("Hello?") end
  end,
  on_transfer = function(call, status, code) call.state.transfer = { status, code } end,
  on_error = function(call, err) log.error(err.message, { kind = err.kind, retryable = err.retryable }) end,
  on_hangup = function(call, reason)
    store.set("last:" .. call.to, { reason = reason, state = call.state, duration = call.duration })
    local date = time.date(call.started_at, "Europe/Berlin")
    date.zone = "Europe/Berlin"
    log.info(reason, { added = time.add(time.from(date), { months = 1, hours = -1 }), zone = time.zone() })
  end,
  on_handover = function(state)
    state.moved = (state.moved or 0) + 1
    return state
  end,
}

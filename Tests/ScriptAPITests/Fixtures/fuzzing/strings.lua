-- Patterns, formats, sorting, numbers at their ends, `load`, and `goto`.

local moonline = require "moonline"
local json     = require "json"

local digits <const> = { zero = 0, one = 1, two = 2, three = 3, four = 4, five = 5, six = 6, seven = 7 }

local function spoken_number(text)
  local number, found = 0, false
  for word in text:lower():gmatch("%a+") do
    local digit = digits[word]
    if digit then
      number = number * 10 + digit
      found = true
    end
  end
  return found and number or nil
end

local function trim(text) return text:match("^%s*(.-)%s*$") end

local function escape(text)
  return (text:gsub("[^%w]", function(character) return string.format("%%%02X", character:byte()) end))
end

local function hash(text)
  local value = 5381
  for index = 1, #text do
    value = (value << 5) + value ~ text:byte(index) & 0xFFFFFFFF
  end
  return value % 1000003
end

---@class CallActions : moonline.Actions
local CallActions = {}

---Reads a text.
---@param text string
---@param mode "number"|"escape"|"hash"|"words"|"bytes"
---@return any
function CallActions:read(text, mode)
  text = trim(text)
  if mode == "number" then
    return spoken_number(text) or tonumber(text) or math.tointeger(text) or json.null
  elseif mode == "escape" then
    return escape(text):rep(3, "-")
  elseif mode == "hash" then
    return { hash(text), hash(text:reverse()), hash(text:upper()) // 7, -hash(text) % 5, 2 ^ 0.5 }
  elseif mode == "words" then
    local words = {}
    for key, value in text:gmatch("(%w+)%s*=%s*(%b())") do words[key] = value end
    for at, word in text:gmatch("()(%f[%w]%w+)") do words[#words + 1] = word .. at end
    table.sort(words)
    return #words > 0 and table.concat(words, " ", 1, math.min(#words, 20)) or words
  end
  local codes = {}
  for position, code in utf8.codes(utf8.len(text) and text or "café") do
    codes[#codes + 1] = string.format("%d:U+%04X", position, code)
  end
  return codes
end

---Computes.
---@param formula string
function CallActions:compute(formula)
  local chunk, why = load("return " .. formula, "formula", "t", { math = math, string = string })
  if not chunk then return { error = why } end
  local ok, value = pcall(chunk)
  return { ok = ok, value = type(value) == "number" and value == value and value or tostring(value) }
end

---Numbers at their ends.
---@param number number
---@param step integer
function CallActions:numbers(number, step)
  local seen = {}
  local value = 1
  ::again::
  seen[#seen + 1] = string.format("%g %s", value, math.type(value))
  value = value * number
  if #seen < 12 then goto again end
  for index = 10, 1, (step == 0 and -1 or step) do seen[#seen + 1] = index end
  return {
    seen, math.maxinteger + 1 == math.mininteger, math.ult(step, -1), step // 1 | 0, string.pack("<i8", step):byte(1, -1),
  }
end

return moonline.agent {
  name = "strings",
  instructions = [[
Read what is said.
]],
  actions = CallActions,
  on_answered = function(call)
    local parts = {}
    for key, value in pairs(call.metadata) do parts[#parts + 1] = ("%s=%q"):format(key, tostring(value)) end
    table.sort(parts, function(left, right) return left > right end)
    call:say(table.concat(parts, "; "):sub(1, 200))
    call:say(select(2, pcall(string.rep, "ab", 20, ", ")))
  end,
  before_tts = function(call, text)
    return (text:gsub("%$(%d+)%.?(%d*)", function(whole, part) return whole .. " dollars " .. part end)
      :gsub("%s+", " "):gsub("(%a)%.(%a)%.", "%1 %2"))
  end,
  on_transcript = function(call, role, text, final)
    local at = 1
    while true do
      local from, to, word = text:find("([%a']+)", at)
      if not from then break end
      call.state[word:lower()] = (call.state[word:lower()] or 0) + to - from
      at = to + 1
    end
  end,
  on_dtmf = function(call, digit)
    call.state.keys = table.pack(string.byte((call.state.last or "") .. digit, 1, -1))
    call.state.last = table.concat(table.move({ "a", "b", "c" }, 1, 3, 2, { digit }), "", 1, 3)
  end,
  on_hangup = function(call, reason)
    print(reason, #reason, reason:len(), string.char(reason:byte(1, 3)), math.floor(call.duration or 0))
  end,
  on_handover = function(state) return state end,
}

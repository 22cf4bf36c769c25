-- Coroutines, metatables, variables that are closed, errors of all kinds, and waits in the middle of them.

local moonline = require "moonline"
local list     = require "parts.list"

local Stack = {}
Stack.__index = Stack
Stack.__len = function(stack) return stack.count end
Stack.__call = function(stack, ...) return stack:push(...) end
Stack.__unm = function(stack) return stack.count > 0 and stack[stack.count] or nil end
Stack.__lt = function(left, right) return left.count < right.count end
Stack.__close = function(stack) stack.count = 0 end
Stack.__pairs = function(stack)
  return function(_, index)
    index = (index or 0) + 1
    if index <= stack.count then return index, stack[index] end
  end, stack, nil
end

function Stack.new() return setmetatable({ count = 0 }, Stack) end

function Stack:push(...)
  for _, value in ipairs { ... } do
    self.count = self.count + 1
    self[self.count] = value
  end
  return self
end

local counter = setmetatable({}, {
  __index = function(table, key)
    rawset(table, key, 0)
    return 0
  end,
  __newindex = function(table, key, value) rawset(table, key, value) end,
})

local function permutations(values, n)
  n = n or #values
  if n <= 1 then
    coroutine.yield(values)
  else
    for index = 1, n do
      values[n], values[index] = values[index], values[n]
      permutations(values, n - 1)
      values[n], values[index] = values[index], values[n]
    end
  end
end

local function closing(call, name)
  return setmetatable({}, {
    __close = function(_, err)
      call.state.closed = (call.state.closed or "") .. name
      if name == "c" then error("closing " .. tostring(err), 0) end
    end,
  })
end

---@class CallActions : moonline.Actions
local CallActions = {}

---Permutes.
---@param values integer[]
function CallActions:permute(values)
  local seen = list.new()
  for permutation in coroutine.wrap(function() permutations(values) end) do
    seen:add(table.concat(permutation, ","))
    if seen.n % 4 == 0 then moonline.sleep(0.1) end
    if seen.n > 30 then break end
  end
  return { n = seen.n, last = seen[seen.n] }
end

---Fails in many ways.
---@param way integer
---@param text string?
function CallActions:fail(way, text)
  local stack <close> = Stack.new()
  stack(way, text, self.call.id)
  local a <close> = closing(self.call, "a")
  local b <close> = closing(self.call, way > 5 and "c" or "b")
  if way == 1 then error(text) end
  if way == 2 then error({ code = way, text = text }) end
  if way == 3 then error(setmetatable({}, { __tostring = function() return text end })) end
  if way == 4 then return { pcall(error, nil) } end
  if way == 5 then return { xpcall(function() return text .. nil end, function(m) return #tostring(m) end) } end
  if way == 6 then return self:fail(way - 1, text) end
  if way == 7 then return self:fail(way, text) end
  if way == 8 then return { select(way, text) } end
  local ok, why = pcall(function()
    local c <close> = closing(self.call, "d")
    moonline.sleep(1)
    error("after the wait")
  end)
  return { ok, why, #stack, -stack, Stack.new() < stack }
end

---@param call moonline.Call
local function workers(call)
  local threads = {}
  for index = 1, 4 do
    threads[index] = coroutine.create(function(given)
      local own <close> = closing(call, tostring(index))
      while given do
        counter[index] = counter[index] + given
        if index == 3 then moonline.sleep(given) end
        given = coroutine.yield(counter[index])
      end
      return "done"
    end)
  end
  for round = 1, 3 do
    for index, thread in ipairs(threads) do
      local ok, value = coroutine.resume(thread, round)
      call:log("debug", tostring(ok), { index = index, value = value, status = coroutine.status(thread) })
    end
  end
  for _, thread in ipairs(threads) do coroutine.close(thread) end
  call.state.counters = { table.unpack(counter) }
end

return moonline.agent {
  name = "coroutines",
  instructions = "Be brief.",
  actions = CallActions,
  on_answered = workers,
  on_transcript = function(call, role, text, final)
    local generator = coroutine.wrap(function()
      for word in text:gmatch("%S+") do coroutine.yield(word) end
    end)
    local words = {}
    for word in generator do
      words[#words + 1] = word
      if #words == 2 then call:wait_for_playout() end
    end
    table.sort(words, function(left, right) return #left < #right or #left == #right and left < right end)
    call.state.words = words
  end,
  on_dtmf = function(call, digit)
    call:spawn(function()
      local own <close> = closing(call, digit)
      call:after(tonumber(digit) or 1, function() call:spawn(function() call.state.spawned = digit end) end)
      moonline.sleep(2)
    end)
  end,
  on_idle = function(call, count)
    local co
    co = coroutine.create(function()
      local ok, why = coroutine.resume(co)
      return ok, why, coroutine.isyieldable(), coroutine.running() == co, count
    end)
    return { coroutine.resume(co) }
  end,
  on_hangup = function(call, reason)
    for key, value in pairs(Stack.new():push(reason, call.id)) do counter[key] = value end
    return next(counter)
  end,
  on_handover = function(state) return { words = state.words, closed = state.closed } end,
}

-- Lists, as a flow would keep them in a file of its own.

local list = {}
list.__index = list

function list.new(...)
  return setmetatable({ n = select("#", ...), ... }, list)
end

function list:add(value)
  self.n = self.n + 1
  self[self.n] = value
  return self
end

function list:map(fn)
  local result = list.new()
  for index = 1, self.n do
    result:add(fn(self[index], index))
  end
  return result
end

function list.__concat(left, right)
  local result = list.new(table.unpack(left, 1, left.n))
  for index = 1, right.n do
    result:add(right[index])
  end
  return result
end

function list.__eq(left, right)
  if left.n ~= right.n then return false end
  for index = 1, left.n do
    if left[index] ~= right[index] then return false end
  end
  return true
end

function list:each()
  return coroutine.wrap(function()
    for index = 1, self.n do
      coroutine.yield(index, self[index])
    end
  end)
end

function list:__tostring()
  local texts = {}
  for _, value in self:each() do
    texts[#texts + 1] = tostring(value)
  end
  return "[" .. table.concat(texts, ", ") .. "]"
end

return list

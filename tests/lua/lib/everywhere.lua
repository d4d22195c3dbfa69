-- everywhere(body): runs body(wait) with each way to wait, on each kind of
-- stack, while a crowd of other Gs runs and collects garbage. `wait(v)` waits
-- and gives v. Gives what body gave without any wait; raises an error that names
-- the wait and the stack under which it gave something else.
local tri = require "trilune"
local crowd = require "crowd"
local waits = require "waits"

local names = {}
for name in pairs(waits) do names[#names + 1] = name end
table.sort(names)

local stacks = {
  { "the caller's G", function(body, wait) return body(wait) end },
  { "a G", function(body, wait) return select(2, assert(tri.go(body, wait):join())) end },
  { "a coroutine", function(body, wait) return coroutine.wrap(body)(wait) end },
  { "three coroutines in a G", function(body, wait)
    local function nest(level)
      if level == 0 then return body(wait) end
      return coroutine.wrap(nest)(level - 1)
    end
    return select(2, assert(tri.go(nest, 3):join()))
  end },
}

local function text(...)
  local t = table.pack(...)
  for i = 1, t.n do t[i] = tostring(t[i]) end
  return table.concat(t, " ")
end

return function(body)
  local expected = text(body(function(v) return v end))
  local stop = crowd(100)
  for _, name in ipairs(names) do
    for _, stack in ipairs(stacks) do
      local got = text(stack[2](body, waits[name]))
      if got ~= expected then
        error(("with %s in %s: got '%s', not '%s'"):format(name, stack[1], got, expected), 2)
      end
    end
  end
  stop()
  return expected
end

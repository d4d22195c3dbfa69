-- Closures with upvalues, coroutines, varargs.
local rounds = tonumber(arg[1]) or 200

local function counter(from)
  local n = from
  return function() n = n + 1 return n end, function() return n end
end

local sum = 0
for _ = 1, rounds do
  local live = {}
  for i = 1, 10000 do
    local step, get = counter(i)
    step()
    live[i & 1023] = get
    sum = sum + get()
  end
  for i = 1, 500 do
    local co = coroutine.wrap(function(...)
      local all = {...}
      coroutine.yield(#all)
      return all[1]
    end)
    sum = sum + co(i, i, i) + co()
  end
end
print("result=" .. sum)

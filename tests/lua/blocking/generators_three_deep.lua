-- Every wait works in generators made with coroutine.wrap, three deep, between their yields.
package.path = "../lib/?.lua;" .. package.path
local everywhere = require "everywhere"
print(everywhere(function(wait)
  local function numbers(n)
    return coroutine.wrap(function() for i = 1, n do coroutine.yield(wait(i)) end end)
  end
  local function twice(from)
    return coroutine.wrap(function() for i in from do wait() coroutine.yield(i) coroutine.yield(wait(i)) end end)
  end
  local function named(from)
    return coroutine.wrap(function() for i in from do coroutine.yield(wait("n") .. wait(i)) end end)
  end
  local log = {}
  for s in named(twice(numbers(3))) do log[#log + 1] = wait(s) end
  return table.concat(log, " ")
end))
--> n1 n1 n2 n2 n3 n3

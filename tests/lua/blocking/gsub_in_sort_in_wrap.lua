-- Every wait works in a gsub callback inside a sort comparator inside a generator.
package.path = "../lib/?.lua;" .. package.path
local everywhere = require "everywhere"
print(everywhere(function(wait)
  local function value(word)
    local v
    word:gsub("%d+", function(d) v = wait(tonumber(d)) end)
    return v
  end
  local function sorted(words)
    return coroutine.wrap(function()
      table.sort(words, function(a, b) return value(a) < value(b) end)
      for _, w in ipairs(words) do coroutine.yield(wait(w)) end
    end)
  end
  local log = {}
  for w in sorted { "c30", "a1", "b200" } do log[#log + 1] = w end
  return table.concat(log, " ")
end))
--> a1 c30 b200

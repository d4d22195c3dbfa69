-- A pipeline: each stage is a goroutine, each arrow a channel.
--
--   numbers -> square -> keep the even ones -> add up
--
-- The stages run at the same time. A full channel makes the stage before it
-- wait. Closing the first channel ends all stages, one after the other.
--
-- Run it: trilune pipeline.lua [how many numbers]
local tri = require "trilune"
local count = tonumber((...)) or 10

-- A stage runs `body(emit)` in a goroutine. Returns the channel that receives
-- what the body emits. The channel is closed when the body ends.
local function stage(body)
  local out = tri.chan(4)
  tri.go(function()
    body(function(v) out:send(v) end)
    out:close()
  end)
  return out
end

local function numbers(n)
  return stage(function(emit)
    for i = 1, n do emit(i) end
  end)
end

local function map(input, f)
  return stage(function(emit)
    for v in input:iter() do emit(f(v)) end
  end)
end

local function filter(input, keeps)
  return stage(function(emit)
    for v in input:iter() do
      if keeps(v) then emit(v) end
    end
  end)
end

local squares = map(numbers(count), function(v) return v * v end)
local even = filter(squares, function(v) return v % 2 == 0 end)

local sum, shown = 0, {}
for v in even:iter() do
  sum = sum + v
  if #shown < 8 then shown[#shown + 1] = v end
end
print(("even squares up to %d^2: %s%s"):format(count, table.concat(shown, ", "), #shown == 8 and ", ..." or ""))
print(("their sum: %d"):format(sum))

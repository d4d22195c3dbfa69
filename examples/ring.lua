-- A ring of goroutines passes a token round. It measures what a switch costs.
--
-- Run it: trilune ring.lua [goroutines] [rounds]
local tri = require "trilune"
local size, rounds = ...
size, rounds = tonumber(size) or 10000, tonumber(rounds) or 20

local started = tri.now()
local first = tri.chan()
local input = first
for _ = 1, size - 1 do
  local from, to = input, tri.chan()
  tri.go(function()
    for token in from:iter() do to:send(token + 1) end
    to:close()
  end)
  input = to
end
local made = tri.now()

local token = 0
for _ = 1, rounds do
  first:send(token + 1)
  token = input:recv()
end
local passed = tri.now()
first:close()

print(("%d goroutines in a ring, %d rounds"):format(size, rounds))
print(("the token was passed on %d times"):format(token))
print(("made in %.0f ms, %.2f us each"):format((made - started) * 1e3, (made - started) / size * 1e6))
print(("passed in %.0f ms, %.2f us each"):format((passed - made) * 1e3, (passed - made) / token * 1e6))

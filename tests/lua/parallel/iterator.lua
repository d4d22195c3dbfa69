-- The list may be an iterator; it is called as results are wanted, so that only
-- a few chunks are on their way.
local par = require "trilune.parallel"
local tri = require "trilune"

local upper = par.map(string.upper, ("some words to shout"):gmatch "%a+")
print(table.concat(upper, " "))  --> SOME WORDS TO SHOUT

local given, taken = 0, tri.channel(1000)
local most = 0
local function numbers()
  if given == 500 then return nil end
  given = given + 1
  most = math.max(most, given - #taken)
  return given
end
par.foreach(function() taken:send(true) end, numbers, {chunk = 1, workers = 2})
print(given, #taken, most <= 4)  --> 500 500 true

-- One that waits.
local ch = tri.channel(0)
tri.go(function()
  for i = 1, 20 do ch:send(i) end
  ch:close()
end)
print(par.reduce(function(a, b) return a + b end, ch:iter()))  --> 210

-- Its error ends the call.
local i = 0
print(pcall(par.map, tostring, function()
  i = i + 1
  if i == 50 then error("no more", 0) end
  return i
end))  --> false no more

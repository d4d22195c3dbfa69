-- A pool that nobody closed is collected, and its workers end.
local par = require "trilune.parallel"
local tri = require "trilune"

local handle = tri.channel(1)
local function use()
  local pool = par.pool {workers = 2}
  assert(#pool:map(tostring, {1, 2, 3}) == 3)
  -- Each worker keeps something that tells of its end.
  pool:foreach(function()
    Ended = setmetatable({}, {__gc = function() handle:trysend(true) end})
  end, {1}, {chunk = 1})
end
use()
collectgarbage()
collectgarbage()
print(handle:recv())  --> true true

-- A finalizer uses a channel until the channel's own handle is finalized.
local tri = require "trilune"
local ch = tri.channel(1)
do
  local kept <const> = setmetatable({}, { __gc = function() assert(ch:trysend("from a finalizer")) end })
end
collectgarbage() collectgarbage()
print(ch:recv())                      --> from a finalizer true
resurrect = setmetatable({ tri.channel(1) }, { __gc = function(t)
  print(pcall(t[1].trysend, t[1], 1))
end })
resurrect = nil
collectgarbage()                      --> true true

-- A receiver that is cancelled after a sender met it either has the value or the sender's value goes on.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local got, lost = 0, 0
for i = 1, 2000 do
  local ch = tri.chan()
  local g = parked(tri.go(function()
    local ok, v = pcall(ch.recv, ch)
    if ok then assert(v == i) got = got + 1 end
    return ok
  end))
  local sent = ch:trysend(i)
  g:cancel()
  local _, received = g:join()
  if sent and not received then lost = lost + 1 end
end
print(got, lost)     --> 2000 0

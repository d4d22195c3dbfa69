-- Sleeps longer than the clock can tell are sleeps: they can be cancelled and do not end.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local gs = {}
for i, s in ipairs { 1e9, 1e12, 1e18, 1e300, math.huge, math.maxinteger } do
  gs[i] = parked(tri.go(tri.sleep, s))
end
tri.sleep(0.01)
for i, g in ipairs(gs) do
  assert(g:status() == "waiting", i)
  g:cancel()
  local ok, e = g:join()
  assert(ok == false and e == "cancelled")
end
print(#gs)   --> 6

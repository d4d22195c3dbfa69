-- tick receives tri.now() each period, never earlier than the period says.
local tri = require "trilune"
local before = tri.now()
local tick = tri.tick(0.005)
local last = before
for i = 1, 10 do
  local t, ok = tick:recv()
  assert(ok == true and math.type(t) == "float")
  assert(t > last and t <= tri.now())
  assert(t - before >= i * 0.005, i)
  last = t
end
tick:stop()
print(tick:recv(0.03))   --> nil nil timeout

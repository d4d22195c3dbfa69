-- Fifty Gs select over ten shared channels: no value is lost, none is given twice.
local tri = require "trilune"
local chans, seen, received, gs = {}, {}, 0, {}
for i = 1, 10 do chans[i] = tri.chan(i % 3) end
local stop = tri.chan()
for i = 1, 25 do
  gs[i] = tri.go(function()
    for n = 1, 100 do
      local cases = {}
      for k, ch in ipairs(chans) do cases[k] = { ch, "send", i * 1000 + n } end
      tri.select(cases)
      if n % 10 == 0 then tri.yield() end
    end
  end)
end
local receivers = {}
for i = 1, 25 do
  receivers[i] = tri.go(function()
    while true do
      local cases = { { stop } }
      for k, ch in ipairs(chans) do cases[k + 1] = { ch } end
      local k, v = tri.select(cases)
      if k == 1 then return end
      assert(not seen[v])
      seen[v] = true
      received = received + 1
    end
  end)
end
for _, g in ipairs(gs) do assert(g:join()) end
while received < 2500 do tri.yield() end
stop:close()
for _, g in ipairs(receivers) do assert(g:join()) end
print(received)   --> 2500
--! both-channels

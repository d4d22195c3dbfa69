-- Cancelled before it ran, a program never runs, or raises at its first wait.
local tri = require "trilune"
local ran = tri.channel(1000)
for i = 1, 200 do
  local g = tri.spawn(function(ran) require("trilune").sleep(1000) ran:send(1) end, ran)
  assert(g:cancel("why") == true)
  local ok, e = g:join()
  assert(ok == false and e == "why", e)
end
-- Whatever the reason is.
for i = 1, 50 do
  local g = tri.spawn(function(ran) require("trilune").sleep(1000) ran:send(1) end, ran)
  assert(g:cancel { code = i } == true)
  local ok, e = g:join()
  assert(ok == false and e.code == i)
end
for i = 1, 50 do
  local g = tri.spawn(function() require("trilune").sleep(1000) end)
  g:cancel()
  assert(select(2, g:join()) == "cancelled")
end
print(#ran)   --> 0

-- Inside trilune.shield a cancelled G computes and waits on; at its end the reason is raised.
--! options --procs 1 --slice 1ms
local tri = require "trilune"
local done, waited, after = 0, false, false
local g = tri.go(function()
  tri.shield(function()
    tri.self():cancel("reason")
    for i = 1, 3e6 do done = i end
    waited = pcall(tri.sleep, 0.001)
    for i = 1, 1e6 do done = done + 1 end
  end, 60)
  tri.sleep(10)
  after = true
end)
print(g:join())                                --> false reason
print(done, waited, after)                     --> 4000000 true false
-- Cancelled by another G while it computes in the shield; then it never waits.
done = 0
local h = tri.go(function()
  tri.shield(function()
    while done < 20 do tri.sleep(0.001) for i = 1, 1e4 do end done = done + 1 end
  end, 60)
  while true do pcall(next) end
end)
tri.sleep(0.005)
h:cancel("other")
print(h:join())                                --> false other
print(done)                                    --> 20

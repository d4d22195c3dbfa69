-- Everything that may need one more thread, at once; it must work or raise without one.
local tri = require "trilune"
local function locked()
  local ok, err = pcall(tri.lockthread)
  for _ = 1, 3 do tri.sleep(0.002) end
  if ok then
    tri.unlockthread()
  elseif not err:find "cannot lock the thread: no other can be started for the other goroutines: " then
    error(err)
  end
end
local function compute(seconds)
  local late = tri.now() + seconds
  while tri.now() < late do end
end
local gs = {}
local function go(...) gs[#gs + 1] = tri.go(...) end
local function spawn(...) gs[#gs + 1] = tri.spawn(...) end
for _ = 1, 3 do go(locked) end
go(compute, 0.03)
go(function() for _ = 1, 5 do tri.sleep(0.002) end end)
go(function() assert(io.popen("sleep 0.03; echo piped"):read() == "piped") end)
for _ = 1, 3 do
  spawn(function(compute)
    local tri = require "trilune"
    compute(0.02)
    tri.sleep(0.002)
    assert(io.popen("sleep 0.01; echo piped"):read() == "piped")
  end, compute)
end
spawn(function(locked) locked() end, locked)
spawn(locked)
for i, g in ipairs(gs) do
  local ok, err = g:join()
  if not ok then error(i .. ": " .. tostring(err)) end
end
print "done"

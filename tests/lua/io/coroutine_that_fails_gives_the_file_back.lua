-- A coroutine that fails in a function of io, and is not closed, keeps no file
-- and no turn of a standard file from others. Closed later, it ends no use of
-- another's.
local tri = require "trilune"
local f = io.popen("echo one; echo two; echo three; sleep 0.05; echo four")
local function fail() f:read("l", "bad") end
local first, second = coroutine.create(fail), coroutine.create(fail)
print(coroutine.resume(first)) --> false coroutine_that_fails_gives_the_file_back.lua:6: bad argument #2 to 'read' (invalid format)
print(f:read()) --> two
print((coroutine.resume(second))) --> false
local reader = tri.go(f.read, f)
tri.yield()
print((coroutine.close(first)), (coroutine.close(second))) --> false false
local behind = tri.go(f.read, f)
print(reader:join()) --> true four
print(behind:join()) --> true nil
print(f:close()) --> true exit 0

-- Handed over by the failure.
local go_on = os.tmpname()
os.remove(go_on)
local g = io.popen("echo one; until [ -e " .. go_on .. " ]; do sleep 0.01; done; echo two; echo three")
local failing = tri.go(function()
  local co = coroutine.create(function() g:read("l", "l", "bad") end)
  local ok = coroutine.resume(co)
  return ok, g:read()
end)
tri.yield()
local waiting = tri.go(g.read, g)
tri.yield()
io.open(go_on, "w"):close()
print(waiting:join()) --> true three
print(failing:join()) --> true false nil
print(g:close()) --> true exit 0
os.remove(go_on)

-- The turn: another isolate prints.
local write = coroutine.create(function() io.write("half a line", {}) end)
print((coroutine.resume(write))) --> half a linefalse
print(tri.spawn(function() print("another") end):join()) --> another
--> true
print((coroutine.close(write))) --> false

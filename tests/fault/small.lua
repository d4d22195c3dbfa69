-- A little of everything that takes memory. Each failure must come here as an error.
local tri = require "trilune"
local sync = require "trilune.sync"
local dict = require "trilune.dict"

local function join(g, ...)
  local results = table.pack(g:join(...))
  if not results[1] then error(results[2], 0) end
  return table.unpack(results, 2, results.n)
end

-- Gs, with their stacks and without, timers and timed waits.
local ch = tri.chan(2)
tri.group(function(group)
  for _ = 1, 40 do
    group:go(function()
      assert(("a"):gsub("a", function() return (ch:recv(60)) end) == "b")
    end)
  end
  tri.yield()
  for _ = 1, 40 do ch:send("b", 60) end
end)
local timer = tri.after(0.0001)
timer:recv()
timer:reset(60)
timer:stop()
tri.shield(function() tri.sleep(0.0001) end, 60)
assert(tri.select { { ch }, timeout = 0.0001 } == "timeout")

-- Coroutines, groups, errors with their tracebacks.
for _ = 1, 3 do
  local co = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end)
  co() co()
end
assert(tri.group(function(g) return g:go(function() return 1 end):join() end))
local ok, e = tri.go(function() error "expected" end):join()
assert(not ok)
if not e:find "expected" then error(e, 0) end

-- Messages, shared channels, dictionaries.
local shared = tri.channel(4)
shared:send { 1, "two", { three = 3, text = ("x"):rep(20000) }, print }
assert(#shared:recv()[3].text == 20000)
shared:send { shared }
shared:recv()
local d = dict.open("d", { size = 65536 })
assert(d:set("k", ("v"):rep(1000)))
assert(d:get "k" == ("v"):rep(1000))
local m = sync.mutex()
m:lock() m:unlock()

-- Another isolate.
local g = tri.spawn(function(c)
  local t = {}
  for i = 1, 1000 do t[i] = { i } end
  return c:recv() .. #t
end, shared)
shared:send "n"
assert(join(g, 60) == "n1000")
local failed, why = tri.spawn(function() error "expected" end):join(60)
assert(failed == false)
if not why:find "expected" then error(why, 0) end
tri.procs(tri.procs() + 1)
tri.preload { "string", spares = 1 }
local sleeper = tri.spawn(function() require "trilune".sleep(60) end)
sleeper:cancel { "expected" }
failed, why = sleeper:join(60)
assert(failed == false)
if type(why) ~= "table" or why[1] ~= "expected" then error(why, 0) end

-- A heap that grows, and files.
local t = {}
for i = 1, 3000 do t[i] = { tostring(i) } end
local s = ("y"):rep(100000)
assert(load("return '" .. s .. "'")() == s)
local file = assert(io.open("/dev/null", "w"))
assert(file:write(s))
file:close()
local lines = assert(io.open(arg[0]))
assert(#lines:read "a" > 1000)
lines:close()
tri.stats()
print "ok"

-- A suspended coroutine goes on where it was: the arguments of tri.go are what
-- its yield gives, as with resume. pcalls and close variables around are kept.
local tri = require "trilune"
local co = coroutine.create(function(a)
  local x <close> = setmetatable({}, { __close = function() io.write("closed ") end })
  local ok, e = pcall(function()
    local b, c = coroutine.yield(a)
    tri.sleep(0)
    coroutine.yield()
    error(a .. b .. tostring(c), 0)
  end)
  return ok, e
end)
print(coroutine.resume(co, "a"))           --> true a
local g
tri.atomic(function()
  g = tri.go(co, "b")
  print(g:status(), coroutine.status(co))  --> runnable normal
end)
print(g:join())                            --> closed true false abnil
print(coroutine.status(co))                --> dead
-- More arguments than a C function has room for.
co = coroutine.create(function() return select("#", coroutine.yield()) end)
coroutine.resume(co)
local many = {}
for i = 1, 200 do many[i] = i end
print(tri.go(co, table.unpack(many)):join())   --> true 200
-- In a generator, a thread of coroutine.wrap as well.
local thread
local f = coroutine.wrap(function() thread = coroutine.running() coroutine.yield() return "wrapped" end)
f()
print(tri.go(thread):join())               --> true wrapped
print(pcall(f))                            --> false cannot resume dead coroutine

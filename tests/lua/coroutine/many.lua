-- Ten thousand coroutines as goroutines; dropped ones are collected.
local tri = require "trilune"
local n, sum = 10000, 0
local function add(i) coroutine.yield() sum = sum + i tri.sleep(0) coroutine.yield() sum = sum + i end
local gs = {}
for i = 1, n do gs[i] = tri.go(coroutine.create(add), i) end
for i = 1, n do gs[i]:join() end
print(sum == n * (n + 1))                         --> true
gs = nil
local dead = setmetatable({}, { __mode = "k" })
for i = 1, 100 do
  local co = coroutine.create(add)
  dead[co] = true
  tri.go(co, i)
end
while tri.stats().goroutines > 1 do tri.sleep(0) end
collectgarbage()
collectgarbage()
print(next(dead) == nil)                          --> true
-- A finalizer resumes a coroutine just as it becomes a goroutine, or runs it to
-- its end: either is an error, nothing breaks.
local outcomes = {}
for round = 1, 200 do
  local co = coroutine.create(function() coroutine.yield() end)
  setmetatable({}, { __gc = function() coroutine.resume(co) coroutine.resume(co) end })
  local garbage = {}
  for i = 1, round do garbage[i] = {} end
  local ok, g = pcall(tri.go, co)
  if ok then g:join() elseif not tostring(g):find("the coroutine is dead") then print(g) end
end
print("done")                                     --> done

-- No goroutine outlives its scheduler's call: when the caller is cancelled, all
-- that are left are cancelled and waited for.
local tri = require "trilune"
local never, closed, started = tri.chan(), {}, 0
local function task(name)
  return coroutine.create(function()
    local x <close> = setmetatable({}, { __close = function(_, e) closed[#closed + 1] = name .. ":" .. e end })
    started = started + 1
    never:recv()
  end)
end
local list = { task("a"), coroutine.create(function() return "over" end), task("b") }
local g = tri.go(tri.scheduler, list)
while started < 2 do tri.yield() end
g:cancel("enough")
print(g:join())                                   --> false enough
print(table.concat(closed, " "))                  --> a:cancelled b:cancelled
for i = 1, 3 do io.write(coroutine.status(list[i]), " ") end
print()                                           --> dead dead dead

-- One that fails leaves the others alone.
local results = tri.scheduler{
  coroutine.create(function() error("one", 0) end),
  coroutine.create(function() coroutine.yield() coroutine.yield() return "two" end) }
print(results[1][2], results[2][2])               --> one two

-- A list that is bad half way: what has been started is ended.
local once = task("c")
closed = {}
print(pcall(tri.scheduler, { once, once }) == false, coroutine.status(once), #closed)   --> true dead 0

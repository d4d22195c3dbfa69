--! both-channels
-- select waits for the ends of goroutines: {g} gives what g:join() gives.
local tri = require "trilune"
local never = tri.chan()

local ready = tri.go(function() return 1, nil, 3 end)
ready:join()
print(tri.select{ { never }, { ready } })           --> 2 true 1 nil 3
print(tri.select{ { ready, "join" }, default = true }) --> 1 true 1 nil 3

local gate = tri.chan()
local waits = tri.go(function() return gate:recv() end)
print(tri.select{ { waits }, { never }, default = true })  --> default
print(tri.select{ { waits }, { never }, timeout = 0 })     --> timeout
tri.go(function() gate:send("value") end)
print(tri.select{ { never }, { waits }, { never } })       --> 2 true value true

local nothing = tri.go(function() end)
print(tri.select{ { nothing } })    --> 1 true

-- An error is seen by that: nothing is reported.
local fails = tri.go(function() error("failed", 0) end)
print(select("#", tri.select{ { never }, { fails } }) >= 3)   --> true
local object = setmetatable({}, { __tostring = function() return "object" end })
fails = tri.go(function() error(object) end)
local i, ok, e = tri.select{ { fails }, { never } }
print(i, ok, e == object)           --> 1 false true

-- One that is cancelled, before it runs and while it waits.
local g = tri.go(print, "never")
g:cancel("early")
print(tri.select{ { g } })          --> 1 false early
g = tri.go(tri.sleep, 1000)
tri.yield()
tri.go(function() g:cancel("late") end)
i, ok, e = tri.select{ { never }, { g } }
print(i, ok, e)                     --> 2 false late

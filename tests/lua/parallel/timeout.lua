-- A call that takes too long gives nil, "timeout"; its workers have ended.
local par = require "trilune.parallel"
local tri = require "trilune"

local function loop() while true do end end
print(par.map(loop, {1, 2, 3}, {timeout = 0.02}))  --> nil timeout
print(par.foreach(loop, {1, 2, 3}, {timeout = 0.02}))  --> nil timeout
print(par.reduce(loop, {1, 2, 3}, nil, {timeout = 0.02}))  --> nil timeout
print(par.map(loop, {1}, {timeout = 0}))  --> nil timeout
print(#par.map(tostring, {1, 2}, {timeout = math.huge}))  --> 2
print(#par.map(tostring, {1, 2}, {timeout = 60}))  --> 2
-- Also when there always is an answer, and the list does not end.
print(par.foreach(function() end, function() return 1 end, {timeout = 0.02, chunk = 1}))  --> nil timeout
local list = setmetatable({}, {
  __len = function() return 1 << 20 end,
  __index = function(_, i) tri.yield() return i end,
})
print(par.map(function() end, list, {timeout = 0.02, chunk = 1}))  --> nil timeout
print(par.foreach(tostring, par.range(1, 1 << 40), {timeout = 0.02, chunk = 100}))  --> nil timeout

local pool <close> = par.pool {workers = 2}
print(pool:map(loop, {1, 2, 3}, {timeout = 0.02}))  --> nil timeout
print(#pool:map(tostring, {1, 2}))  --> 2

-- Waiting for the pool counts.
local started = tri.channel(1)
local user = tri.go(function()
  pool:foreach(function(v)
    started:send(v)
    loop()
  end, {1, 2})
end)
started:recv()
print(pool:map(tostring, {1}, {timeout = 0.01}))  --> nil timeout
user:cancel()
print(user:join())  --> false cancelled

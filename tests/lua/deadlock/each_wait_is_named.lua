-- The dump names what each G waits for.
--! exit 2
--! stderr ^goroutine 1 \[waitgroup wait, \d+ ms\]:$
--! stderr ^goroutine 2 \[chan recv, \d+ ms\]:$
--! stderr ^goroutine 3 \[chan send, \d+ ms\]:$
--! stderr ^goroutine 4 \[select, \d+ ms\]:$
--! stderr ^goroutine 5 \[join, \d+ ms\]:$
--! stderr ^goroutine 6 \[mutex lock, \d+ ms\]:$
--! stderr ^goroutine 7 \[rwmutex lock, \d+ ms\]:$
--! stderr ^goroutine 8 \[rwmutex rlock, \d+ ms\]:$
--! stderr ^goroutine 9 \[semaphore acquire, \d+ ms\]:$
--! stderr ^goroutine 10 \[cond wait, \d+ ms\]:$
--! stderr ^goroutine 11 \[once, \d+ ms\]:$
--! stderr ^goroutine 12 \[group wait, \d+ ms\]:$
local tri = require "trilune"
local sync = require "trilune.sync"
local ch, main = tri.chan(), tri.self()
local m, free, rw, once = sync.mutex(), sync.mutex(), sync.rwmutex(), sync.once()
local s, wg = sync.semaphore(1), sync.waitgroup()
m:lock() rw:lock() wg:add()
tri.go(function() ch:recv() end)
tri.go(function() tri.chan():send(1) end)
tri.go(function() tri.select { { tri.chan() }, { tri.chan(), "send", 1 } } end)
tri.go(function() main:join() end)
tri.go(function() m:lock() end)
tri.go(function() rw:lock() end)
tri.go(function() rw:rlock() end)
tri.go(function() s:acquire(2) end)
tri.go(function() free:lock() sync.cond(free):wait() end)
local once_runs = false
local function run_once() once_runs = true ch:recv() end
tri.go(function() while not once_runs do tri.yield() end once:call(print) end)
tri.go(function() tri.group(function(group) group:go(once.call, once, run_once) end) end)
wg:wait()

-- What tri.go, group:go and tri.scheduler refuse, in words.
local tri = require "trilune"
local function try(f, ...) print((select(2, pcall(f, ...)))) end
local dead = coroutine.create(function() end)
coroutine.resume(dead)
try(tri.go, dead)                             --> bad argument #1 to 'trilune.go' (the coroutine is dead)
try(tri.go, coroutine.running())              --> bad argument #1 to 'trilune.go' (the coroutine is running)
local outer
outer = coroutine.create(function()
  coroutine.resume(coroutine.create(function() try(tri.go, outer) end))
end)
coroutine.resume(outer)                       --> bad argument #1 to 'trilune.go' (the coroutine is not suspended, it has resumed another)
try(tri.go, {})                               --> bad argument #2 to 'trilune.go' (function or coroutine expected, got no value)
try(tri.go, { values = tri.chan() }, print)   --> bad argument #2 to 'trilune.go' (coroutine expected, got function)
try(tri.go, { values = 5 }, dead)             --> bad option 'values' (channel expected, got number)
try(tri.go, { valeus = tri.chan() }, print)   --> unknown option 'valeus'
try(tri.go, { tri.chan() }, print)            --> an option's name is a string, not a number
try(tri.go, 5)                                --> bad argument #1 to 'trilune.go' (function or coroutine expected, got number)
print(tri.go({}, print, "a function"):join())
--> a function
--> true
-- A table that can be called is a body, not options.
print(tri.go(setmetatable({}, { __call = function(_, a) return a end }), 7):join())   --> true 7
tri.group(function(group)
  try(group.go, group, dead)                  --> bad argument #2 to '?' (the coroutine is dead)
  try(group.go, group, { x = 1 }, print)      --> unknown option 'x'
end)
try(tri.scheduler)                            --> bad argument #1 to 'trilune.scheduler' (table expected, got no value)
try(tri.scheduler, { 5 })                     --> bad argument #1 to 'scheduler' (1: coroutine expected, got number)
try(tri.scheduler, { coroutine.create(print), print })
--> bad argument #1 to 'scheduler' (2: coroutine expected, got function)
try(tri.scheduler, { coroutine.wrap(print) })
--> bad argument #1 to 'scheduler' (1: coroutine expected, got a function of coroutine.wrap)
try(tri.scheduler, { dead })                  --> bad argument #1 to 'scheduler' (1: the coroutine is dead)
try(tri.scheduler, {}, 5)                     --> bad argument #2 to 'trilune.scheduler' (table expected, got number)
try(tri.scheduler, {}, { timeout = 5 })       --> unknown option 'timeout'
local twice = coroutine.create(function() coroutine.yield() end)
try(tri.scheduler, { twice, twice })          --> the coroutine is a goroutine already
print(coroutine.status(twice))                --> dead

-- select refuses options that it does not know, cases behind a nil, and
-- operations that a case does not have.
local tri = require "trilune"
local sync = require "trilune.sync"
local ch = tri.chan(1)
ch:send(1)
local function try(cases) print((select(2, pcall(tri.select, cases)))) end
try{ { ch }, tiemout = 1 }     --> bad argument #1 to 'select' (unknown option 'tiemout')
try{ { ch }, Default = true }  --> bad argument #1 to 'select' (unknown option 'Default')
try{ tiemout = 1 }             --> bad argument #1 to 'select' (unknown option 'tiemout')
try{ { ch }, [true] = 1 }      --> bad argument #1 to 'select' (a boolean is no option)
try{ { ch }, [1.5] = { ch } }  --> bad argument #1 to 'select' (a number is no option)
try{ { ch }, [0] = { ch } }    --> bad argument #1 to 'select' (a number is no option)
try{ { ch }, [9] = { ch } }    --> bad argument #1 to 'select' (case 9 comes after a nil)
local late = { default = true, timeout = nil }
late[1] = { ch }               -- it may lie in the hash part
late.tiemout = 1
try(late)                      --> bad argument #1 to 'select' (unknown option 'tiemout')
try{ { tri.self() } }
--> bad argument #1 to 'select' (case 1: a goroutine cannot wait for its own end)
local g = tri.go(function() end)
try{ { g, "send", 1 } }        --> bad argument #1 to 'select' (case 1: 'join' expected, got send)
try{ { ch }, { sync.event(), "recv" } }
--> bad argument #1 to 'select' (case 2: 'wait' expected, got recv)
try{ { ch, "join" } }          --> bad argument #1 to 'select' (case 1: 'send' or 'recv' expected, got join)
try{ { sync.mutex() } }
--> bad argument #1 to 'select' (case 1 has a userdata, not a channel, goroutine or event)
print(#ch)                     --> 1

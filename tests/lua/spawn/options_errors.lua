-- What is no option, or has a value that makes no sense, is refused, and nothing runs.
local tri = require "trilune"
local function try(options) print(select(2, pcall(tri.spawn, options, print, "ran"))) end
try { foo = 1 }               --> unknown option 'foo'
try { "time" }                --> an option's name is a string, not a number
try { time = 0 }              --> bad option 'time' (seconds above 0 expected, got number)
try { time = "1" }            --> bad option 'time' (seconds above 0 expected, got '1')
try { cpu = -1 }              --> bad option 'cpu' (seconds above 0 expected, got number)
try { cpu = 0 / 0 }           --> bad option 'cpu' (seconds above 0 expected, got number)
try { memory = 0 }            --> bad option 'memory' (a size such as 67108864 or "64M" expected, got number)
try { memory = "12Q" }        --> bad option 'memory' (a size such as 67108864 or "64M" expected, got '12Q')
try { memory = "12MM" }       --> bad option 'memory' (a size such as 67108864 or "64M" expected, got '12MM')
try { memory = "0" }          --> bad option 'memory' (a size such as 67108864 or "64M" expected, got '0')
try { memory = "0x10M" }      --> bad option 'memory' (a size such as 67108864 or "64M" expected, got '0x10M')
try { memory = "64M\0junk" }  --> bad option 'memory' (a size such as 67108864 or "64M" expected, got '64M')
try { memory = "" }           --> bad option 'memory' (a size such as 67108864 or "64M" expected, got '')
try { memory = true }         --> bad option 'memory' (a size such as 67108864 or "64M" expected, got boolean)
try { message = -5 }          --> bad option 'message' (a size such as 67108864 or "64M" expected, got number)
try { instructions = 0 }      --> bad option 'instructions' (a number above 0 expected, got number)
try { instructions = 1 / 0 }  --> bad option 'instructions' (a number above 0 expected, got number)
try { goroutines = 0.5 }      --> bad option 'goroutines' (a number above 0 expected, got number)
try { name = 12 }             --> bad option 'name' (string expected, got number)
try { preempt = "never" }     --> bad option 'preempt' ('signal', 'strand', 'off' or 'count:N', with N from 1 to 1000000000, expected, got 'never')
try { preempt = "count:0" }   --> bad option 'preempt' ('signal', 'strand', 'off' or 'count:N', with N from 1 to 1000000000, expected, got 'count:0')
try { preempt = "count:1x" }  --> bad option 'preempt' ('signal', 'strand', 'off' or 'count:N', with N from 1 to 1000000000, expected, got 'count:1x')
try { preempt = 1 }           --> bad option 'preempt' ('signal', 'strand', 'off' or 'count:N', with N from 1 to 1000000000, expected, got number)

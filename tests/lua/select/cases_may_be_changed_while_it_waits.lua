-- Changing the table of cases while select waits changes nothing for it.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local a, b = tri.chan(), tri.chan()
local cases = { { a }, { b, "send", "first value" } }
local g = parked(tri.go(tri.select, cases))
cases[1][1], cases[2][3], cases[2][2] = b, "changed", nil
cases[2] = nil
for _ = 1, 3 do collectgarbage() end
print(b:recv())    --> first value true
print(g:join())    --> true 2 nil true
--! both-channels

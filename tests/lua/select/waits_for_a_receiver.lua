-- A waiting select sends to whichever receiver comes first, and to nobody else.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local a, b, full = tri.chan(), tri.chan(), tri.chan(1)
full:send("first")
local function cases() return { { a, "send", "to a" }, { b, "send", "to b" }, { full, "send", "to full" } } end
local g = parked(tri.go(tri.select, cases()))
print(b:recv())           --> to b true
print(g:join())           --> true 2 nil true
print(a:tryrecv())        --> false
local h = parked(tri.go(tri.select, cases()))
print(full:recv())        --> first true
print(h:join())           --> true 3 nil true
print(full:recv())        --> to full true
print(full:tryrecv())     --> false
--! both-channels

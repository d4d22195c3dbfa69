-- select of a thousand cases finds the one that is ready, waiting or not.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local cases = {}
for i = 1, 1000 do cases[i] = { tri.chan(1) } end
cases[777][1]:send("ready")
print(tri.select(cases))                           --> 777 ready true
local g = parked(tri.go(tri.select, cases))
cases[1000][1]:send("last")
print(g:join())                                    --> true 1000 last true
for i = 1, 1000 do assert(#cases[i][1] == 0) cases[i] = { cases[i][1], "send", i } end
for n = 1, 1000 do tri.select(cases) end
local sum = 0
for i = 1, 1000 do sum = sum + cases[i][1]:recv() end
print(sum)                                         --> 500500
--! both-channels

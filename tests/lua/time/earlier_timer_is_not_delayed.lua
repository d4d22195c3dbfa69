-- A short sleep that starts while a long one is waited for ends first.
local tri = require "trilune"
local order = {}
local long = tri.go(function() tri.sleep(0.3) order[#order + 1] = "long" end)
tri.yield()
local short = tri.go(function() tri.sleep(0.001) order[#order + 1] = "short" end)
short:join()
print(long:status())                     --> waiting
long:join()
print(table.concat(order, " "))          --> short long

-- No element, one, and fewer than workers.
local par = require "trilune.parallel"

local function never() error "called" end
print(#par.map(never, {}), select(2, par.map(never, {})))  --> 0 0
print(par.foreach(never, {}))  --> true
print(par.reduce(never, {}))  --> nil
print(par.reduce(never, {}, 5))  --> 5
print(par.reduce(never, {7}))  --> 7
print(par.map(function(v) return -v end, {7})[1])  --> -7
print(table.concat(par.map(function(v) return v * 2 end, {1, 2, 3}, {workers = 8}), " "))
--> 2 4 6
print(par.foreach(function() return 1 end, {1, 2, 3}))  --> true

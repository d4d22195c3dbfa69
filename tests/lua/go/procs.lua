-- tri.procs gives the number of Ps and sets it.
--! options --procs 2
local tri = require "trilune"
print(tri.procs())      --> 2
print(tri.procs(1))     --> 2
print(tri.procs(4))     --> 1
print(tri.procs())      --> 4
local gs = {}
for i = 1, 20 do gs[i] = tri.go(function() tri.sleep(0.001) return i end) end
for i = 20, 1, -1 do tri.procs(i) assert(select(2, gs[i]:join()) == i) end
print(tri.procs())      --> 1

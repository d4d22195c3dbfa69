-- A module that cannot be preloaded is reported once; programs start all the same.
--! stderr ^trilune: cannot preload: ./lib/fails.lua:1: while loading$
local tri = require "trilune"
tri.preload { "lib.fails", spares = 3 }
for i = 1, 100 do assert(tri.spawn(function(i) return i end, i):join()) end
tri.sleep(0.05)
print(select(2, tri.spawn("lib.fails"):join()):match("^[^\n]*"))   --> ./lib/fails.lua:1: while loading

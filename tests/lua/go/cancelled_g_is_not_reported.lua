-- A G that ended because it was cancelled is not reported, joined or not.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local g = parked(tri.go(function() tri.chan():recv() end))
g:cancel()
tri.go(print, "never"):cancel("before it ran")
g = nil
for _ = 1, 3 do tri.yield() collectgarbage() end
print("quiet")   --> quiet

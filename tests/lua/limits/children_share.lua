-- A program does not escape its limits by spawning: what its children use is used by it.
--! stderr-any
local tri = require "trilune"
local function parent(options)
  local tri = require "trilune"
  local function loop() while true do end end
  local a = tri.spawn(options, loop)
  local b = tri.spawn(loop)
  return (select(2, a:join())), (select(2, b:join()))
end
-- The reason is the parent's, though the children have wider limits of their own.
local function try(limits, options) print((select(2, tri.spawn(limits, parent, options):join()))) end
try({ time = 0.1 }, { time = 1000 })                  --> time limit (0.1 s) exceeded
try({ instructions = 1e6 }, { instructions = 1e15 })  --> instruction limit (1000000) exceeded
-- A parent that waits uses no CPU; its children do.
local t = tri.now()
local ok, a, b = tri.spawn({ cpu = 0.05 }, parent, { cpu = 1000 }):join(20)
if ok then print(a, b) else print(a, a) end           --> CPU time limit (0.05 s) exceeded CPU time limit (0.05 s) exceeded
-- A child's own limit ends only the child.
print(tri.spawn({ time = 1000 }, function()
  local ok, e = require("trilune").spawn({ time = 0.05 }, function() while true do end end):join()
  return ok, e
end):join())                                          --> true false time limit (0.05 s) exceeded

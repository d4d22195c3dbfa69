-- Modules are preloaded into isolates without limits, for all: a program with limits may not.
local tri = require "trilune"
package.preload.loaded = function() return { answer = 42 } end
local function preload()
  package.preload.endless = function() while true do end end
  return pcall(require("trilune").preload, { "endless" })
end
print(tri.spawn({ memory = "1M" }, preload):join())      --> true false cannot preload in an isolate with limits
print(tri.spawn({ goroutines = 5 }, preload):join())     --> true false cannot preload in an isolate with limits
-- Nor may a child of one.
print(tri.spawn({ time = 60 }, function(preload)
  return require("trilune").spawn(preload):join()
end, preload):join())                                    --> true true false cannot preload in an isolate with limits
tri.preload { "loaded" }
print(tri.spawn(function() return require("loaded").answer end):join())   --> true 42

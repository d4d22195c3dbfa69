-- require gives the module and its loader data, runs a loader once, and keeps what it returned.
--! same-as-lua
local runs = 0
package.preload["a.b"] = function(...)
  runs = runs + 1
  print("loader", ...)
  return { name = "a.b" }
end
local m, data = require "a.b"
print(m.name, data)
print(require "a.b" == m, runs, package.loaded["a.b"] == m)
package.preload.empty = function() end
print(require "empty", require "empty")
package.preload.broken = function() error("broken loader") end
print(pcall(require, "broken"))
package.preload.cyclic = function() return pcall(require, "cyclic") end
print(pcall(require, "cyclic"))

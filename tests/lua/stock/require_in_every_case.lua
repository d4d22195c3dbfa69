-- Our require is an equal of the stock function.
--! same-as-lua
local function show(...)
  local n = select("#", ...)
  local shown = {}
  for i = 1, n do
    local v = select(i, ...)
    shown[i] = type(v) == "table" and "table" or tostring(v)
  end
  print(n, table.concat(shown, " | "))
end
show(require "string")
show(require("string") == string)
package.preload.pre = function(...) show("loading", ...) return {1} end
show(require "pre")
show(require "pre")
package.preload.nothing = function() end
show(require "nothing")
show(require "nothing")
package.preload.no = function() return false end
show(require "no")
show(require "no")
package.preload.own = function(name) package.loaded[name] = "set" end
show(require "own")
package.preload.both = function(name) package.loaded[name] = "set" return "got" end
show(require "both", package.loaded.both)
package.preload.bad = function() error("bad module") end
show(pcall(require, "bad"))
package.preload.object = function() error({}) end
show(pcall(require, "object"))
package.preload.again = function() return require "again" end
show(pcall(require, "again"))
show(pcall(require))
show(pcall(require, {}))
package.preload["7"] = function(name) return math.type(name) or type(name) end
show(pcall(require, 7))
show(select(2, pcall(require, "no such.module")))
table.insert(package.searchers, function(name) return 42 end)
table.insert(package.searchers, function(name) return nil end)
table.insert(package.searchers, function(name) return "\n\tnot here either" end)
table.insert(package.searchers, function(name) return {} end)
show(select(2, pcall(require, "missing")))
table.insert(package.searchers, 1, function(name)
  return function(...) show("loader", ...) return nil end, {}
end)
show(require "by searcher")
package.searchers = {}
show(pcall(require, "none"))
package.searchers = {1}
show(pcall(require, "called"))
package.searchers = nil
show(pcall(require, "searchers"))
show(require "pre")
print(debug.getinfo(require).what, select("#", debug.getupvalue(require, 1)))

-- Waits inside C callbacks survive a full collection at every turn of the others, in both collector modes.
package.path = "../lib/?.lua;" .. package.path
local waits = require "waits"
for _, mode in ipairs { "generational", "incremental" } do
  collectgarbage(mode)
  local stop = require "crowd" (12, 1)
  for _, name in ipairs { "recv", "send", "select", "join", "yield", "cond", "group" } do
    local wait = waits[name]
    local t = { "c", "a", "d", "b" }
    table.sort(t, function(a, b)
      return (a:gsub(".", function(x) return wait({ x .. "!" })[1] end)) < wait(b .. "!")
    end)
    assert(table.concat(t) == "abcd", name)
  end
  stop()
  print(mode, "ok")
end
--> generational ok
--> incremental ok

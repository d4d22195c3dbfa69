-- Every wait works inside a __close that coroutine.close or a failing coroutine.wrap runs.
package.path = "../lib/?.lua;" .. package.path
local everywhere = require "everywhere"
print(everywhere(function(wait)
  local log = {}
  local function tbc(name)
    return setmetatable({}, { __close = function(_, e) log[#log + 1] = wait(name) .. ":" .. tostring(e) end })
  end
  local co = coroutine.create(function()
    local a <close> = tbc("a")
    local b <close> = tbc("b")
    coroutine.yield()
  end)
  coroutine.resume(co)
  local closed = coroutine.close(co)
  local ok, e = pcall(coroutine.wrap(function()
    local c <close> = tbc("c")
    error("E", 0)
  end))
  return closed, coroutine.status(co), ok, e, table.concat(log, " ")
end))
--> true dead false E b:nil a:nil c:E

-- A cancelled G runs its to-be-closed variables, last first, with the reason; those of its coroutines too.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local function tbc(name)
  return setmetatable({}, { __close = function(_, e) print("close", name, e:match("over$")) end })
end
local g = parked(tri.go(function()
  local a <close> = tbc("a")
  local b <close> = tbc("b")
  coroutine.wrap(function()
    local c <close> = tbc("c")
    tri.chan():recv()
  end)()
end))
g:cancel("over")
g:join()
--> close c over
--> close b over
--> close a over

-- A cancelled G's __close handlers run; one that a pcall runs gets about a slice of time to
-- compute, then no more.
--! options --slice 50ms
local tri = require "trilune"
local log = {}
local g = tri.go(function()
  local a <close> = setmetatable({}, { __close = function() log[#log + 1] = "a" end })
  local b <close> = setmetatable({}, { __close = function()
    for _ = 1, 1000 do end
    log[#log + 1] = "b"
  end })
  while true do end
end)
tri.sleep(0.01)
g:cancel("enough")
print(g:join())                                --> false enough
print(table.concat(log, " "))                  --> b a
local h = tri.go(function()
  pcall(function()
    local c <close> = setmetatable({}, { __close = function() while true do pcall(next) end end })
    while true do end
  end)
  while true do end
end)
tri.sleep(0.01)
h:cancel("enough")
print(h:join(30))                              --> false enough

-- A G that waits inside a sort comparator, a gsub callback and a generator is cancelled there.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local ch = tri.chan()
local closed = {}
local function body()
  local t <close> = setmetatable({}, { __close = function(_, e) closed[#closed + 1] = e end })
  table.sort({ 3, 2, 1 }, function()
    local u <close> = setmetatable({}, { __close = function(_, e) closed[#closed + 1] = e end })
    string.gsub("x", "x", coroutine.wrap(function() ch:recv() end))
  end)
end
local g = parked(tri.go(body))
g:cancel("stop")
local ok, e = g:join()
print(ok, e)                              --> false stop
print(#closed, closed[1], closed[2])      --> 2 stop stop

-- trilune.atomic passes results and errors on, with the traceback of where they were raised.
local tri = require "trilune"
print(tri.atomic(function(...) return select("#", ...), ... end, 1, nil, 3))   --> 3 1 nil 3
print(select("#", tri.atomic(function() end)))                      --> 0
print(pcall(tri.atomic, function() error("oops", 0) end))           --> false oops
local object = {}
print(select(2, pcall(tri.atomic, function() error(object) end)) == object)   --> true
local function culprit() error "deep" end
local _, trace = xpcall(function() tri.atomic(function() culprit() end) end, debug.traceback)
print(trace:find("in upvalue 'culprit'", 1, true) ~= nil, trace:find("trilune.atomic", 1, true) ~= nil)   --> true true
-- Nested: it ends with the outermost.
print(tri.atomic(function()
  tri.atomic(function() end)
  local ok, e = pcall(tri.atomic, error, "inner")
  assert(not ok and e == "inner")
  return select(2, pcall(tri.sleep, 0))
end))                                          --> cannot wait inside trilune.atomic
tri.sleep(0.001)
print "waits again"                            --> waits again
print(pcall(tri.atomic, 1))                    --> false bad argument #1 to 'trilune.atomic' (function expected, got number)

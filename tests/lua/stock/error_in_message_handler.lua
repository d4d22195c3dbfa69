-- An error in a message handler is handled by the handler itself until the C stack limit; stock's result.
--! same-as-lua
print(xpcall(error, function(m) error("again", 0) end, "first"))
print(xpcall(error, function(m) return m .. " handled" end, "first"))
print(xpcall(error, function(m) local x = nil; return x.y end, "first"))
local n = 0
print(xpcall(error, function(m) n = n + 1; if n < 5 then error(n, 0) end; return "gave up at " .. n end, "first"))
print(xpcall(function() return "no error" end, print))
print(xpcall(error, print))
print(select("#", xpcall(error, function() end, "x")))

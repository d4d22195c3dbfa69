-- A call that raises after it has waited leaves the file to others.
local tri = require "trilune"
local f = io.popen("echo one; sleep 0.05; echo two; echo three; echo four")
local waiting
local first = tri.go(function() return f:read("l", "l", "bad") end)
local second = tri.go(function() return f:read("l", {}) end)
local third = tri.go(function() return f:read() end)
print(table.unpack({first:join()}, 1, 2)) --> false error_in_the_middle_frees_the_file.lua:5: bad argument #3 to 'read' (invalid format)
print(table.unpack({second:join()}, 1, 2)) --> false error_in_the_middle_frees_the_file.lua:6: bad argument #2 to 'read' (string expected, got table)
print(third:join()) --> true four
print(f:read()) --> nil
print(f:close()) --> true exit 0
local p = io.popen("cat >/dev/null", "w")
local big = ("x"):rep(1 << 20)
print(pcall(p.write, p, big, {})) --> false bad argument #3 to '?' (string expected, got table)
print(p:write(big) == p, p:close()) --> true true exit 0

-- C modules make handles that our methods take, and take the handles that we make.
--! env LUA_CPATH=../?.so
local streams = require "iostreams"
local r, w = streams.pipe()
print(io.type(r), tostring(r):match("^file %(0x") ~= nil) --> file true
print(w:write("one\n", 2, " rest\n", ("x"):rep(30000), "\n") == w, w:flush()) --> true true
print((r:read("l", "n", "L"))) --> one
print(#r:read(), w:close()) --> 30000 true closed by the module
print(r:read("a") == "", r:read(1), r:read(0)) --> true nil nil
print(r:seek("set")) --> nil Illegal seek 29
print(r:setvbuf("no"), r:flush()) --> true true
print(io.input(r) == r, io.read("l"), io.type(io.input())) --> true nil file
for line in r:lines() do print(line) end
print(io.close(r)) --> true closed by the module
print(pcall(io.read)) --> false default input file is closed
print(pcall(r.read, r)) --> false attempt to use a closed file
print(pcall(io.stdin:lines())) --> true
do
  local a <close>, b = streams.pipe()
  b = nil
  collectgarbage()
  print(a:read("a") == "") --> true
end
r, w = streams.pipe()
local kept = io.open("handles_of_c_modules.lua")
print(streams.isopen(kept), streams.isopen(io.stdout)) --> true true
print(streams.steal(kept), io.type(kept)) --> true closed file
print(pcall(kept.close, kept)) --> false attempt to use a closed file
kept = nil
collectgarbage()
local p = io.popen("exit 3")
print(streams.isopen(p), p:close()) --> true nil exit 3

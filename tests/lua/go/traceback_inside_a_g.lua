-- debug.traceback inside a G shows its own frames, from its body on.
local tri = require "trilune"
local function inner()
  local trace = debug.traceback("here")
  return trace
end
local function body()
  local trace = inner()
  return trace
end
local _, trace = tri.go(body):join()
local lines = {}
for line in trace:gmatch("[^\n]+") do lines[#lines + 1] = line end
print(lines[1])                              --> here
print(lines[2])                              --> stack traceback:
print(lines[3]:match("g.lua:4: in upvalue 'inner'"))     --> g.lua:4: in upvalue 'inner'
print(lines[4]:match("g.lua:8: in function <"))          --> g.lua:8: in function <
print(#lines <= 5, trace:find("main chunk"))             --> true nil

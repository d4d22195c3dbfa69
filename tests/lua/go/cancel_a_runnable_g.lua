-- A G that was cancelled while it could run goes on until its next wait.
local tri = require "trilune"
local log = {}
local function body(name)
  log[#log + 1] = name .. " started"
  local ok, e = pcall(tri.yield)
  log[#log + 1] = name .. (ok and " went on" or " stopped: " .. e)
  tri.chan():recv()
end
local g, h = tri.go(body, "g"), tri.go(body, "h")
tri.yield()
print(g:status(), h:status())    --> runnable runnable
g:cancel("first") h:cancel("second")
print(g:join())                  --> false first
print(h:join())                  --> false second
print(log[1], log[2], #log)      --> g started h started 4

-- debug.traceback and getinfo of a waiting G's thread show where it waits.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local thread
local function waits()
  thread = coroutine.running()
  tri.chan():recv()
  return 1
end
local g = parked(tri.go(waits))
local trace = debug.traceback(thread)
print(trace:match("lua:8: in"))                    --> lua:8: in
local lines = {}
for level = 0, 5 do
  local info = debug.getinfo(thread, level, "l")
  if info then lines[#lines + 1] = info.currentline end
end
print(table.concat(lines, " "):match("8"))         --> 8
g:cancel()
g:join()

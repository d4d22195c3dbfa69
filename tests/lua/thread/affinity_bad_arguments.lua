-- setaffinity refuses bad lists, CPUs that are not there, and Gs that are not locked.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local thread = require "thread"
local before, cpus = thread.cpus(), thread.cpu_list()
print(pcall(tri.setaffinity, cpus))
--> false the goroutine is not locked to its thread: call trilune.lockthread first
print(pcall(tri.setaffinity))            --> false bad argument #1 to 'trilune.setaffinity' (table expected, got no value)
tri.lockthread()
print(pcall(tri.setaffinity, 1))         --> false bad argument #1 to 'trilune.setaffinity' (table expected, got number)
print(pcall(tri.setaffinity, {}))        --> false bad argument #1 to 'trilune.setaffinity' (no CPU given)
for _, bad in ipairs { { -1 }, { 1024 }, { 0.5 }, { "x" }, { {} }, { true }, { math.huge }, { 0, math.mininteger } } do
  local ok, e = pcall(tri.setaffinity, bad)
  if ok or not e:find("CPUs are numbers from 0 to 1023", 1, true) then print(ok, e) end
end
local failing = setmetatable({}, { __len = function() return 2 end, __index = function() error("no CPU") end })
print(pcall(tri.setaffinity, failing))   --> false affinity_bad_arguments.lua:16: no CPU
print(tri.setaffinity { 1023 })          --> nil Invalid argument 22
print(thread.cpus() == before)           --> true
tri.unlockthread()

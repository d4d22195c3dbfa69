-- The results of a failed program: false, the error, the traceback of the other side.
local tri = require "trilune"
local function thrower() error("boom") end
local function program()
  thrower()
  return 1
end
local ok, e, trace = tri.spawn(program):join()
print(ok, e)                                                          --> false error_with_traceback.lua:3: boom
print(trace:match("^stack traceback:\n") ~= nil)                      --> true
print(trace:find("error_with_traceback.lua:3: in", 1, true) ~= nil)   --> true
print(trace:find("error_with_traceback.lua:5: in", 1, true) ~= nil)   --> true

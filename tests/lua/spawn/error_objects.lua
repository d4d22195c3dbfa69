-- An error object is copied; one that cannot be sent comes as its words.
local tri = require "trilune"
local function try(f)
  local ok, e, trace = tri.spawn(f):join()
  return ok, e, type(trace)
end
local ok, e = try(function() error({ code = 5 }) end)
print(ok, type(e), e.code)                                    --> false table 5
print(try(function() error(nil) end))                         --> false nil string
print(try(function() error(12) end))                          --> false 12 string
print(try(function() error() end))                            --> false nil string
print(try(function() error("x", 0) end))                      --> false x string
print(try(function() error(coroutine.create(print)) end))     --> false (error object is a thread value) string
print(try(function() error(setmetatable({ coroutine.create(print) },
  { __tostring = function() return "in words" end })) end))   --> false in words string
print(try(function() error(setmetatable({ coroutine.create(print) },
  { __tostring = function() error("no words") end })) end))   --> false (error object is not a string) string

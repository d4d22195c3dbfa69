-- Gs of a spawned isolate that all wait are its error, with their dump; the others go on.
local tri = require "trilune"
local ok, e = tri.spawn(function()
  local tri = require "trilune"
  tri.go(function() tri.chan():send(1) end)
  tri.chan():recv()
end):join()
print(ok, e:match("^[^\n]*"))                                      --> false fatal: all goroutines are asleep - deadlock!
print(e:find("[chan recv", 1, true) ~= nil, e:find("[chan send", 1, true) ~= nil)   --> true true
print(tri.spawn(function() return "goes on" end):join())           --> true goes on

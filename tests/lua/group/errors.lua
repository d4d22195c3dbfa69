-- group:errors() gives a new list of the errors so far: the object, the goroutine, where it was raised.
local tri = require "trilune"
local ok, err = pcall(tri.group, function(group)
  print(#group:errors())   --> 0
  local g = group:go(error, "member", 0)
  pcall(g.join, g)
  local errors = group:errors()
  print(#errors, errors[1].error, errors[1].goroutine == g)   --> 1 member true
  print(errors[1].traceback)
  --> stack traceback:
  --> [C]: in function 'error'
  errors[1] = nil
  print(#group:errors())   --> 1
  error("ends with the first error: member", 0)
end)
print(ok, err)   --> false member
local group
print(tri.group(function(g) group = g return "fine" end), #group:errors())   --> fine 0
print(pcall(group.errors))
--> false bad argument #1 to '?' (group expected, got no value)
print(pcall(group.errors, {}))
--> false bad argument #1 to '?' (group expected, got table)

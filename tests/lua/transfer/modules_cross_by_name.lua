-- Modules, and the functions and userdata in them, are looked up on the other
-- side; here they are the same.
local copy = require "trilune.transfer".copy
for _, value in ipairs {print, string, string.rep, math.random, io, io.stdout,
  io.write, require, coroutine.wrap, package, os.exit,
  require "trilune", require "trilune".go, require "trilune.sync".mutex} do
  assert(copy(value) == value and copy {x = value}.x == value)
end
-- A module loaded later, by require or by hand.
package.preload.late = function() return {f = function() end, t = {1}} end
local late = require "late"
print(copy(late) == late, copy(late.f) == late.f)    --> true true
print(copy(late.t) == late.t, copy(late.t)[1])       --> false 1
local gmatch = string.gmatch("", "")
package.loaded.hand = {iterate = gmatch}
print(copy(gmatch) == gmatch)                        --> true
-- One that is gone.
package.loaded.late, package.preload.late = nil, nil
print(copy(late) ~= late, copy(late).t[1])           --> true 1
package.loaded.hand = nil
print(pcall(copy, gmatch))                           --> false cannot send a C function with upvalues (at value)
-- Addresses are used again: nothing is taken for a module that is none.
for round = 1, 200 do
  package.preload.m = function() return {round} end
  local m = require "m"
  assert(copy(m) == m)
  package.loaded.m, m = nil, nil
  collectgarbage()
  for i = 1, 20 do
    local t = {i}
    assert(copy(t) ~= t and copy(t)[1] == i)
  end
end

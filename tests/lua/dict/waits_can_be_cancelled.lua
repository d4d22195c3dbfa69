-- A cancelled wait raises; it takes nothing with it, and the next one gets what comes.
package.path = "../lib/?.lua;" .. package.path
local tri, d = require "trilune", require "trilune.dict".open("d")
local parked = require "parked"
local a = parked(tri.go(function() return d:blpop("l") end))
local b = parked(tri.go(function() return d:blpop("l") end))
local c = parked(tri.go(function() return d:wait("k") end))
print(a:cancel("enough"), c:cancel())     --> true true
print(a:join())                           --> false enough
print(c:join())                           --> false cancelled
d:rpush("l", 1)
print(b:join())                           --> true 1
local g = tri.go(function()
  local ok, why = pcall(d.wait, d, "k")
  return ok, why, pcall(d.wait, d, "k")
end)
parked(g):cancel("again")
print(g:join())                           --> true false again false again
d:set("k", 2)
print(d:wait("k", 0) == 2)                --> true
local _, why = pcall(tri.atomic, function() d:wait("none") end)
print(why:match("cannot.*"))              --> cannot wait inside trilune.atomic

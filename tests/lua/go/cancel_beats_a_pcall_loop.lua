-- A loop that catches every error cannot swallow a cancellation: each wait raises it anew.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local caught = 0
local g = parked(tri.go(function()
  while caught < 1000 do
    local ok, e = pcall(tri.sleep, 1000)
    assert(not ok and e == "enough")
    caught = caught + 1
  end
  return "left the loop by itself"
end))
g:cancel("enough")
print(g:join())    --> true left the loop by itself
print(caught)      --> 1000

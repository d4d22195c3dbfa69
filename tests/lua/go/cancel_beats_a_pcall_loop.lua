-- A loop that catches every error cannot swallow a cancellation: each wait raises it anew.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local caught = 0
local g = parked(tri.go(function()
  while caught < 50 do
    local ok, e = pcall(tri.sleep, 1000)
    assert(not ok and e == "enough")
    caught = caught + 1
  end
  return "left the loop by itself"
end))
g:cancel("enough")
print(g:join())    --> true left the loop by itself
print(caught)      --> 50
-- But one that goes on and on is ended, wherever it is.
caught = 0
g = parked(tri.go(function()
  while true do
    pcall(tri.sleep, 1000)
    caught = caught + 1
  end
end))
g:cancel("enough")
print(g:join())    --> false enough
print(caught < 100)      --> true

-- A cancelled G that catches the error and returns has ended normally: join gives its results.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local g = parked(tri.go(function()
  local ok, reason = pcall(tri.sleep, 1000)
  return "cleaned up after", reason
end))
g:cancel("shutdown")
print(g:join())          --> true cleaned up after shutdown

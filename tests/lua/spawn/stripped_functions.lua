-- A function without debug information keeps its upvalues, and its _ENV.
local tri = require "trilune"
local source = [[
  local n = 10
  local function add(k) n = n + k return n, type(print) end
  return add
]]
local add = load(string.dump(load(source), true), "=stripped", "b")()
print(tri.spawn(add, 5):join())    --> true 15 function
print(add(1))                      --> 11 function
local ok, e = tri.spawn(load(string.dump(load("local x = nil; x.y = 1"), true), "=stripped", "b")):join()
print(ok, (e:gsub("local '.-'", "?"):gsub("%(.*%)", "")))    --> false ?:-1: attempt to index a nil value

-- __call may itself be a callable object, as everywhere in Lua.
local tri = require "trilune"
local inner = setmetatable({}, { __call = function(_, _, v) return v end })
local outer = setmetatable({}, { __call = inner })
print(pcall(outer, "stock"))            --> true stock
print(tri.go(outer, "in a G"):join())   --> true in a G

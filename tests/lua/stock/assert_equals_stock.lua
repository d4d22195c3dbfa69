-- assert is an equal of the stock function.
--! same-as-lua
print(assert(1, 2, nil))
print(pcall(assert))
print(pcall(assert, false))
print(pcall(assert, nil, "message"))
print(pcall(assert, false, 12))
print(pcall(assert, false, nil))
print(select("#", pcall(assert, false, nil, 3)))
local t = setmetatable({}, { __tostring = function() return "an object" end })
print(select(2, pcall(assert, false, t)) == t)
print(pcall(function() assert(false, "in a function") end))
print(pcall(function() assert(nil) end))
assert(false, "the end")

-- Endless recursion through metamethods, tostring and pcall raises what stock raises.
--! same-as-lua
local function message(f, ...) return select(2, pcall(f, ...)) end
local t = setmetatable({}, { __tostring = function(t) return tostring(t) end })
print(message(tostring, t):match("C stack overflow"))                       --> C stack overflow
local u = setmetatable({}, {})
getmetatable(u).__index = function(t, k) return t[k] end
print(message(function() return u.x end):match("C stack overflow"))         --> C stack overflow
local v = setmetatable({}, {})
getmetatable(v).__index = v
print((message(function() return v.x end):gsub("^.*: ", "")))
--> '__index' chain too long; possible loop
local function p() return pcall(p) end
local r = table.pack(pcall(p))
print(r[1], r[r.n - 1], r[r.n]:match("stack overflow"))                     --> true false stack overflow
local w = setmetatable({}, { __len = function(w) return #w end })
print(message(function() return #w end):match("stack overflow"))            --> stack overflow

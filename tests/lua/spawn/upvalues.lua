-- A function carries its upvalues: copies, of which those that functions share stay shared.
local tri = require "trilune"
local n, shared = 1, {}
local function inc() n = n + 1 shared.n = n return n end
local function get() return n, shared.n end
print(tri.spawn(function(inc, get) inc() inc() return get() end, inc, get):join())   --> true 3 3
print(n, shared.n)                                                                   --> 1 nil
-- Results bring them back, as copies again.
local ok, inc2, get2 = tri.spawn(function() inc() return inc, get end):join()
print(ok, inc2(), get2())   --> true 3 3 3
print(get())                --> 1 nil

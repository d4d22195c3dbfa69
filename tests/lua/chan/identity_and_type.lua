-- A channel is a userdata with identity, usable as a table key; its metatable is out of reach.
local tri = require "trilune"
local a, b = tri.chan(), tri.chan()
print(type(a), a == a, a == b, rawequal(a, a))        --> userdata true false true
local t = { [a] = "a", [b] = "b" }
print(t[a], t[b])                                     --> a b
print(tostring(a) ~= tostring(b))                     --> true
--! both-channels

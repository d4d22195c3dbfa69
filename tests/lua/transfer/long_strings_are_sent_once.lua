-- A thousand references to a string of a megabyte cost one megabyte.
local transfer = require "trilune.transfer"
local s, t = ("x"):rep(1 << 20), {}
for i = 1, 1000 do t[i] = s end
print(transfer.size(t) < (1 << 20) + 20000)          --> true
local c = transfer.copy(t)
print(#c, c[1] == s, c[1000] == s)                   --> 1000 true true

-- Arguments and results are copied, nils and subtypes included; join gives true first.
local tri = require "trilune"
print(tri.spawn(function(...) return select("#", ...), ... end, nil, 1, 1.0, "a b", nil):join())
--> true 5 nil 1 1.0 a b nil
print(tri.spawn(function() end):join())               --> true
local t = { 1, 2 }
local ok, u = tri.spawn(function(v) v[1] = "theirs" return v end, t):join()
print(ok, t[1], u[1], rawequal(t, u))                 --> true 1 theirs false
print(select("#", tri.spawn(function() return table.unpack({}, 1, 200) end):join()))   --> 201

-- Each write of a value has a new version, by which casv knows whether it is still there; 0 means none.
local d = require "trilune.dict".open("d")
print(d:casv("k", 0, "first"))            --> true
local v, version = d:getv("k")
print(v, math.type(version), version > 0) --> first integer true
print(d:casv("k", 0, "second"))           --> false changed
print(d:casv("k", version, "second"))     --> true
print(d:casv("k", version, "third"))      --> false changed
local _, second = d:getv("k")
print(second > version)                   --> true
d:delete("k")
print(d:casv("k", second, "fourth"))      --> false not found
d:set("k", "second")
print(d:casv("k", second, "fifth"))       --> false changed
print(d:getv("none"))                     --> nil

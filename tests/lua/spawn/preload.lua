-- tri.preload: programs find the modules loaded, with the package.path of then.
local tri = require "trilune"
tri.preload { "lib.helper", "lib.requires_others", spares = 2 }
local function loaded() return package.loaded["lib.helper"] ~= nil, package.loaded["lib.requires_others"] ~= nil end
-- The pool fills meanwhile; a spawn never waits for it, so the first ones may find nothing.
local a, b
repeat
  tri.yield()
  _, a, b = tri.spawn(loaded):join()
until a
print(a, b)                                          --> true true
print(tri.spawn("lib.requires_others", 21):join())   --> true lib.helper 42 true
-- Another one replaces it.
tri.preload {}
repeat _, a = tri.spawn(loaded):join() until not a
print(a)                                             --> false

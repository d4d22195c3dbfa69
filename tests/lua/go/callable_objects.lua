-- The body may be any value with __call; it gets itself as the first argument.
local tri = require "trilune"
local object = setmetatable({ factor = 6 }, { __call = function(self, n) return self.factor * n end })
print(tri.go(object, 7):join())          --> true 42
print(tri.go(print, "a C function"):join())
--> a C function
--> true
print(tri.go(coroutine.wrap(function(a) return a end), "a generator"):join()) --> true a generator
print(tri.go(tri.self().join, tri.go(tostring, 5)):join())               --> true true 5

-- group:go after the group has ended raises, and runs nothing.
local tri = require "trilune"
local kept
tri.group(function(group) kept = group end)
print((pcall(kept.go, kept, print, "never")))      --> false
local failed
pcall(tri.group, function(group) failed = group error("E") end)
print((pcall(failed.go, failed, print, "never")))  --> false
tri.yield()

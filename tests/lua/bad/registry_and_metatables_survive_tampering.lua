-- A script that clears what it can reach of the library's tables gets errors, not a crash.
local tri = require "trilune"
local ch = tri.chan(1)
package.loaded.trilune, package.loaded["trilune.sync"] = nil, nil
local again = require "trilune"
print(type(again.go), again.chan(1):trysend(1))   --> function true
ch:send("old channel")
print(ch:recv())                                  --> old channel true
tri.go, tri.chan = nil, nil
local g = again.go(function() return ch:recv() end)
ch:send("still works")
print(g:join())                                   --> true still works true

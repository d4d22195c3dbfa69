-- A coroutine in which another G waits is "normal": it can be neither resumed nor closed.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local ch = tri.chan()
local co = coroutine.create(function() return "got", ch:recv() end)
local g = parked(tri.go(coroutine.resume, co))
print(coroutine.status(co))                     --> normal
print(coroutine.resume(co, "intruder"))         --> false cannot resume non-suspended coroutine
print(pcall(coroutine.close, co))               --> false cannot close a normal coroutine
ch:send("value")
print(g:join())                                 --> true true got value true
print(coroutine.status(co))                     --> dead

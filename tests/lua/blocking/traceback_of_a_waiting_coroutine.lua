-- debug.traceback of a coroutine shows where another G waits in it.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local ch = tri.chan()
local co = coroutine.create(function()
  table.sort({ 2, 1 }, function(a, b)
    local less = ch:recv()
    return less
  end)
end)
local g = parked(tri.go(coroutine.resume, co))
local trace = debug.traceback(co, "where?")
print(trace:match("^where%?\nstack traceback:"))   --> where?
--> stack traceback:
print(trace:match("traceback_of_a_waiting_coroutine.lua:8:"))   --> traceback_of_a_waiting_coroutine.lua:8:
print(trace:match("'table.sort'"), trace:match("lua:7:"))       --> 'table.sort' lua:7:
ch:send(true)
print(g:join())   --> true true

-- cancel gives false the second time, and for a G that has ended; the first reason stays.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local g = parked(tri.go(function() tri.chan():recv() end))
print(g:cancel("first"), g:cancel("second"))   --> true false
print(g:join())                                --> false first
print(g:cancel("third"))                       --> false
local ended = tri.go(print, "ends")            --> ends
ended:join()
print(ended:cancel())                          --> false

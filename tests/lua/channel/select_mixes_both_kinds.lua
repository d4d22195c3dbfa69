-- select takes channels of the isolate and shared ones together, whichever is ready.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local own, shared = tri.chan(), tri.channel()
local function start()
  return parked(tri.go(tri.select, { { own }, { shared }, { own, "send", "o" }, { shared, "send", "s" } }))
end
local g = start() own:send(1)       print(g:join())   --> true 1 1 true
g = start() shared:send(2)          print(g:join())   --> true 2 2 true
g = start() print(own:recv())                         --> o true
print(g:join())                                       --> true 3 nil true
g = start() print(shared:recv())                      --> s true
print(g:join())                                       --> true 4 nil true
g = start() own:close() print(g:join())               --> true 1 nil false
print(shared:trysend(0), own:tryrecv())               --> false true nil false

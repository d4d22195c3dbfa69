-- A closed channel gives its buffered values first, then nil and false at once, again and again.
local tri = require "trilune"
local ch = tri.chan(3)
ch:send(1) ch:send(nil) ch:send(3)
print(select("#", ch:close()))       --> 0
print(#ch)                           --> 3
print(ch:recv())                     --> 1 true
print(ch:recv())                     --> nil true
print(ch:tryrecv())                  --> true 3 true
print(ch:recv())                     --> nil false
print(ch:recv(5))                    --> nil false
print(ch:recv(0))                    --> nil false
print(ch:tryrecv())                  --> true nil false
print(tri.select { { ch } })         --> 1 nil false
--! both-channels

-- select runs the one case that is ready and gives its index, with value and ok as recv gives them.
local tri = require "trilune"
local a, b, c = tri.chan(1), tri.chan(1), tri.chan(1)
b:send("from b")
print(tri.select { { a }, { b } })                        --> 2 from b true
print(tri.select { { a }, { c, "send", "to c" } })        --> 2 nil true
print(c:recv())                                           --> to c true
c:send(nil)
print(tri.select { { a }, { b }, { c } })                 --> 3 nil true
c:close()
print(tri.select { { a }, { c } })                        --> 2 nil false
print(select("#", tri.select { { c } }))                  --> 3
--! both-channels

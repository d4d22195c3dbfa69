-- Cases whose channel is nil or false are never ready, but keep their index.
local tri = require "trilune"
local ch = tri.chan(1)
ch:send("third")
print(tri.select { { nil }, { false }, { ch } })                               --> 3 third true
print(tri.select { { nil, "send", 1 }, { false, "send", 2 }, default = true }) --> default
print(tri.select { {}, timeout = 0.002 })                                      --> timeout
local switched = { { ch }, { ch, "send", "v" } }
switched[2][1] = nil
print(tri.select { switched[1], switched[2], default = true })                 --> default

-- A timeout of 0 takes what is ready.
local tri = require "trilune"
local ch = tri.chan(1)
ch:send("ready")
print(tri.select { { ch }, timeout = 0 })                 --> 1 ready true
print(tri.select { { ch, "send", "x" }, timeout = 0 })    --> 1 nil true
print(tri.select { { ch, "send", "y" }, timeout = 0 })    --> timeout
--! both-channels

--! both-channels
-- to:send(from:recv()) passes recv's second result on as a timeout: the error
-- says what to do. So do the other times.
local tri = require "trilune"
local sync = require "trilune.sync"
local from, to = tri.chan(2), tri.chan(2)
from:send("a")
from:send("b")
print(pcall(function() to:send(from:recv()) end))
--> false send_of_what_recv_gives.lua:9: bad argument #2 to 'send' (number expected, got boolean; put a call that gives several values in parentheses, as in to:send((from:recv())))
print(to:send((from:recv())), to:recv())   --> true b true
print(select(2, pcall(tri.sleep, true)):match("%(number expected, got boolean;"))
--> (number expected, got boolean;
print(select(2, pcall(to.recv, to, "x")):match("%(number expected, got string%)"))
--> (number expected, got string)
print(pcall(sync.event().wait, sync.event(), false) == false)   --> true

-- Closing a channel a second time raises "close of closed channel".
local tri = require "trilune"
local ch = tri.chan()
ch:close()
local ok, e = pcall(ch.close, ch)
print(ok, e:match("close of closed channel"))   --> false close of closed channel
--! both-channels

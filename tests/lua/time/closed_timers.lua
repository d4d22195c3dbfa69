-- Channels of after and tick may be closed like others; their timers do no harm then.
local tri = require "trilune"
local after, tick = tri.after(0.002), tri.tick(0.002)
after:close() tick:close()
tri.sleep(0.01)
print(after:recv())        --> nil false
print(tick:recv())         --> nil false
after:stop() tick:stop()
print(pcall(tick.close, tick) == false)   --> true

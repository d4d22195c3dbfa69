-- stop forgets an after: nothing comes any more; stopping again, or too late, does no harm.
local tri = require "trilune"
local ch = tri.after(0.005)
ch:stop()
print(ch:recv(0.03))       --> nil nil timeout
ch:stop()
local fired = tri.after(0)
fired:recv()
fired:stop()
print(fired:tryrecv())     --> false

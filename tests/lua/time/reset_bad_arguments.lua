-- reset and stop are for timers; times are checked as those of after and tick.
local tri = require "trilune"
local function fails(f, ...) print((select(2, pcall(f, ...)):gsub("^.-:%d+: ", ""))) end
local after, tick = tri.after(60), tri.tick(60)
fails(after.reset, after)        --> bad argument #2 to '?' (number expected, got no value)
fails(after.reset, after, -1)    --> bad argument #2 to '?' (time is negative)
fails(after.reset, after, 0/0)   --> bad argument #2 to '?' (time is not a number)
fails(tick.reset, tick, 0)       --> bad argument #2 to '?' (the period must be above 0)
fails(after.reset, tri.chan(1), 1)  --> bad argument #1 to '?' (timer expected, got channel)
fails(after.stop, {})            --> bad argument #1 to '?' (timer expected, got table)
print(after:stop(), tick:stop()) --> true true
after:close()
fails(after.reset, after, 1)     --> reset of closed timer

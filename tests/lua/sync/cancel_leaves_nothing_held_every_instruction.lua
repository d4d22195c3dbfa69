-- `local held <close> = m:lock()` and its like leave nothing held by a G that is cancelled while it computes, stopped at every instruction.
--! options --preempt count:1
package.path = "../lib/?.lua;" .. package.path
require "held_by_the_cancelled"(200)
--> lock 0
--> lock by assert 0
--> lock by a tail call 0
--> lock by pcall 0
--> lock by or 0
--> lock by select 0
--> lock before another 0
--> wlock 0
--> rlock 0
--> acquire 0
--> acquire two 0
--> add 0

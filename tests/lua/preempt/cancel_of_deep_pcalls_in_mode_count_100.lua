-- A cancelled G that loops and recurses through pcall, far deeper than Lua's limit of C calls, ends without climbing back, in mode count.
--! options --preempt count:100
package.path = "../lib/?.lua;" .. package.path
require "deep_pcalls"()
--> goroutine false stop true true
--> xpcall false stop true true
--> coroutine false stop true true
--> wrap false stop true true
--> coroutine of a goroutine false stop true true
--> beside a wait false stop true true
--> close handler false stop true true

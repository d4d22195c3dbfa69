-- A cancelled G that loops and recurses through pcall, and waits at each level, ends without climbing back, also in mode off.
--! options --preempt off
package.path = "../lib/?.lua;" .. package.path
require "deep_pcalls"("beside a wait")
--> beside a wait false stop true true

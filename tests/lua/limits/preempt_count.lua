-- Limits hold whatever the option preempt says.
--! stderr-any
--! timeout 200
local hostile = require "lib.hostile"
hostile.try(hostile.programs, { time = 0.05, preempt = "count:500" }, "time limit (0.05 s) exceeded")   --> true with time limit (0.05 s) exceeded

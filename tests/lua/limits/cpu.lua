-- The CPU time limit ends whatever computes.
--! stderr-any
--! timeout 200
local hostile = require "lib.hostile"
hostile.try(hostile.programs, { cpu = 0.05 }, "CPU time limit (0.05 s) exceeded")   --> true with CPU time limit (0.05 s) exceeded

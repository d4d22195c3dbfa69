-- The instruction limit ends whatever computes.
--! stderr-any
--! timeout 200
local hostile = require "lib.hostile"
hostile.try(hostile.programs, { instructions = 1e6 }, "instruction limit (1000000) exceeded")   --> true with instruction limit (1000000) exceeded

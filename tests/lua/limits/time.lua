-- The time limit ends whatever a program does.
--! stderr-any
--! timeout 200
local hostile = require "lib.hostile"
hostile.try(hostile.programs, { time = 0.1 }, "time limit (0.1 s) exceeded")   --> true with time limit (0.1 s) exceeded
hostile.try(hostile.waiting, { time = 0.1 }, "time limit (0.1 s) exceeded")    --> true with time limit (0.1 s) exceeded

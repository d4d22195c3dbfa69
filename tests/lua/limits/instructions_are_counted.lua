-- The count is exact to some thousands: a limit just above the need is enough, one below is not.
local tri = require "trilune"
local function program() for i = 1, 1e6 do end return "end" end
print((select(2, tri.spawn({ instructions = 1.2e6 }, program):join())))    --> end
print((select(2, tri.spawn({ instructions = 0.9e6 }, program):join())))    --> instruction limit (900000) exceeded

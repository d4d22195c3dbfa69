-- Programs with limits below programs with limits, and so on, have an end: each
-- look at a limit goes through all of them.
local tri = require "trilune"
local function deeper(f, n)
  local tri = require "trilune"
  local ok, a, b = pcall(tri.spawn, { time = 1000 }, f, f, n + 1)
  if not ok then return n, a end
  return select(2, a:join())
end
print(tri.spawn({ time = 1000 }, deeper, deeper, 1):join())
--> true 64 too many programs with limits below each other (64)
-- Without limits of their own there is no end to that.
local function plain(f, n)
  if n == 100 then return n end
  return select(2, require("trilune").spawn(f, f, n + 1):join())
end
print(tri.spawn({ time = 1000 }, plain, plain, 1):join())  --> true 100

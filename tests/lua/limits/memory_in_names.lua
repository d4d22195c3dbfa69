-- Names count in the limit: those of dictionaries, and of modules and what is in them, which a message looks for.
local tri = require "trilune"
local function run(f) print(tri.spawn({ memory = "4M" }, f):join(60)) end

run(function()                     --> true true
  local dict = require "trilune.dict"
  local made, s = 0, ("n"):rep(1 << 20)
  for i = 1, 20 do
    if pcall(dict.open, s .. i, { size = 16384 }) then made = made + 1 end
  end
  return made < 4
end)
run(function()                     --> true false not enough memory true
  local s, f, tri = ("k"):rep(1 << 20), function() end, require "trilune"
  for i = 1, 20 do package.loaded["m" .. i] = { [s] = f } end
  local ok, e = pcall(function() tri.channel(1):trysend(function() end) end)
  -- It is not used up by the attempt.
  for i = 1, 20 do package.loaded["m" .. i] = nil end
  return ok, e, (tri.channel(1):trysend(f))
end)

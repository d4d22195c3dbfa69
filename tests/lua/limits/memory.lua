-- Beyond the memory limit Lua raises "not enough memory"; the program may catch that and go on.
local tri = require "trilune"
local function fill() local t = {} for i = 1, 1e9 do t[i] = { i } end end
print((select(2, tri.spawn({ memory = "1M" }, fill):join())))             --> not enough memory
print(tri.spawn({ memory = "1M" }, function()
  for i = 1, 20 do
    local ok, e = pcall(fill)
    assert(not ok and e == "not enough memory", e)
  end
  local t = {}
  for i = 1, 1000 do t[i] = ("x"):rep(i % 10) end
  return #t
end):join())                                                               --> true 1000
print(tri.spawn({ memory = "1M" }, function() return pcall(string.rep, "x", 1e9) end):join())   --> true false not enough memory
print(tri.spawn({ memory = "1M" }, function()
  return pcall(function() local s = "x" while true do s = s .. s end end)
end):join())                                                               --> true false not enough memory
print(tri.spawn({ memory = "1M" }, function()
  local co = coroutine.wrap(function() fill() end)
  return pcall(co)
end):join())                                                               --> true false not enough memory

-- Loaded chunks, readers, iterators and loops that make closures, preempted.
--! options --slice 50us
package.path = "../lib/?.lua;" .. package.path
local preempted = require "preempted"
local function range(n)
  return function(limit, i)
    for _ = 1, 3 do end
    if i < limit then return i + 1, i * i end
  end, n, 0
end
print(preempted(function()
  local sum = 0
  for i = 1, 30 do
    local f = assert(load("local x = ... for i = 1, 100 do x = x + i end return x + " .. i))
    sum = sum + f(i)
  end
  local i = 0
  local reader = load(function()
    i = i + 1
    for _ = 1, 20 do end
    if i <= 200 then return "x" .. i .. " = " .. i .. " " end
  end, "chunk", "t", {})
  assert(reader)()
  local squares = 0
  for _, square in range(1000) do squares = squares + square end
  local closures = {}
  for k = 1, 500 do closures[k] = function() k = k + 1 return k end end
  local total = 0
  for k, f in ipairs(closures) do
    f()
    total = total + f()
    assert(closures[k] == f)
  end
  local keys = 0
  local t = {}
  for k = 1, 300 do t["k" .. k] = k end
  for _, v in pairs(t) do keys = keys + v end
  return sum, i, squares, total, keys
end))                                          --> 152430 201 332833500 126250 45150

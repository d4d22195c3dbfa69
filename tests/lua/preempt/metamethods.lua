-- Metamethods of every kind are preempted, and their results are right.
--! options --slice 50us
package.path = "../lib/?.lua;" .. package.path
local preempted = require "preempted"
local function spin(x)
  local n = 0
  for i = 1, 20 do n = n + i end
  return x, n
end
local meta = {}
local function make(v) return setmetatable({ v = v }, meta) end
local function value(x) return type(x) == "table" and rawget(x, "v") or x end
function meta.__add(a, b) return make((spin(value(a) + value(b)))) end
function meta.__mul(a, b) return make((spin(value(a) * value(b) % 1000003))) end
function meta.__unm(a) return make(-spin(value(a))) end
function meta.__lt(a, b) return spin(value(a)) < value(b) end
function meta.__le(a, b) return spin(value(a)) <= value(b) end
function meta.__eq(a, b) return spin(value(a)) == value(b) end
function meta.__concat(a, b) return spin(value(a)) .. "," .. value(b) end
function meta.__len(a) return (spin(value(a))) end
function meta.__index(a, key) return (spin(key .. "!")) end
function meta.__newindex(a, key, v) rawset(a, spin(key) .. "'", v) end
function meta.__call(a, x) return (spin(value(a) + x)) end
function meta.__tostring(a) return "<" .. spin(value(a)) .. ">" end
print(preempted(function()
  local sum = make(0)
  for i = 1, 300 do
    local x = make(i)
    sum = sum + x * 3
    assert(#x == i and x < make(i + 1) and x <= make(i) and x == make(i))
    assert(not (x == sum and x < sum) and x(1) == i + 1)
    assert(x .. i == i .. "," .. i and x.key == "key!" and value(-x) == -i)
    x.new = i
    assert(rawget(x, "new'") == i and tostring(x) == "<" .. i .. ">")
  end
  return sum.v
end))                                          --> 135450

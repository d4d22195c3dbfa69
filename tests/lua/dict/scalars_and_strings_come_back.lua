-- Booleans, numbers and strings come back as they were: subtype, sign of zero, NaN, embedded zeros, any length.
local d = require "trilune.dict".open("d")
local values = { true, false, 0, -0.0, 1, 1.0, math.maxinteger, math.mininteger, 2^63, 1 / 0, 0 / 0, "", "a\0b" }
for _, n in ipairs { 511, 512, 513, 4096, 1000000 } do values[#values + 1] = ("x\0"):rep(n // 2) .. n end
local function same(a, b)
  if a ~= a then return b ~= b end
  return rawequal(a, b) and math.type(a) == math.type(b) and (a ~= 0 or 1 / a == 1 / b)
end
local wrong = 0
for i, v in ipairs(values) do d:set("k" .. i, v) end
for _, v in ipairs(values) do
  for i, w in ipairs(values) do          -- one over the other, in place or not
    d:set("k", v) d:set("k", w)
    if not same(d:get("k"), w) then wrong = wrong + 1 end
  end
end
for i, v in ipairs(values) do if not same(d:get("k" .. i), v) then wrong = wrong + 1 end end
print(wrong, d:stats().entries == #values + 1)   --> 0 true

-- Values pass through a channel unchanged: subtype, sign of zero, NaN, every byte of a string.
local tri = require "trilune"
local values = {
  true, false, 0, -0.0, 1, 1.0, math.maxinteger, math.mininteger, 2^63, 1 / 0, 0 / 0, "", "text\0zero",
  ("x"):rep(1000000), ("\0"):rep(1000), "\255\254", math.pi, -1 / 0, 255, 256, -128, -129,
}
local function same(a, b)
  if a ~= a then return b ~= b end
  return rawequal(a, b) and math.type(a) == math.type(b) and (a ~= 0 or 1 / a == 1 / b)
end
for _, capacity in ipairs { 0, 1, 64 } do
  local ch = tri.channel(capacity)
  tri.go(function() for _, v in ipairs(values) do ch:send(v) end end)
  for i, v in ipairs(values) do
    local got, ok = ch:recv()
    if not (ok == true and same(v, got)) then print(capacity, i, v, got, ok) end
  end
  print(capacity, #values)
end
--> 0 22
--> 1 22
--> 64 22
